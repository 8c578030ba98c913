#include "sonde/run/watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/matrix.hpp"
#include "run/not_learning.hpp"
#include "run/surprise.hpp"
#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

using Ids = std::vector<Index>;

Ids chosen_of(const Campaign& campaign) {
  Ids ids;
  for (const Query& query : campaign.queries())
    if (was_chosen(query)) ids.push_back(query.id);
  return ids;
}

Ids last_of(const Ids& ids) {
  const auto keep = static_cast<std::ptrdiff_t>(
      std::min<std::size_t>(ids.size(), static_cast<std::size_t>(Watch::window)));
  return Ids(ids.end() - keep, ids.end());
}

double median(std::vector<double> values) {
  if (values.empty()) return nan;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

bool is_continuous(const Parameter& parameter) {
  return !parameter.discrete();
}

double share_on_bounds(const Campaign& campaign, const Ids& ids) {
  constexpr double at = 1e-3;  // of the range
  const Domain& domain = campaign.domain();
  Index count = 0;
  for (const Index id : ids) {
    const Vector u = domain.to_unit(campaign.queries()[static_cast<std::size_t>(id)].x);
    bool touches = false;
    for (Index j = 0; j < u.size(); ++j)
      touches = touches || (is_continuous(domain.parameters()[static_cast<std::size_t>(j)]) &&
                            (u[j] < at || u[j] > 1.0 - at));
    count += touches ? 1 : 0;
  }
  return static_cast<double>(count) / static_cast<double>(ids.size());
}

double nearest(const Points& unit, Index row) {
  double least = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < unit.rows(); ++i)
    if (i != row) least = std::min(least, (unit.row(i) - unit.row(row)).squaredNorm());
  return std::sqrt(least);
}

double spacing_of(const Campaign& campaign, const Ids& last) {
  const Domain& domain = campaign.domain();
  Points all(campaign.asked(), domain.dim());
  for (Index i = 0; i < all.rows(); ++i)
    all.row(i) = domain.to_unit(campaign.queries()[static_cast<std::size_t>(i)].x).transpose();
  const Points uniform =
      domain.rows_to_unit(design::uniform(Domain(domain.parameters()), all.rows(), Rng(1)));
  std::vector<double> here, there;
  for (const Index id : last) {
    here.push_back(nearest(all, id));
    there.push_back(nearest(uniform, id));
  }
  const double usual = median(there);
  return usual > 0.0 ? median(here) / usual : nan;
}

// Against draws of the input distribution inside the constraints.
double imbalance_of(const Campaign& campaign, const Ids& ids) {
  const Domain& domain = campaign.domain();
  constexpr Index draws = 512;
  const Points reference = domain.rows_to_unit(design::reference(domain, draws, Rng(2)));
  double largest = 0.0;
  for (Index j = 0; j < domain.dim(); ++j) {
    std::vector<double> of_domain(reference.col(j).begin(), reference.col(j).end());
    std::vector<double> of_chosen;
    for (const Index id : ids)
      of_chosen.push_back(domain.to_unit(campaign.queries()[static_cast<std::size_t>(id)].x)[j]);
    std::sort(of_domain.begin(), of_domain.end());
    std::sort(of_chosen.begin(), of_chosen.end());
    const auto share = [](const std::vector<double>& sorted, double value) {
      const auto below = std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
      return static_cast<double>(below) / static_cast<double>(sorted.size());
    };
    for (const std::vector<double>* at : {&of_domain, &of_chosen})
      for (const double value : *at)
        largest = std::max(largest, std::abs(share(of_domain, value) - share(of_chosen, value)));
  }
  return largest;
}

Vector shortest_lengths(Campaign& campaign) {
  Vector lengths = Vector::Constant(static_cast<Index>(campaign.outputs().size()), nan);
  if (!campaign.has_surrogate()) return lengths;
  try {
    const Surrogate& surrogate = campaign.surrogate();
    // The longest of its inputs: where that is short, all are.
    for (Index j = 0; j < lengths.size(); ++j)
      lengths[j] = std::exp(surrogate[j].log_lengths().maxCoeff());
  } catch (const NumericalError&) {
    return lengths;
  }
  return lengths;
}

