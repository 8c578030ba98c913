#pragma once

#include "cli/campaign_folder.hpp"
#include "cli/points_file.hpp"
#include "cli/reply.hpp"

namespace sonde::cli {

/// Takes earlier runs, also outside the bounds: all of them or, where one cannot be, none. Those
/// that are known are passed over, so that what was cut short is completed by the same once more.
/// \throws UsageError where a column or a value cannot be meant.
Reply imported(OpenCampaign& open, const PointsFile& runs);

}  // namespace sonde::cli
