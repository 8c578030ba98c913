#include "query/success.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sonde::query {
namespace {

constexpr double least = 1e-9;  // so that what is nowhere likely still has an order

struct Weight {
  double value;
  double slope;  // d value / dp
};

Weight weight_of(double p) {
  if (p >= 0.5) return {p, 1.0};
  const double power = std::pow(2.0 * p, 6.0);
  const double value = p * power;
  return value < least ? Weight{least, 0.0} : Weight{value, 7.0 * power};
}

// A worth below zero grows worse where runs fail.
double weighted(double worth, double weight) {
  return worth >= 0.0 ? worth * weight : worth / weight;
}

}  // namespace

Acquisition where_runs_succeed(Acquisition worth, const Surrogate& surrogate) {
  if (!surrogate.success()) return worth;
  const Classifier classifier = *surrogate.success();
  const auto rows = [worth, classifier](PointsView x) {
    Vector values = worth.on_rows(x);
    const Vector p = classifier.probability(x);
    for (Index i = 0; i < x.rows(); ++i) values[i] = weighted(values[i], weight_of(p[i]).value);
    return values;
  };
  if (!worth.has_gradient()) {
    return Acquisition([worth, classifier](VectorView x) {
             Vector none;
             return weighted(worth(x), weight_of(classifier.probability_at(x, none)).value);
           })
        .with_rows(rows);
  }
  return Acquisition([worth, classifier](VectorView x, VectorOut gradient) {
           Vector rise(gradient.size()), slope(gradient.size());
           const double value = worth(x, rise);
           const Weight w = weight_of(classifier.probability_at(x, slope));
           if (gradient.size() > 0) {
             if (value >= 0.0)
               gradient = w.value * rise + value * w.slope * slope;
             else
               gradient = rise / w.value - value * w.slope / (w.value * w.value) * slope;
           }
           return weighted(value, w.value);
         })
      .with_rows(rows);
}

}  // namespace sonde::query
