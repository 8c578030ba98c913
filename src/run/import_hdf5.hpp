#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/confined.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

/// Runs of a file that export_hdf5 made, of whatever study.
struct StoredRuns {
  struct Column {
    std::string name;
    std::string unit;
  };
  std::vector<Column> inputs{};
  std::vector<Column> outputs{};
  /// A head of their names and a line a run, with the labels of choices; of a run that failed, or
  /// did not observe an output, an empty field.
  std::string csv{};
  std::vector<long> runs{};  ///< the number of each line's run
  Index left_out = 0;        ///< runs that are open, or were rejected by a review
};

/// Whether it begins as HDF5 files do, or is called like one.
bool is_hdf5(const std::filesystem::path& file);

/// Reads them in a child process, as the file may be made to do harm: no other file is opened, no
/// plug-in loaded, and what is taken of memory and time is bounded.
/// \pre no other thread runs
/// \throws StoreError: the message begins with the file
StoredRuns runs_in_hdf5(const std::filesystem::path& file, const Confinement& bounds = {});

}  // namespace sonde
