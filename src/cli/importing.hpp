#pragma once

#include "cli/campaign_folder.hpp"
#include "cli/points_file.hpp"
#include "cli/reply.hpp"

namespace sonde::cli {

/// Takes earlier runs, also outside the bounds: all of them or, where one cannot be, none. Those
/// that are known are passed over, so that what was cut short is completed by the same once more.
/// \throws UsageError where a column or a value cannot be meant.
Reply imported(OpenCampaign& open, const PointsFile& runs);

/// Takes those rows of a CSV text that can be taken, and names the others in `err`, by their lines.
/// \throws UsageError where its columns cannot be meant: none is taken then.
Reply good_rows_imported(OpenCampaign& open, const std::string& text, const std::string& file);

}  // namespace sonde::cli
