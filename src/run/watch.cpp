#include "sonde/run/watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/matrix.hpp"
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

// Of the criterion that has asked most often.
double worth_left(const Campaign& campaign, const Ids& ids) {
  std::map<std::string, std::vector<double>> worths;
  for (const Index id : ids) {
    const Query& query = campaign.queries()[static_cast<std::size_t>(id)];
    if (std::isfinite(query.worth)) worths[query.why].push_back(query.worth);
  }
  const auto most = std::max_element(
      worths.begin(), worths.end(),
      [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  if (most == worths.end() || most->second.size() < 6) return nan;
  const std::vector<double>& all = most->second;
  const auto third = static_cast<std::ptrdiff_t>(all.size() / 3);
  const double first = median({all.begin(), all.begin() + third});
  const double last = median({all.end() - third, all.end()});
  return first > 0.0 ? last / first : nan;  // of logarithms there is no such part
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

std::string rounded(double value) {
  return concat(std::round(100.0 * value) / 100.0);
}

}  // namespace

Watch watch(Campaign& campaign) {
  const Ids ids = chosen_of(campaign);
  Watch now{.chosen = static_cast<Index>(ids.size()),
            .surprise = campaign.surprise(Watch::window),
            .worth_left = worth_left(campaign, ids),
            .on_bounds = nan,
            .spacing = nan,
            .imbalance = nan,
            .shortest_length = shortest_lengths(campaign)};
  if (now.chosen < Watch::window) return now;
  const Ids last = last_of(ids);
  now.on_bounds = share_on_bounds(campaign, last);
  now.spacing = spacing_of(campaign, last);
  now.imbalance = imbalance_of(campaign, ids);
  return now;
}

std::vector<Finding> findings(const Watch& watch, const Campaign& campaign) {
  std::vector<Finding> found;
  const Index d = campaign.domain().dim();
  if (watch.surprise > surprising)
    found.push_back({"surprised",
                     concat("the last runs missed what was foretold of them by ",
                            rounded(std::sqrt(watch.surprise)), " of its standard deviation"),
                     campaign.countermeasures()
                         ? "parameters are searched anew before each query, and every fourth is "
                           "drawn at random, until predictions are right again"
                         : "countermeasures are off"});
  const std::vector<ErrorAt> curve = campaign.error_curve();
  const bool stands = curve.size() >= 3 && curve.back().error >= curve[curve.size() / 2].error;
  if (watch.chosen >= 3 * (d + 2) && watch.worth_left >= 0.9 && stands)
    found.push_back({"not learning",
                     concat("what is asked is worth ", rounded(watch.worth_left),
                            " of what it was at first, and the estimated error has not fallen "
                            "since ",
                            curve[curve.size() / 2].runs, " runs"),
                     "look at the report: an output that jumps, noise, or an input that is missing "
                     "cannot be learnt by more runs of this kind"});
  if (d <= 3 && watch.on_bounds >= 0.9)
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
  for (Index j = 0; j < watch.shortest_length.size(); ++j) {
    const double neighbours =
        0.5 * std::pow(static_cast<double>(std::max<Index>(1, campaign.data().size())),
                       -1.0 / static_cast<double>(d));
    if (watch.chosen < Watch::window || !(watch.shortest_length[j] < 0.5 * neighbours)) continue;
    found.push_back({"too rough",
                     concat("'", campaign.outputs()[static_cast<std::size_t>(j)].name,
                            "' changes over ", rounded(watch.shortest_length[j]),
                            " of the range of every input, less than half the way from run to run"),
                     "it is noise, or needs many more runs: ask some points twice to tell"});
  }
  return found;
}

}  // namespace sonde
