#pragma once

#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/reply.hpp"

namespace sonde::cli {

/// Takes JSON lines of answers, corrections and decisions, each an event at least. Lines that
/// cannot be taken are named in `err`, by `source` and their number; the others are recorded. What
/// was told before in the same words is passed over.
/// \param request the events of line 7 are recorded with the name request#7; empty: with none
Reply told(OpenCampaign& open, const std::string& lines, const std::string& source,
           const std::string& request);

/// Answers queries of which all people who were needed have told; what a process that ended between
/// the two has left.
void settle(OpenCampaign& open);

}  // namespace sonde::cli
