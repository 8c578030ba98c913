#include "query/pointwise.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sonde::query {
namespace {

// So that what is known to the last bit has a slope.
constexpr double least_deviation = 1e-150;

double deviation_of(double variance) {
  return std::max(std::sqrt(std::max(0.0, variance)), least_deviation);
}

}  // namespace

Acquisition pointwise(const Response& response, std::function<Value(double, double)> value) {
  const auto at = [response, value](VectorView x, VectorOut gradient) {
    const LocalMarginal marginal = response.predict_at(x);
    const double sd = deviation_of(marginal.variance);
    const Value its = value(marginal.mean, sd);
    if (gradient.size() > 0)
      gradient = its.by_mean * marginal.mean_gradient +
                 its.by_deviation / (2.0 * sd) * marginal.variance_gradient;
    return its.worth;
  };
  const auto rows = [response, value](PointsView x) {
    const Marginals marginals = response.predict(x);
    Vector worth(x.rows());
    for (Index i = 0; i < x.rows(); ++i)
      worth[i] = value(marginals.mean[i], deviation_of(marginals.variance[i])).worth;
    return worth;
  };
  return Acquisition(at).with_rows(rows);
}

}  // namespace sonde::query
