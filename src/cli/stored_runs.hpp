#pragma once

#include <filesystem>

#include "run/import_hdf5.hpp"
#include "sonde/run/study.hpp"

namespace sonde::cli {

/// The runs of an HDF5 file that some campaign exported, held against this study by the names of
/// inputs and outputs, and by their units. What is left out is told on standard error.
/// \throws UsageError where the file cannot be read, or an input is missing or has another unit.
StoredRuns stored_runs(const std::filesystem::path& file, const Study& study);

}  // namespace sonde::cli