// What each query has cost so far, and in what: nothing of earlier runs that were brought in.
std::pair<std::vector<double>, std::string> costs_of(const Campaign& campaign, const Cost& cost) {
  constexpr double seconds_an_hour = 3600.0;
  std::vector<double> costs, seconds, runs;
  for (const Query& query : campaign.queries()) {
    const std::optional<Answer>& answer = campaign.answer(query.id);
    const bool counts = answer && query.why != "imported" && !is_no_run(*answer);
    const double took = counts && std::isfinite(answer->seconds) ? answer->seconds : 0.0;
    costs.push_back(counts ? cost.per_run + cost.per_hour * took / seconds_an_hour : 0.0);
    seconds.push_back(took);
    runs.push_back(counts ? 1.0 : 0.0);
  }
  if (cost.is_known()) return {costs, cost.unit};
  const bool timed = std::any_of(seconds.begin(), seconds.end(), [](double s) { return s > 0.0; });
  return timed ? std::pair{seconds, std::string("s")} : std::pair{runs, std::string("runs")};
}

// Errors jump from model to model: the median of three.
ErrorAt settled_error(const std::vector<ErrorAt>& curve, std::size_t middle) {
  return {curve[middle].runs,
          median({curve[middle - 1].error, curve[middle].error, curve[middle + 1].error})};
}

Stretch stretch_of(const Campaign& campaign, const std::vector<double>& costs, const ErrorAt& from,
                   const ErrorAt& to) {
  const std::vector<Index>& ids = campaign.data_ids();
  const auto query_after = [&](Index runs) {
    return static_cast<std::size_t>(ids[static_cast<std::size_t>(
               std::clamp<Index>(runs, 1, static_cast<Index>(ids.size())) - 1)]) +
           1;
  };
  Stretch stretch{.runs = to.runs - from.runs, .halvings = std::log2(from.error / to.error)};
  for (std::size_t id = query_after(from.runs); id < query_after(to.runs); ++id)
    stretch.cost += costs[id];
  return stretch;
}

void look_at_cost(const Campaign& campaign, const Cost& cost, Watch& now) {
  constexpr std::size_t fewest = 9;
  const std::vector<ErrorAt> curve = campaign.error_curve();
  if (curve.size() < fewest || campaign.data_ids().empty()) return;
  const ErrorAt first = settled_error(curve, 1), last = settled_error(curve, curve.size() - 2);
  const double split =
      static_cast<double>(first.runs) + 2.0 / 3.0 * static_cast<double>(last.runs - first.runs);
  std::size_t middle = 2;
  while (middle + 3 < curve.size() && static_cast<double>(curve[middle].runs) < split) ++middle;
  auto [costs, unit] = costs_of(campaign, cost);
  now.earlier = stretch_of(campaign, costs, first, settled_error(curve, middle));
  now.latest = stretch_of(campaign, costs, settled_error(curve, middle), last);
  now.cost_unit = std::move(unit);
}

std::string rounded(double value) {
  return concat(std::round(100.0 * value) / 100.0);
}

Finding surprise_found(const Watch& watch, const Campaign& campaign) {
  return {"surprised",
          concat("the last runs missed what was foretold of them by ",
                 rounded(std::sqrt(watch.surprise)), " of its standard deviation"),
          campaign.countermeasures()
              ? "parameters are searched anew before each query, and every fourth is drawn at "
                "random, until predictions are right again"
              : "countermeasures are off"};
}

Finding not_learning(const Watch& watch, const Campaign& campaign) {
  const std::vector<ErrorAt> curve = campaign.error_curve();
  const std::optional<std::string> other = campaign.countermeasures() && !campaign.is_streaming()
                                               ? criterion_instead_of(campaign.criterion())
                                               : std::nullopt;
  return {"not learning",
          concat("what is asked is worth ", rounded(watch.worth_left),
                 " of what it was at first, and the estimated error has not fallen since ",
                 curve[curve.size() / 2].runs, " runs"),
          concat(other ? concat("queries are made by '", *other, "' in place of '",
                                campaign.criterion(), "' until it falls. ")
                       : "",
                 "Look at the report: an output that jumps, noise, or an input that is missing "
                 "cannot be learnt by more runs of this kind")};
}

std::vector<Finding> too_rough(const Watch& watch, const Campaign& campaign) {
  std::vector<Finding> found;
  const double neighbours =
      0.5 * std::pow(static_cast<double>(std::max<Index>(1, campaign.data().size())),
                     -1.0 / static_cast<double>(campaign.domain().dim()));
  for (Index j = 0; j < watch.shortest_length.size(); ++j) {
    if (watch.chosen < Watch::window || !(watch.shortest_length[j] < 0.5 * neighbours)) continue;
    found.push_back({"too rough",
                     concat("'", campaign.outputs()[static_cast<std::size_t>(j)].name,
                            "' changes over ", rounded(watch.shortest_length[j]),
                            " of the range of every input, less than half the way from run to run"),
                     "it is noise, or needs many more runs: ask some points twice to tell"});
  }
  return found;
}

