#pragma once

#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// An output of a point that was asked again, and has become another.
struct GoldDifference {
  Index id;         ///< the query whose `why` is "gold"
  Index output;     ///< its place
  double before;    ///< the mean of what the same point gave before
  double now;       ///< NaN: the run failed, or the output did not arrive
  double noise_sd;  ///< of one run, as far as it is known: what it was judged by
  Answer since;     ///< the last answer at that point that agreed with those before it
};

/// What the runs with known answers tell: CampaignOptions::gold_every. A value differs where it is
/// farther from the mean of those before than four standard deviations of the difference, and than
/// 1e-9 of its size. The noise is the least of what the replicates show, of three or more, and what
/// the surrogate estimates, of up to 400 runs; where neither is known nothing is said to differ.
/// After a difference those since it are compared among themselves.
///
/// May fit the surrogate.
std::vector<GoldDifference> gold_differences(Campaign& campaign);

}  // namespace sonde
