#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/comparison.hpp"

namespace sonde::cli {

/// A way to choose runs: a criterion, or a design alone.
struct Way {
  std::string name;
  bool design = false;
  bool own = false;  ///< the study's
};

/// The criterion of the study called by another name, where it is not its own way.
Study studied_by(const Study& study, const Way& way);

/// What each way would make of the rest of the budget, on functions drawn from what the campaign
/// believes now: a repeat is a draw, the same for all ways, with the runs that there are and `more`
/// of each way's own. Nothing is simulated.
/// \param say told of each campaign that is done
ComparisonTable rehearsed(OpenCampaign& open, const std::vector<Way>& ways, Index more, int repeats,
                          int threads, const std::function<void(const std::string&)>& say);

}  // namespace sonde::cli