Finding drifted(const Drift& drift, const Campaign& campaign) {
  const Output& output = campaign.outputs()[static_cast<std::size_t>(drift.output)];
  const std::string unit = output.unit == "1" ? "" : " " + output.unit;
  const std::string seen =
      std::isnan(drift.now)
          ? concat("no longer comes; it was ", drift.first, unit)
          : concat("is ", drift.now, unit, " by now; it was ", drift.first, unit, " at first, and ",
                   drift.allowed, unit, " apart would be chance");
  return {"drift",
          concat("the simulator is another: '", output.name, "' of a point that was asked ",
                 drift.replicates, " times ", seen),
          concat("sonde why ", drift.query,
                 " tells what it stood on: learn from runs of one simulator alone")};
}

// Halvings of the error that a cost of 1 brings.
double halvings_for(const Stretch& stretch) {
  return stretch.cost > 0.0 ? stretch.halvings / stretch.cost : nan;
}

bool is_dear(const Watch& watch) {
  constexpr double learnt = 1.0, hardly = 0.1;
  return watch.earlier && watch.latest && watch.earlier->halvings >= learnt &&
         halvings_for(*watch.latest) < hardly * halvings_for(*watch.earlier);
}

Finding dear(const Watch& watch) {
  const std::string unit = watch.cost_unit.empty() ? "" : " " + watch.cost_unit;
  const double fell = 1.0 - std::exp2(-watch.latest->halvings);
  return {"dear",
          concat("the last ", watch.latest->runs, " runs cost ", rounded(watch.latest->cost), unit,
                 " and ",
                 fell > 0.0 ? concat("lowered the estimated error by ", rounded(100.0 * fell), " %")
                            : "did not lower the estimated error",
                 "; before, to halve it cost ", rounded(1.0 / halvings_for(*watch.earlier)), unit),
          "[stop] plateau or marginal ends here; noise, or an input that is missing, is not learnt "
          "by more runs"};
}

}  // namespace

Watch watch(Campaign& campaign, const Cost& cost) {
  const Ids ids = chosen_of(campaign);
  Watch now{.chosen = static_cast<Index>(ids.size()),
            .surprise = campaign.surprise(Watch::window),
            .worth_left = worth_left(campaign.queries()),
            .on_bounds = nan,
            .spacing = nan,
            .imbalance = nan,
            .shortest_length = shortest_lengths(campaign),
            .drifts = drifts(campaign)};
  look_at_cost(campaign, cost, now);
  if (now.chosen < Watch::window) return now;
  const Ids last = last_of(ids);
  now.on_bounds = share_on_bounds(campaign, last);
  now.spacing = spacing_of(campaign, last);
  now.imbalance = imbalance_of(campaign, ids);
  return now;
}

std::vector<Finding> findings(const Watch& watch, const Campaign& campaign) {
  std::vector<Finding> found;
  if (watch.surprise > surprising) found.push_back(surprise_found(watch, campaign));
  if (is_not_learning(campaign.queries(), campaign.error_curve(), campaign.domain().dim()))
    found.push_back(not_learning(watch, campaign));
  if (campaign.domain().dim() <= 3 && watch.on_bounds >= 0.9)
    found.push_back({"at the bounds",
                     concat(rounded(100.0 * watch.on_bounds), " % of the last ", Watch::window,
                            " queries lie at a bound of an input"),
                     "[method] margin keeps them off, or query = \"integrated variance\""});
  if (watch.spacing < 0.05)
    found.push_back({"crowded",
                     concat("the last queries are ", rounded(watch.spacing),
                            " times as far from each other as random ones would be"),
                     "[hybrid] random = 0.2 mixes in others; a level or an extreme that is found "
                     "needs no more of them"});
  for (Finding& one : too_rough(watch, campaign)) found.push_back(std::move(one));
  for (const Drift& drift : watch.drifts) found.push_back(drifted(drift, campaign));
  if (is_dear(watch)) found.push_back(dear(watch));
  return found;
}

}  // namespace sonde
