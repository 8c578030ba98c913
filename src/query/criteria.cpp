#include "sonde/query/criteria.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "query/asked.hpp"
#include "query/integrated.hpp"
#include "query/success.hpp"
#include "query/weighing.hpp"
#include "sonde/base/error.hpp"
#include "sonde/query/exploration.hpp"
#include "sonde/space/design.hpp"

namespace sonde {

bool query::doubts_itself(const Surrogate& surrogate) {
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    const std::vector<Member>& members = surrogate[j].members();
    if (members.size() > 1 || !members.front().alternatives.empty()) return true;
  }
  return false;
}

namespace criteria {
namespace {

using query::doubts_itself;

Acquisition total_variance(const Surrogate& surrogate) {
  const std::vector<double> units = query::units_of(surrogate);
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

Acquisition disagreement_of_all(const Surrogate& surrogate) {
  const std::vector<double> units = query::units_of(surrogate);
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

Acquisition total_disagreement(const Surrogate& surrogate) {
  return query::where_it_counts(query::where_outputs_arrive(surrogate, disagreement_of_all),
                                surrogate);
}

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

Vector even(const Response&, PointsView reference) {
  return Vector::Ones(reference.rows());
}

query::ReferenceWeights calibrated(const Domain& domain) {
  return [domain](const Response& response, PointsView reference) {
    return Vector(calibration(domain, response, reference).array() + 1e-6);
  };
}

}  // namespace

Criterion variance() {
  return {"variance", [](const Surrogate& surrogate, Rng) -> Acquisition {
            return query::where_it_counts(query::where_outputs_arrive(surrogate, total_variance),
                                          surrogate);
          }};
}

namespace {

void check_reference(Index points) {
  require(points > 0, "criteria: integrated variance needs at least one reference point, got ",
          points);
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
  return query::asked_of(surrogate) % every == 0 && doubts_itself(surrogate) &&
         disagrees_beyond_noise(surrogate);
}

}  // namespace

Criterion integrated_variance(Index reference_points) {
  check_reference(reference_points);
  return {"integrated variance",
          [reference_points](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return query::where_outputs_arrive(surrogate, [&](const Surrogate& its) {
              return query::integrated(its, reference_points, even, rng.child("reference"));
            });
          }};
}

Criterion calibrated_integrated_variance(Index reference_points) {
  check_reference(reference_points);
  return {"calibrated integrated variance",
          [reference_points](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return query::where_outputs_arrive(surrogate, [&](const Surrogate& its) {
              return query::integrated(its, reference_points, calibrated(its.domain()),
                                       rng.child("reference"));
            });
          }};
}

Criterion committee() {
  return {"committee",
          [](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return doubts_itself(surrogate) ? total_disagreement(surrogate)
                                            : integrated_variance().prepare(surrogate, rng);
          },
          [](const Surrogate& surrogate) {
            return std::string(doubts_itself(surrogate) ? "committee" : "integrated variance");
          }};
}

Criterion automatic() {
  return {"auto",
          [](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return committee_is_due(surrogate)
                       ? total_disagreement(surrogate)
                       : calibrated_integrated_variance().prepare(surrogate, rng);
          },
          [](const Surrogate& surrogate) {
            return std::string(committee_is_due(surrogate) ? "committee"
                                                           : "calibrated integrated variance");
          }};
}

Criterion named(std::string_view name) {
  if (name == "auto") return automatic();
  for (const Criterion& one : {variance(), integrated_variance(), calibrated_integrated_variance(),
                               committee(), expected_error_reduction(), mutual_information(),
                               model_change(), global_fit(), core_set()}) {
    if (name == one.name) return one;
  }
  std::string known;
  for (const std::string& one : names()) known += concat(known.empty() ? "'" : ", '", one, "'");
  throw ArgumentError(concat("criteria: expected one of ", known, "; got '", name, "'"));
}

std::vector<std::string> names() {
  return {"variance",
          "integrated variance",
          "calibrated integrated variance",
          "committee",
          "expected error reduction",
          "mutual information",
          "model change",
          "global fit",
          "core set",
          "auto"};
}

}  // namespace criteria
}  // namespace sonde
