#include "sonde/query/criteria.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "query/success.hpp"
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

Acquisition total_disagreement(const Surrogate& surrogate) {
  const std::vector<double> units = units_of(surrogate);
  const auto local = [surrogate, units](VectorView x, VectorOut gradient) {
    double worth = 0.0;
    Vector slope(gradient.size());
    if (gradient.size() > 0) gradient.setZero();
    for (std::size_t j = 0; j < units.size(); ++j) {
      worth += surrogate[static_cast<Index>(j)].disagreement(x, slope) / units[j];
      if (gradient.size() > 0) gradient += slope / units[j];
    }
    return worth;
  };
  const auto rows = [surrogate, units](PointsView x) {
    Vector worth = Vector::Zero(x.rows());
    for (std::size_t j = 0; j < units.size(); ++j)
      worth += surrogate[static_cast<Index>(j)].disagreement(x) / units[j];
    return worth;
  };
  return Acquisition(local).with_rows(rows);
}

enum class Weights { Even, Calibrated };

/// How far the variances at points (r, d) are to be believed: squared misses of leaving out over
/// their variances, smoothed along the length scales (those beyond a range count as it), drawn to
/// their mean where none is near.
Vector calibration(const Domain& domain, const Response& response, PointsView at) {
  constexpr double cut = 16.0;
  constexpr double pull = 0.5;  // of the mean, in observations
  const LeaveOneOut left = response.leave_one_out();
  const Vector miss = (response.observed() - left.mean)
                          .cwiseAbs2()
                          .cwiseQuotient(left.variance.cwiseMax(1e-300))
                          .cwiseMin(cut);
  const Vector scale = (-response.log_lengths().cwiseMin(0.0)).array().exp();
  const Points near = domain.rows_to_unit(at) * scale.asDiagonal();
  const Points seen = domain.rows_to_unit(response.x()) * scale.asDiagonal();
  Vector factor(at.rows());
  for (Index r = 0; r < at.rows(); ++r) {
    const Vector kernel =
        (-0.5 * (seen.rowwise() - near.row(r)).rowwise().squaredNorm()).array().exp();
    factor[r] = (kernel.dot(miss) + pull * miss.mean()) / (kernel.sum() + pull);
  }
  return factor;
}

Acquisition total_reduction(const Surrogate& surrogate, Index reference_points, Weights kind,
                            Rng rng) {
  const Points reference = design::reference(surrogate.domain(), reference_points, rng);
  const std::vector<double> units = units_of(surrogate);
  // What cannot be run need not be known.
  std::optional<Vector> success;
  if (surrogate.success()) success = surrogate.success()->probability(reference).cwiseMax(1e-6);
  auto reductions = std::make_shared<std::vector<VarianceReduction>>();
  for (std::size_t j = 0; j < units.size(); ++j) {
    const Response& response = surrogate[static_cast<Index>(j)];
    Vector weights = Vector::Ones(reference.rows());
    if (kind == Weights::Calibrated)
      weights = calibration(surrogate.domain(), response, reference).array() + 1e-6;
    if (success) weights.array() *= success->array();
    if (const auto& arrival = surrogate.arrival(static_cast<Index>(j)))
      weights.array() *= arrival->probability(reference).cwiseMax(1e-6).array();
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

}  // namespace

Criterion variance() {
  return {"variance", [](const Surrogate& surrogate, Rng) -> Acquisition {
            return query::where_outputs_arrive(surrogate, total_variance);
          }};
}

namespace {

void check_reference(Index points) {
  require(points > 0, "criteria: integrated variance needs at least one reference point, got ",
          points);
}

/// How many queries stand behind what the surrogate believes, those supposed among them.
Index asked_of(const Surrogate& surrogate) {
  const Response& response = surrogate[0];
  return surrogate.size() + response.members().front().process.size() -
         static_cast<Index>(response.point_rows().size());
}

bool disagrees(const Surrogate& surrogate) {
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    const std::vector<Member>& members = surrogate[j].members();
    if (members.size() > 1) return true;
    for (const Member& member : members) {
      if (!member.alternatives.empty()) return true;
    }
  }
  return false;
}

// More than about what all of them have seen: there they differ by noise and rounding alone.
bool disagrees_beyond_noise(const Surrogate& surrogate) {
  constexpr Index points = 128;
  const Points reference = design::reference(surrogate.domain(), points, Rng(0));
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    const Response& response = surrogate[j];
    if (response.disagreement(reference).mean() > response.disagreement(response.x()).maxCoeff())
      return true;
  }
  return false;
}

bool committee_is_due(const Surrogate& surrogate) {
  const Index every = surrogate.domain().dim() <= 4 ? 3 : 6;
  return asked_of(surrogate) % every == 0 && disagrees(surrogate) &&
         disagrees_beyond_noise(surrogate);
}

}  // namespace

Criterion integrated_variance(Index reference_points) {
  check_reference(reference_points);
  return {"integrated variance",
          [reference_points](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return query::where_outputs_arrive(surrogate, [&](const Surrogate& its) {
              return total_reduction(its, reference_points, Weights::Even, rng.child("reference"));
            });
          }};
}

Criterion calibrated_integrated_variance(Index reference_points) {
  check_reference(reference_points);
  return {"calibrated integrated variance",
          [reference_points](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return query::where_outputs_arrive(surrogate, [&](const Surrogate& its) {
              return total_reduction(its, reference_points, Weights::Calibrated,
                                     rng.child("reference"));
            });
          }};
}

Criterion committee() {
  return {"committee",
          [](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return disagrees(surrogate) ? query::where_outputs_arrive(surrogate, total_disagreement)
                                        : integrated_variance().prepare(surrogate, rng);
          },
          [](const Surrogate& surrogate) {
            return std::string(disagrees(surrogate) ? "committee" : "integrated variance");
          }};
}

Criterion automatic() {
  return {"auto",
          [](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return committee_is_due(surrogate)
                       ? query::where_outputs_arrive(surrogate, total_disagreement)
                       : calibrated_integrated_variance().prepare(surrogate, rng);
          },
          [](const Surrogate& surrogate) {
            return std::string(committee_is_due(surrogate) ? "committee"
                                                           : "calibrated integrated variance");
          }};
}

Criterion named(std::string_view name) {
  if (name == "auto") return automatic();
  for (const Criterion& one :
       {variance(), integrated_variance(), calibrated_integrated_variance(), committee()}) {
    if (name == one.name) return one;
  }
  std::string known;
  for (const std::string& one : names()) known += concat(known.empty() ? "'" : ", '", one, "'");
  throw ArgumentError(concat("criteria: expected one of ", known, "; got '", name, "'"));
}

std::vector<std::string> names() {
  return {"variance", "integrated variance", "calibrated integrated variance", "committee", "auto"};
}

}  // namespace sonde::criteria
