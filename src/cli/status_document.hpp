#pragma once

#include <map>
#include <string>

#include "cli/campaign_folder.hpp"

namespace sonde::cli {

/// How a campaign stands, as `status --json` prints it; `state` is one of "running", "done",
/// "interrupted", "failed", "exhausted", "open".
std::string status_json(OpenCampaign& open, bool running);
/// The same for people.
std::string status_text(OpenCampaign& open, bool running);

/// Failures by their kind.
std::map<std::string, Index> failure_counts(const Campaign& campaign);

}  // namespace sonde::cli
