#include "sonde/run/cost.hpp"

#include <cmath>

namespace sonde {
namespace {

constexpr double seconds_an_hour = 3600.0;

bool counts(const Campaign& campaign, Index id) {
  const std::optional<Answer>& answer = campaign.answer(id);
  return campaign.queries()[static_cast<std::size_t>(id)].why != "imported" &&
         !(answer && is_no_run(*answer));
}

}  // namespace

double expected_seconds(const Campaign& campaign) {
  double seconds = 0.0, runs = 0.0;
  for (Index id = 0; id < campaign.asked(); ++id) {
    const std::optional<Answer>& answer = campaign.answer(id);
    if (!counts(campaign, id) || !answer || answer->status == Answer::Status::Failed) continue;
    seconds += answer->seconds;
    runs += 1.0;
  }
  return seconds / runs;
}

double expected_cost(const Campaign& campaign, const Cost& cost) {
  const double seconds = cost.per_hour > 0.0 ? expected_seconds(campaign) : 0.0;
  return cost.per_run + (std::isnan(seconds) ? 0.0 : cost.per_hour * seconds / seconds_an_hour);
}

double spent(const Campaign& campaign, const Cost& cost) {
  const double next = expected_cost(campaign, cost);
  double sum = 0.0;
  for (Index id = 0; id < campaign.asked(); ++id) {
    if (!counts(campaign, id)) continue;
    const std::optional<Answer>& answer = campaign.answer(id);
    sum += answer ? cost.per_run + cost.per_hour * answer->seconds / seconds_an_hour : next;
  }
  return sum;
}

}  // namespace sonde
