#pragma once

#include <string>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// What runs cost, in a unit of the user's own: money, licence hours.
struct Cost {
  double per_run = 0.0;   ///< >= 0
  double per_hour = 0.0;  ///< >= 0, of a run's wall time
  /// What an error as large as the spread would cost; 0: not said. See StopRule costs_more().
  double of_error = 0.0;
  std::string unit{};

  bool is_known() const noexcept { return per_run > 0.0 || per_hour > 0.0; }
};

/// Of all queries but imported ones, and those that a review rejected; of an open one what the next
/// is expected to cost. O(asked)
double spent(const Campaign& campaign, const Cost& cost);
/// What a run takes, on average over those that were answered Ok or timed out; imported ones are
/// not among them. NaN: there is none. O(asked)
double expected_seconds(const Campaign& campaign);
/// Expected of the next run: its hours are those of the runs that were answered Ok or timed out, on
/// average. O(asked)
double expected_cost(const Campaign& campaign, const Cost& cost);

}  // namespace sonde
