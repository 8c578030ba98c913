#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sonde/gp/surrogate.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/journal.hpp"

namespace sonde {

/// Errors against number of runs, for /metrics.
struct MetricsRow {
  Index runs;
  Vector loo_nrmse;  ///< (m)
};

/// Writes all of it anew: to a temporary file, then renamed. At every moment `file` is absent, old
/// and whole, or new and whole. Layout: /runs, /runs/lineage, /models/NNNNNN/<output>, /metrics, as
/// in the README. \throws StoreError
void export_hdf5(const std::filesystem::path& file, const Preamble& preamble, Campaign& campaign,
                 std::span<const MetricsRow> metrics = {});

}  // namespace sonde
