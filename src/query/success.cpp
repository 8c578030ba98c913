#include "query/success.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

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

// A worth and its slopes by what it was and by p.
struct Told {
  double value;
  double by_worth;
  double by_p;
};
using Telling = Told (*)(double worth, Weight weight);

// A worth below zero grows worse where runs fail.
Told times(double worth, Weight w) {
  if (worth >= 0.0) return {worth * w.value, w.value, worth * w.slope};
  return {worth / w.value, 1.0 / w.value, -worth * w.slope / (w.value * w.value)};
}

Told plus_logarithm(double worth, Weight w) {
  return {worth + std::log(w.value), 1.0, w.slope / w.value};
}

Acquisition weighted(Acquisition worth, const std::optional<Classifier>& known,
                     Telling told = times) {
  if (!known) return worth;
  const Classifier classifier = *known;
  const auto rows = [worth, classifier, told](PointsView x) {
    Vector values = worth.on_rows(x);
    const Vector p = classifier.probability(x);
    for (Index i = 0; i < x.rows(); ++i) values[i] = told(values[i], weight_of(p[i])).value;
    return values;
  };
  if (!worth.has_gradient()) {
    return Acquisition([worth, classifier, told](VectorView x) {
             Vector none;
             return told(worth(x), weight_of(classifier.probability_at(x, none))).value;
           })
        .with_rows(rows);
  }
  return Acquisition([worth, classifier, told](VectorView x, VectorOut gradient) {
           Vector slope(gradient.size());
           const double value = worth(x, gradient);
           const Told its = told(value, weight_of(classifier.probability_at(x, slope)));
           if (gradient.size() > 0) gradient = its.by_worth * gradient + its.by_p * slope;
           return its.value;
         })
      .with_rows(rows);
}

Acquisition sum(std::vector<Acquisition> parts) {
  const auto rows = [parts](PointsView x) {
    Vector total = Vector::Zero(x.rows());
    for (const Acquisition& part : parts) total += part.on_rows(x);
    return total;
  };
  const bool sloped = std::all_of(parts.begin(), parts.end(),
                                  [](const Acquisition& part) { return part.has_gradient(); });
  if (!sloped)
    return Acquisition([rows](VectorView x) { return rows(x.transpose())[0]; }).with_rows(rows);
  return Acquisition([parts](VectorView x, VectorOut gradient) {
           Vector slope(gradient.size());
           double total = 0.0;
           if (gradient.size() > 0) gradient.setZero();
           for (const Acquisition& part : parts) {
             total += part(x, slope);
             if (gradient.size() > 0) gradient += slope;
           }
           return total;
         })
      .with_rows(rows);
}

}  // namespace

Acquisition where_runs_succeed(Acquisition worth, const Surrogate& surrogate, bool logarithmic) {
  return weighted(std::move(worth), surrogate.success(), logarithmic ? plus_logarithm : times);
}

Acquisition where_outputs_arrive(const Surrogate& surrogate,
                                 const std::function<Acquisition(const Surrogate&)>& make) {
  const auto m = static_cast<Index>(surrogate.outputs().size());
  bool all = true;
  for (Index j = 0; j < m; ++j) all = all && !surrogate.arrival(j);
  if (all) return make(surrogate);
  std::vector<Acquisition> parts;
  for (Index j = 0; j < m; ++j)
    parts.push_back(weighted(make(surrogate.only({j})), surrogate.arrival(j)));
  return sum(std::move(parts));
}

}  // namespace sonde::query
