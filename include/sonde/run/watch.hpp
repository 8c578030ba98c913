#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"
#include "sonde/run/cost.hpp"
#include "sonde/run/drift.hpp"

namespace sonde {

/// A part of a campaign: what its runs cost, and by how much they lowered the estimated error.
struct Stretch {
  Index runs = 0;         ///< that were learnt from
  double cost = 0.0;      ///< of these and of those that failed meanwhile
  double halvings = 0.0;  ///< of the estimated error: log2 of before over after; < 0 where it rose
};

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
  std::vector<Drift> drifts{};  ///< outputs of a simulator that is another by now
  /// The first two thirds of the runs since the first surrogate, and the last; none: there were
  /// less than nine surrogates.
  std::optional<Stretch> earlier{};
  std::optional<Stretch> latest{};
  std::string cost_unit{};  ///< of both: the user's own, else "s", or "runs" where nothing is timed
};

/// O(n^2 d) \param campaign with a surrogate, where lengths are wanted
/// \param cost of a run, where it is known; else seconds count
Watch watch(Campaign& campaign, const Cost& cost = {});

/// Something that is wrong with a campaign.
struct Finding {
  /// "surprised", "not learning", "at the bounds", "crowded", "too rough", "drift", "dear"
  std::string kind;
  std::string words;    ///< what was seen
  std::string measure;  ///< what the campaign does about it, or what a person may
};

/// Surprised: surprise above 6. Not learning: worths that have not fallen over 3 (d + 2) chosen
/// ones, and the estimated error has not either. At the bounds: 90 % of picks in up to three
/// inputs, which uniform ones would hardly touch. Crowded: spacing below a twentieth. Too rough: a
/// length scale below half the distance between neighbours, along every input. Drift: see drifts().
/// Dear: a cost halves the error in the last third of the runs less than a tenth as often as it did
/// before, where it did at least once.
std::vector<Finding> findings(const Watch& watch, const Campaign& campaign);

}  // namespace sonde
