#pragma once

#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/reply.hpp"

namespace sonde::cli {

inline constexpr std::size_t longest_line = 1u << 20;  ///< bytes that are told at once

/// Takes JSON lines of answers, corrections and decisions, each an event at least. Lines that
/// cannot be taken are named in `err`, by `source` and their number; the others are recorded. What
/// was told before in the same words is passed over.
/// \param part what a line is a part of its source as ("item"); empty: a line
/// \param request the events of line 7 are recorded with the name request#7; empty: with none
Reply told(OpenCampaign& open, const std::string& lines, const std::string& source,
           const std::string& request, const std::string& part = "");

/// Answers queries of which all people who were needed have told; what a process that ended between
/// the two has left.
void settle(OpenCampaign& open);

}  // namespace sonde::cli
