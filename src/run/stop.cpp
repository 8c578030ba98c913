#include "sonde/run/stop.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/query/targets.hpp"
#include "sonde/run/forecast.hpp"

namespace sonde {
namespace {

// A handful of answers tells little of the error.
bool are_few(const Campaign& campaign) {
  return campaign.answered() < std::max(campaign.initial(), 2 * (campaign.domain().dim() + 2));
}

// The surrogate of all answers; nothing where there is none.
const Surrogate* surrogate_of(Campaign& campaign) {
  if (!campaign.has_surrogate()) return nullptr;
  try {
    return &campaign.surrogate();
  } catch (const NumericalError&) {
    return nullptr;
  }
}

void check_tolerances(const Campaign& campaign, const Vector& tolerances) {
  require(tolerances.size() == static_cast<Index>(campaign.outputs().size()),
          "stop rule: expected tolerances of ", campaign.outputs().size(), " outputs, got ",
          tolerances.size());
}

// "lift 0.021 N, 0.05 wanted", one after the other; nothing unless all are within.
// \param error of an output, by its surrogate
template <class Error>
std::optional<std::string> within(Campaign& campaign, const Vector& tolerances, Error error) {
  const Surrogate* surrogate = surrogate_of(campaign);
  if (!surrogate) return std::nullopt;
  std::string words;
  for (Index j = 0; j < tolerances.size(); ++j) {
    if (std::isnan(tolerances[j])) continue;
    const double its = error(*surrogate, j);
    if (!(its <= tolerances[j])) return std::nullopt;
    const Output& output = campaign.outputs()[static_cast<std::size_t>(j)];
    words += concat(words.empty() ? "" : "; ", output.name, " ", its,
                    output.unit == "1" ? "" : " " + output.unit, ", ", tolerances[j], " wanted");
  }
  return words;
}

// Of the estimated error, by one more run; NaN where too little is known.
double fall_by_next(Campaign& campaign) {
  constexpr double nothing = 1e-12;  // of the spread: there is nothing left to fall
  if (campaign.estimated_error() <= nothing) return 0.0;
  const std::vector<ErrorAt> curve = campaign.error_curve();
  if (curve.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const ErrorTrend trend(curve, campaign.domain().dim());
  const Index runs = campaign.data().size();
  return trend.error_at(runs) - trend.error_at(runs + 1);
}

// The largest over these outputs, over their spread; infinite where the runs there are few.
double error_where(const std::string& segment, const std::vector<SegmentScore>& scores,
                   const std::vector<Index>& outputs, const Surrogate& surrogate) {
  constexpr Index few = 5;
  double largest = 0.0;
  for (const SegmentScore& score : scores) {
    const bool counts = std::find(outputs.begin(), outputs.end(), score.output) != outputs.end();
    if (score.segment != segment || !counts) continue;
    const double rmse = score.left_out.rmse;
    if (score.left_out.runs < few || std::isnan(rmse))
      return std::numeric_limits<double>::infinity();
    if (rmse > 0.0) largest = std::max(largest, rmse / error_unit(surrogate, score.output));
  }
  return largest;
}

double upper_end(Campaign& campaign, const Surrogate& surrogate, Index output) {
  constexpr Index few = 5;
  const Dataset runs = campaign.validation();
  if (runs.size() < few) return std::numeric_limits<double>::infinity();
  return held_out_error(surrogate, output, runs.x, runs.y.col(output)).upper;
}

}  // namespace

StopRule after_queries(Index queries) {
  return [queries](Campaign& campaign) -> std::optional<std::string> {
    if (campaign.spent() < queries) return std::nullopt;
    return concat(campaign.spent(), " queries asked");
  };
}

StopRule after_seconds(double seconds, double before) {
  using Clock = std::chrono::steady_clock;
  const auto begin = std::make_shared<std::optional<Clock::time_point>>();
  return [seconds, before, begin](Campaign&) -> std::optional<std::string> {
    const Clock::time_point now = Clock::now();
    if (!*begin) *begin = now;
    const std::chrono::duration<double> passed = now - **begin;
    if (before + passed.count() < seconds) return std::nullopt;
    return concat(seconds, " s have passed");
  };
}

StopRule below_error(double relative_error) {
  return [relative_error](Campaign& campaign) -> std::optional<std::string> {
    if (are_few(campaign)) return std::nullopt;
    const double error = campaign.estimated_error();
    if (!(error <= relative_error)) return std::nullopt;
    return concat("estimated error ", error, " of the spread, the target is ", relative_error);
  };
}

StopRule plateau(Index queries, double fraction) {
  require(queries > 0, "plateau: expected a number of queries, got ", queries);
  return [queries, fraction](Campaign& campaign) -> std::optional<std::string> {
    const Index n = campaign.data().size();
    if (n < campaign.initial() + queries) return std::nullopt;
    const double now = campaign.estimated_error();
    const double then = campaign.estimated_error_at(n - queries);
    if (std::isnan(now) || std::isnan(then) || now < (1.0 - fraction) * then) return std::nullopt;
    return concat("plateau: estimated error ", now, " of the spread, ", then, " before the last ",
                  queries, " answers");
  };
}

StopRule within_tolerances(Vector tolerances) {
  return [tolerances = std::move(tolerances)](Campaign& campaign) -> std::optional<std::string> {
    check_tolerances(campaign, tolerances);
    if (are_few(campaign)) return std::nullopt;
    const auto words = within(campaign, tolerances, [](const Surrogate& surrogate, Index j) {
      return leave_one_out_scores(surrogate[j]).rmse;
    });
    if (!words) return std::nullopt;
    return "tolerances are met by leave-one-out: " + *words;
  };
}

StopRule within_tolerances_held_out(Vector tolerances) {
  return [tolerances = std::move(tolerances)](Campaign& campaign) -> std::optional<std::string> {
    check_tolerances(campaign, tolerances);
    const auto words = within(campaign, tolerances, [&](const Surrogate& surrogate, Index j) {
      return upper_end(campaign, surrogate, j);
    });
    if (!words) return std::nullopt;
    return concat("tolerances are met on ", campaign.validation().size(),
                  " runs held out, with 95 % intervals up to ", *words);
  };
}

StopRule below_error_held_out(double relative_error) {
  return [relative_error](Campaign& campaign) -> std::optional<std::string> {
    const Surrogate* surrogate = surrogate_of(campaign);
    if (!surrogate) return std::nullopt;
    double largest = 0.0;
    for (const Index j : campaign.learnt()) {
      const double error = upper_end(campaign, *surrogate, j) / error_unit(*surrogate, j);
      if (std::isnan(error)) return std::nullopt;
      largest = std::max(largest, error);
    }
    if (!(largest <= relative_error)) return std::nullopt;
    return concat("error on ", campaign.validation().size(), " runs held out at most ", largest,
                  " of the spread, with 95 % confidence; the target is ", relative_error);
  };
}

StopRule below_error_in(Segments segments, std::vector<std::pair<std::string, double>> targets) {
  Segments wanted;
  for (const auto& target : targets) {
    const auto its = std::find_if(segments.begin(), segments.end(),
                                  [&target](const auto& one) { return one.first == target.first; });
    require(its != segments.end(), "below_error_in: there is no segment '", target.first, "'");
    wanted.push_back(*its);
  }
  return [wanted, targets = std::move(targets)](Campaign& campaign) -> std::optional<std::string> {
    const Surrogate* surrogate = are_few(campaign) ? nullptr : surrogate_of(campaign);
    if (!surrogate) return std::nullopt;
    const std::vector<SegmentScore> scores = segment_scores(campaign, wanted);
    std::string words;
    for (const auto& [name, target] : targets) {
      const double error = error_where(name, scores, campaign.learnt(), *surrogate);
      if (!(error <= target)) return std::nullopt;
      words +=
          concat(words.empty() ? "" : "; ", "where '", name, "' ", error, ", ", target, " wanted");
    }
    return "estimated error in units of the spread: " + words;
  };
}

StopRule after_cost(const Cost& cost, double budget) {
  require(cost.is_known(), "after_cost: expected a cost of a run or of an hour, got none");
  return [cost, budget](Campaign& campaign) -> std::optional<std::string> {
    const double now = spent(campaign, cost);
    if (now < budget) return std::nullopt;
    return concat("a cost of ", now, cost.unit.empty() ? "" : " " + cost.unit, ", the budget is ",
                  budget);
  };
}

StopRule costs_more_than_it_brings(const Cost& cost) {
  require(cost.is_known() && cost.of_error > 0.0,
          "costs_more_than_it_brings: expected the cost of a run or of an hour, and of an error");
  return [cost](Campaign& campaign) -> std::optional<std::string> {
    if (are_few(campaign)) return std::nullopt;
    const double brings = cost.of_error * fall_by_next(campaign);
    if (std::isnan(brings)) return std::nullopt;
    const double costs = expected_cost(campaign, cost);
    if (!(brings < costs)) return std::nullopt;
    const std::string unit = cost.unit.empty() ? "" : " " + cost.unit;
    return concat("the next run costs ", costs, unit, " and is expected to bring ", brings, unit);
  };
}

StopRule below_worth(double fraction) {
  require(fraction > 0.0 && fraction < 1.0,
          "below_worth: expected a part of the largest worth, above 0 and below 1, got ", fraction);
  return [fraction](Campaign& campaign) -> std::optional<std::string> {
    constexpr std::size_t last = 3, recent = 6;
    const std::string logarithm = criteria::expected_improvement(criteria::Extreme::Smallest).name;
    std::map<std::string, std::vector<double>> worths;  // of each criterion
    std::vector<std::string> order;
    for (const Query& query : campaign.queries()) {
      if (!std::isfinite(query.worth)) continue;
      worths[query.why].push_back(query.worth);
      order.push_back(query.why);
    }
    double largest = 0.0;  // of what is left, over what there was
    for (std::size_t i = order.size() - std::min(order.size(), recent); i < order.size(); ++i) {
      const std::vector<double>& all = worths[order[i]];
      if (all.size() <= last) return std::nullopt;
      const double now = *std::max_element(all.end() - last, all.end());
      const double ever = *std::max_element(all.begin(), all.end());
      const bool is_logarithm = order[i] == logarithm;
      // Of what is below zero there is no part.
      if (!is_logarithm && !(ever > 0.0)) return std::nullopt;
      largest = std::max(largest, is_logarithm ? std::exp(now - ever) : now / ever);
    }
    if (order.empty() || !(largest <= fraction)) return std::nullopt;
    return concat("what is worth asking most is worth ", largest, " of what it was, the floor is ",
                  fraction);
  };
}

StopRule any_of(std::vector<StopRule> rules) {
  return [rules = std::move(rules)](Campaign& campaign) {
    std::optional<std::string> first;
    // Each is asked: one of them may count the time since it was asked first.
    for (const StopRule& rule : rules) {
      std::optional<std::string> reason = rule(campaign);
      if (!first) first = std::move(reason);
    }
    return first;
  };
}

StopRule all_of(std::vector<StopRule> rules) {
  return [rules = std::move(rules)](Campaign& campaign) {
    std::optional<std::string> reasons = std::string();
    for (const StopRule& rule : rules) {
      const std::optional<std::string> reason = rule(campaign);
      if (!reason)
        reasons.reset();
      else if (reasons)
        *reasons += (reasons->empty() ? "" : ", and ") + *reason;
    }
    return reasons;
  };
}

}  // namespace sonde
