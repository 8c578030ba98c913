#include "sonde/run/stop.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "sonde/base/error.hpp"

namespace sonde {

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
    // A handful of answers tells little of the error.
    const Index few = std::max(campaign.initial(), 2 * (campaign.domain().dim() + 2));
    if (campaign.answered() < few) return std::nullopt;
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

StopRule any_of(std::vector<StopRule> rules) {
  return [rules = std::move(rules)](Campaign& campaign) -> std::optional<std::string> {
    for (const StopRule& rule : rules) {
      if (std::optional<std::string> reason = rule(campaign)) return reason;
    }
    return std::nullopt;
  };
}

}  // namespace sonde
