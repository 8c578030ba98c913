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
  double noise_sd;  ///< of one run, as its replicates show it; 0 where they agree
  Answer since;     ///< the last answer at that point that agreed with those before it
};

/// What the runs with known answers tell: CampaignOptions::gold_every.
///
/// Where two of three that follow one another are alike to 1e-9 of their size there is no noise,
/// and each that is another has changed. Otherwise the noise is what the replicates show: of three
/// or more, a further one has changed where it is farther from their mean than chance has it once
/// in a thousand (Student's t); fewer tell nothing. After a change those since it are compared
/// among themselves. A point that fails now, or an output that does not come, differs.
std::vector<GoldDifference> gold_differences(const Campaign& campaign);

}  // namespace sonde
