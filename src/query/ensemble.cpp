#include "sonde/query/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "query/asked.hpp"
#include "query/success.hpp"
#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"

namespace sonde {

Index query::asked_of(const Surrogate& surrogate) {
  const Response& response = surrogate[0];
  return surrogate.size() + response.members().front().process.size() -
         static_cast<Index>(response.point_rows().size());
}

namespace criteria {
namespace {

struct Ranked {
  double rank;
  double slope;
};

/// From worths to the share of reference points that are worth less: straight between them.
class Ranks {
 public:
  explicit Ranks(Vector worths) {
    for (const double worth : worths)
      if (std::isfinite(worth)) sorted_.push_back(worth);
    std::sort(sorted_.begin(), sorted_.end());
    sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
  }

  Ranked of(double worth) const {
    if (sorted_.size() < 2 || !std::isfinite(worth)) return {std::isfinite(worth) ? 0.5 : worth, 0};
    const auto last = sorted_.size() - 1;
    const auto above = static_cast<std::size_t>(
        std::upper_bound(sorted_.begin(), sorted_.end(), worth) - sorted_.begin());
    const std::size_t i = std::clamp<std::size_t>(above, 1, last);
    double width = sorted_[i] - sorted_[i - 1];
    // What is beyond them all goes on by the mean slope, be the last two ever so near.
    const bool outside = above == 0 || above > last;
    if (outside) width = (sorted_[last] - sorted_[0]) / static_cast<double>(last);
    const double from = above > last ? sorted_[last] : above == 0 ? sorted_[0] : sorted_[i - 1];
    const double base = static_cast<double>(above > last ? last : above == 0 ? 0 : i - 1);
    const double all = static_cast<double>(last);
    return {(base + (worth - from) / width) / all, 1.0 / (width * all)};
  }

 private:
  std::vector<double> sorted_;
};

struct Part {
  Acquisition worth;
  double weight;
  Ranks ranks;
};

// Each is lowered where runs fail before it is ranked: one that looks for these places is not.
Acquisition weighed(const Criterion& criterion, const Surrogate& surrogate, Rng rng) {
  if (criterion.turn) return weighed(criterion.turn(surrogate), surrogate, rng);
  Acquisition worth = criterion.prepare(surrogate, rng);
  return criterion.knows_failures
             ? worth
             : query::where_runs_succeed(std::move(worth), surrogate, criterion.logarithmic);
}

std::string names_of(const std::vector<std::pair<Criterion, double>>& criteria) {
  std::string names;
  for (const auto& [criterion, weight] : criteria)
    names += (names.empty() ? "" : " + ") + criterion.name;
  return names;
}

}  // namespace

Criterion on_outputs(Criterion criterion, std::vector<Index> outputs) {
  Criterion its = criterion;
  its.prepare = [prepare = criterion.prepare, outputs](const Surrogate& surrogate, Rng rng) {
    return prepare(surrogate.only(outputs), rng);
  };
  if (criterion.why)
    its.why = [why = criterion.why, outputs](const Surrogate& surrogate) {
      return why(surrogate.only(outputs));
    };
  if (criterion.turn)
    its.turn = [turn = criterion.turn, outputs](const Surrogate& surrogate) {
      return on_outputs(turn(surrogate.only(outputs)), outputs);
    };
  return its;
}

Criterion in_turn(std::vector<Criterion> criteria) {
  require(!criteria.empty(), "criteria: expected one at least to take turns, got none");
  std::string name;
  for (const Criterion& one : criteria) name += (name.empty() ? "" : ", ") + one.name;
  const auto all = std::make_shared<const std::vector<Criterion>>(std::move(criteria));
  const auto turn = [all](const Surrogate& surrogate) -> const Criterion& {
    return (*all)[static_cast<std::size_t>(query::asked_of(surrogate)) % all->size()];
  };
  return {name,
          [turn](const Surrogate& surrogate, Rng rng) {
            return turn(surrogate).prepare(surrogate, rng);
          },
          [turn](const Surrogate& surrogate) {
            const Criterion& its = turn(surrogate);
            return its.why ? its.why(surrogate) : its.name;
          },
          /*logarithmic=*/false,
          /*knows_failures=*/false,
          [turn](const Surrogate& surrogate) { return turn(surrogate); }};
}

Criterion rank_sum(std::vector<std::pair<Criterion, double>> criteria, Index reference_points) {
  double sum = 0.0;
  for (const auto& [criterion, weight] : criteria) {
    require(std::isfinite(weight) && weight >= 0.0, "criteria: expected a weight of '",
            criterion.name, "' of 0 or more, got ", weight);
    sum += weight;
  }
  require(sum > 0.0, "criteria: expected a weight above 0 in a sum of ranks, got none");
  require(reference_points > 1, "criteria: a sum of ranks needs two reference points, got ",
          reference_points);
  const std::string name = names_of(criteria);
  return {name,
          [criteria, sum, reference_points](const Surrogate& surrogate, Rng rng) {
            const Points reference =
                design::reference(surrogate.domain(), reference_points, rng.child("ranks"));
            std::vector<Part> parts;
            bool sloped = true;
            for (const auto& [criterion, weight] : criteria) {
              Acquisition worth = weighed(criterion, surrogate, rng.child(criterion.name));
              sloped = sloped && worth.has_gradient();
              Ranks ranks(worth.on_rows(reference));
              parts.push_back({std::move(worth), weight / sum, std::move(ranks)});
            }
            const auto rows = [parts](PointsView x) {
              Vector total = Vector::Zero(x.rows());
              for (const Part& part : parts) {
                const Vector worth = part.worth.on_rows(x);
                for (Index i = 0; i < x.rows(); ++i)
                  total[i] += part.weight * part.ranks.of(worth[i]).rank;
              }
              return total;
            };
            if (!sloped)
              return Acquisition([parts](VectorView x) {
                       double total = 0.0;
                       for (const Part& part : parts)
                         total += part.weight * part.ranks.of(part.worth(x)).rank;
                       return total;
                     })
                  .with_rows(rows);
            return Acquisition([parts](VectorView x, VectorOut gradient) {
                     double total = 0.0;
                     Vector slope(gradient.size());
                     if (gradient.size() > 0) gradient.setZero();
                     for (const Part& part : parts) {
                       const Ranked its = part.ranks.of(part.worth(x, slope));
                       total += part.weight * its.rank;
                       if (gradient.size() > 0) gradient += part.weight * its.slope * slope;
                     }
                     return total;
                   })
                .with_rows(rows);
          },
          {},
          /*logarithmic=*/false,
          /*knows_failures=*/true};
}

}  // namespace criteria
}  // namespace sonde
