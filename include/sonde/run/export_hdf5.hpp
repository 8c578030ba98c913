#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "sonde/run/campaign.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/metrics.hpp"

namespace sonde {

/// Where a campaign's state comes from, for the record.
struct Provenance {
  std::string journal_sha256{};     ///< Journal::sha256()
  std::span<const Event> events{};  ///< those it was made of; none: only the newest model is told
  ModelOptions model{};             ///< its options of the model
  /// In place of the newest model: its parameters with all data there is. None: that model, or
  /// where it does not know all data campaign.surrogate(), for which parameters may be searched.
  std::optional<Surrogate> newest{};
  bool search = true;    ///< whether that is asked for where `newest` is none
  bool replaced = true;  ///< whether the models before it are told as well
};

/// Writes all of it anew: to a temporary file, then renamed. At every moment `file` is absent, old
/// and whole, or new and whole. Layout: /runs, /runs/lineage, /models/NNNNNN/<output>, /metrics, as
/// in the README.
///
/// The newest model is campaign.surrogate(), where there is one: fits where that is not cached.
/// Those that it replaced have the recorded parameters, no search: O(n^3) each. Not from two
/// threads at once. \throws StoreError
void export_hdf5(const std::filesystem::path& file, const Preamble& preamble, Campaign& campaign,
                 std::span<const MetricsRow> metrics = {}, const Provenance& provenance = {});

}  // namespace sonde
