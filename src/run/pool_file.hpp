#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "run/shard.hpp"
#include "sonde/query/pool.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// The candidates of a file: a row each, the columns that are named as the parameters are its
/// point, all others are carried along. CSV as of read_dataset(), or HDF5 with a list (n) a column
/// in its root, of numbers or texts.
///
/// The points are copied once into a file of doubles without a name in `scratch`, which is mapped:
/// memory is bounded by what the system wants to keep of it, and nobody changes it meanwhile. A
/// value, cheap to copy.
class PoolFile {
 public:
  /// Reads it, O(rows). Rows may lie outside of the domain: they are never chosen.
  /// \throws ArgumentError, StoreError with file, line and column, or where there is no room.
  PoolFile(const std::filesystem::path& file, const std::vector<Parameter>& parameters,
           const std::filesystem::path& scratch, Shard shard = {});

  Pool pool() const;            ///< of the shard; rows are numbered as in the file
  Index rows() const noexcept;  ///< of the file
  const std::vector<std::string>& carried() const noexcept;  ///< names of the other columns
  /// What these rows carry: (k) of as many texts as there are such columns, read from the file
  /// anew. \throws StoreError where it has changed
  std::vector<std::vector<std::string>> carried_by(const std::vector<Index>& rows) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
