#pragma once

#include <string>

#include "base/json_text.hpp"
#include "cli/campaign_folder.hpp"

/// How well a campaign knows its outputs: parts of what `status` tells, as JSON and in words.
namespace sonde::cli {

/// By output: its error by leave-one-out, the coverage of intervals, the error that is stated; of
/// classes how often each was seen, and how many are told wrongly.
JsonValue outputs_json(Campaign& campaign);
std::string outputs_table(Campaign& campaign);

/// On runs that nothing is learnt from; empty where there are none.
JsonValue held_out_json(OpenCampaign& open);
std::string held_out_words(OpenCampaign& open);

/// Where the segments of the study hold.
JsonValue segments_json(OpenCampaign& open);
std::string segments_words(OpenCampaign& open);

/// What a random design would have needed; null, empty where that cannot be told.
JsonValue random_design_json(OpenCampaign& open);
std::string random_design_words(OpenCampaign& open);

}  // namespace sonde::cli
