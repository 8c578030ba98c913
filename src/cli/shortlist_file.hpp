#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/pool_file.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde::cli {

/// The best of a part of a pool, as `select --shard` writes it.
struct ShortlistFile {
  Shortlist list;
  Shard shard;
  Index pool_rows = 0;
  std::string made_by{};  ///< shortlist_name() of who made it
};

/// What two shortlists must have in common to be merged: data, parameters, criterion, options.
std::string shortlist_name(Campaign& campaign, const std::string& criterion,
                           const PoolOptions& options);

std::string shortlist_text(const ShortlistFile& file);

/// The best of all parts. \throws UsageError where a part is missing, stands twice, is of another
/// pool or was made otherwise than `made_by` says.
Shortlist merged_files(const std::vector<std::string>& files, const std::string& made_by,
                       Index pool_rows, Index most);

}  // namespace sonde::cli
