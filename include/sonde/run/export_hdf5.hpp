#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "sonde/run/campaign.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/metrics.hpp"

namespace sonde {

/// Writes all of it anew: to a temporary file, then renamed. At every moment `file` is absent, old
/// and whole, or new and whole. Layout: /runs, /runs/lineage, /models/NNNNNN/<output>, /metrics, as
/// in the README. Has the models where the campaign has_surrogate(): fits where that is not cached.
/// \param journal_sha256 Journal::sha256() of what the campaign was made from, as provenance
/// \throws StoreError
void export_hdf5(const std::filesystem::path& file, const Preamble& preamble, Campaign& campaign,
                 std::span<const MetricsRow> metrics = {}, const std::string& journal_sha256 = {});

}  // namespace sonde
