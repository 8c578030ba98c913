#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/shard.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// What a file says of its candidates.
struct PoolHdf5 {
  Index rows = 0;
  std::vector<std::string> carried{};  ///< lists in its root that are no parameter, by their names
};

/// Each of these reads in a child process of its own, as runs_in_hdf5() does.
/// \pre no other thread runs
/// \throws StoreError: the message begins with the file
PoolHdf5 pool_in_hdf5(const std::filesystem::path& file, const std::vector<Parameter>& parameters);

/// Writes the points of the shard to `to`, a row after the other, which the child process shares.
/// \param rows of the file
void read_points_of_hdf5(const std::filesystem::path& file,
                         const std::vector<Parameter>& parameters, Index rows, Shard shard,
                         double* to);

/// (k) of as many texts as there are columns.
std::vector<std::vector<std::string>> columns_of_hdf5(const std::filesystem::path& file,
                                                      const std::vector<std::string>& columns,
                                                      const std::vector<Index>& rows);

}  // namespace sonde
