#pragma once

#include <limits>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// What a campaign's queries say of how it goes: numbers of the last of them, NaN where there are
/// too few. "Chosen" are those that a surrogate was asked for, by their criterion.
struct Watch {
  static constexpr Index window = 12;
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Index chosen = 0;
  /// Mean of ((y - predicted) / predicted deviation)^2 over the last `window` chosen ones that were
  /// answered, all outputs that are learnt: 1 where predictions made before the runs were as good
  /// as they said.
  double surprise = unknown;
  double worth_left = unknown;  ///< median worth of the last third over that of the first, of the
                                ///< criterion that has asked most
  double on_bounds = unknown;   ///< share of the last `window` with a continuous input at a bound
  /// Median distance, in the unit cube, of each of the last `window` to the nearest other point,
  /// over that of as many uniform draws among as many points.
  double spacing = unknown;
  double imbalance = unknown;  ///< largest distance between the distribution of an input over all
                               ///< that were chosen and the input distribution (Kolmogorov-Smirnov)
  Vector shortest_length{};    ///< (m) of the surrogate, in ranges; NaN: there is none
};

/// O(n^2 d) \param campaign with a surrogate, where lengths are wanted
Watch watch(Campaign& campaign);

/// Something that is wrong with a campaign.
struct Finding {
  std::string kind;     ///< "surprised", "not learning", "at the bounds", "crowded", "too rough"
  std::string words;    ///< what was seen
  std::string measure;  ///< what the campaign does about it, or what a person may
};

/// Surprised: surprise above 6. Not learning: worths that have not fallen over 3 (d + 2) chosen
/// ones, and the estimated error has not either. At the bounds: 90 % of picks in up to three
/// inputs, which uniform ones would hardly touch. Crowded: spacing below a twentieth. Too rough: a
/// length scale below half the distance between neighbours, along every input.
std::vector<Finding> findings(const Watch& watch, const Campaign& campaign);

}  // namespace sonde
