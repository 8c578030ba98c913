#include "sonde/query/criteria.hpp"

#include <cmath>
#include <memory>
#include <utility>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"

namespace sonde::criteria {
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

std::vector<double> units_of(const Surrogate& surrogate) {
  std::vector<double> units;
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    units.push_back(unit_of(surrogate[j]));
  }
  return units;
}

Acquisition total_variance(const Surrogate& surrogate) {
  const std::vector<double> units = units_of(surrogate);
  const auto local = [surrogate, units](VectorView x, VectorOut gradient) {
    double worth = 0.0;
    if (gradient.size() > 0) gradient.setZero();
    for (std::size_t j = 0; j < units.size(); ++j) {
      const LocalMarginal marginal = surrogate[static_cast<Index>(j)].predict_at(x);
      worth += marginal.variance / units[j];
      if (gradient.size() > 0) gradient += marginal.variance_gradient / units[j];
    }
    return worth;
  };
  const auto rows = [surrogate, units](PointsView x) {
    Vector worth = Vector::Zero(x.rows());
    for (std::size_t j = 0; j < units.size(); ++j) {
      worth += surrogate[static_cast<Index>(j)].predict(x).variance / units[j];
    }
    return worth;
  };
  return Acquisition(local).with_rows(rows);
}

Acquisition total_reduction(const Surrogate& surrogate, Index reference_points, Rng rng) {
  const Points reference = design::reference(surrogate.domain(), reference_points, rng);
  const Vector weights =
      Vector::Constant(reference.rows(), 1.0 / static_cast<double>(reference.rows()));
  const std::vector<double> units = units_of(surrogate);
  auto reductions = std::make_shared<std::vector<VarianceReduction>>();
  for (std::size_t j = 0; j < units.size(); ++j) {
    reductions->emplace_back(surrogate[static_cast<Index>(j)], reference, weights);
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

}  // namespace

Criterion variance() {
  return {"variance",
          [](const Surrogate& surrogate, Rng) -> Acquisition { return total_variance(surrogate); }};
}

Criterion integrated_variance(Index reference_points) {
  require(reference_points > 0,
          "criteria: integrated variance needs at least one reference point, got ",
          reference_points);
  return {"integrated variance",
          [reference_points](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return total_reduction(surrogate, reference_points, rng.child("reference"));
          }};
}

Criterion automatic() {
  return integrated_variance();
}

Criterion named(std::string_view name) {
  if (name == "variance") return variance();
  if (name == "integrated variance") return integrated_variance();
  if (name == "auto") return automatic();
  std::string known;
  for (const std::string& one : names()) known += concat(known.empty() ? "'" : ", '", one, "'");
  throw ArgumentError(concat("criteria: expected one of ", known, "; got '", name, "'"));
}

std::vector<std::string> names() {
  return {"variance", "integrated variance", "auto"};
}

}  // namespace sonde::criteria
