#pragma once

#include <vector>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// An output whose newest replicates are not what the first ones at the same point were.
struct Drift {
  Index output = 0;      ///< its place
  Index query = 0;       ///< the newest replicate
  Index replicates = 0;  ///< at that point
  double first = 0.0;    ///< mean of the first third of them
  double now = 0.0;      ///< of the newest third; NaN: the newest run failed, or did not give it
  double allowed = 0.0;  ///< how far the two may be apart by the scatter of the replicates
};

/// Whether a simulator is another than it was: by the points that were asked more than once, as
/// CampaignOptions::gold_every does it. Of each output the one that is farthest beyond what is
/// allowed; none where it is within, or replicates are too few to tell.
///
/// The scatter is the median of what follows one another, over its value of normal noise of
/// deviation 1: neither a jump nor a slow change widens it. Where that is 0 there is no noise, and
/// 1e-9 of the value are allowed; else Student's t at 1 in 1000, of six replicates at least.
/// It looks at the ends, where gold_differences() looks at each run as it comes. O(n log n)
std::vector<Drift> drifts(const Campaign& campaign);

}  // namespace sonde
