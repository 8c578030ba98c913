#include "query/weighing.hpp"

#include <cmath>
#include <functional>
#include <utility>

#include "query/success.hpp"

namespace sonde::query {
namespace {

// A worth and its slopes by what it was and by the other field.
struct Joined {
  double value;
  double by_worth;
  double by_other;
};
using Joining = Joined (*)(double worth, double other);

Joined times(double worth, double other) {
  return {worth * other, other, worth};
}

// A worth below zero is the worse the more it costs.
Joined over_cost(double worth, double log_cost) {
  const double value = worth >= 0.0 ? worth * std::exp(-log_cost) : worth * std::exp(log_cost);
  const double by_worth = worth >= 0.0 ? std::exp(-log_cost) : std::exp(log_cost);
  return {value, by_worth, worth >= 0.0 ? -value : value};
}

Joined less_logarithm(double worth, double log_cost) {
  return {worth - log_cost, 1.0, -1.0};
}

// Where one of them has no slope the other may still be flat in it: a step.
Acquisition joined(Acquisition worth, ScalarField other, Joining join) {
  const auto rows = [worth, other, join](PointsView x) {
    Vector values = worth.on_rows(x);
    const Vector others = other.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) values[i] = join(values[i], others[i]).value;
    return values;
  };
  if (!worth.has_gradient())
    return Acquisition(
               [worth, other, join](VectorView x) { return join(worth(x), other(x)).value; })
        .with_rows(rows);
  return Acquisition([worth, other, join](VectorView x, VectorOut gradient) {
           const bool sloped = gradient.size() > 0 && other.has_gradient();
           Vector slope = Vector::Zero(gradient.size());
           const double value = worth(x, gradient);
           const double its = sloped ? other(x, slope) : other(x);
           const Joined all = join(value, its);
           if (gradient.size() > 0) gradient = all.by_worth * gradient + all.by_other * slope;
           return all.value;
         })
      .with_rows(rows);
}

}  // namespace

Acquisition wanted(const Criterion& criterion, const Surrogate& surrogate, Rng rng) {
  if (criterion.turn) return wanted(criterion.turn(surrogate), surrogate, rng);
  Acquisition worth = criterion.prepare(surrogate, rng);
  if (!criterion.knows_failures)
    worth = where_runs_succeed(std::move(worth), surrogate, criterion.logarithmic);
  if (!surrogate.log_cost()) return worth;
  return joined(std::move(worth), *surrogate.log_cost(),
                criterion.logarithmic ? less_logarithm : over_cost);
}

Acquisition where_it_counts(Acquisition worth, const Surrogate& surrogate) {
  if (!surrogate.importance()) return worth;
  return joined(std::move(worth), *surrogate.importance(), times);
}

}  // namespace sonde::query
