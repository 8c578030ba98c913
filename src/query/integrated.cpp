#include "query/integrated.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "sonde/space/design.hpp"

namespace sonde::query {
namespace {

// What makes outputs comparable: the variance between places, or between observations where the
// surrogate sees no place as different.
double unit_of(const Response& response) {
  const double spread = response.spread();
  if (std::isfinite(spread) && spread > 0.0) return spread * spread;
  const Vector y = response.observed();
  const double variance =
      (y.array() - y.mean()).square().sum() / static_cast<double>(std::max<Index>(1, y.size()));
  return variance > 0.0 ? variance : 1.0;
}

}  // namespace

std::vector<double> units_of(const Surrogate& surrogate) {
  std::vector<double> units;
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    units.push_back(unit_of(surrogate[j]));
  }
  return units;
}

Vector importance(const Surrogate& surrogate, Index output, PointsView reference) {
  // What cannot be run need not be known.
  constexpr double least = 1e-6;
  Vector weights = Vector::Ones(reference.rows());
  if (const auto& success = surrogate.success())
    weights.array() *= success->probability(reference).cwiseMax(least).array();
  if (surrogate.importance()) weights.array() *= surrogate.importance()->on_rows(reference).array();
  if (const auto& arrival = surrogate.arrival(output))
    weights.array() *= arrival->probability(reference).cwiseMax(least).array();
  return weights;
}

Acquisition integrated(const Surrogate& surrogate, Index reference_points,
                       const ReferenceWeights& counted, Rng rng) {
  const Points reference = design::reference(surrogate.domain(), reference_points, rng);
  const std::vector<double> units = units_of(surrogate);
  auto reductions = std::make_shared<std::vector<VarianceReduction>>();
  for (std::size_t j = 0; j < units.size(); ++j) {
    const Response& response = surrogate[static_cast<Index>(j)];
    Vector weights = counted(response, reference)
                         .cwiseProduct(importance(surrogate, static_cast<Index>(j), reference));
    weights /= weights.sum();
    reductions->emplace_back(response, reference, weights);
  }
  const auto local = [reductions, units](VectorView x, VectorOut gradient) {
    double worth = 0.0;
    Vector slope(gradient.size());
    if (gradient.size() > 0) gradient.setZero();
    for (std::size_t j = 0; j < units.size(); ++j) {
      worth += (*reductions)[j](x, slope) / units[j];
      if (gradient.size() > 0) gradient += slope / units[j];
    }
    return worth;
  };
  const auto rows = [reductions, units](PointsView x) {
    Vector worth = Vector::Zero(x.rows());
    for (std::size_t j = 0; j < units.size(); ++j) {
      worth += (*reductions)[j].on_rows(x) / units[j];
    }
    return worth;
  };
  return Acquisition(local).with_rows(rows);
}

}  // namespace sonde::query
