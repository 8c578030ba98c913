#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/hdf5.hpp"

/// Reading files that somebody else may have made. What is read lies in the file itself: links to
/// elsewhere, storage in other files, filters that are plug-ins and sizes out of all proportion are
/// refused before anything is followed or allocated. All of it throws StoreError.
namespace sonde::hdf5 {

/// Values of one dataset that are read at most.
constexpr hsize_t most_values = 1u << 22;

/// Opens no other file, waits for no lock, and has the library load no plug-in from then on.
Handle open_to_read(const std::filesystem::path& file);

class Dataset;

class Group {
 public:
  static Group root_of(const Handle& file);
  bool has(const std::string& name) const;
  Group group(const std::string& name) const;
  /// \param most values it may have
  Dataset dataset(const std::string& name, hsize_t most = most_values) const;
  std::vector<std::string> names() const;  ///< of all that is in it, by the alphabet
  std::string text(const std::string& attribute) const;
  const std::string& path() const noexcept { return path_; }

 private:
  Group(Handle handle, std::string path) : handle_(std::move(handle)), path_(std::move(path)) {}
  Handle opened(const std::string& name, H5I_type_t kind) const;

  Handle handle_;
  std::string path_;  ///< "/runs"; of the root ""
};

class Dataset {
 public:
  const std::string& path() const noexcept { return path_; }
  const std::vector<hsize_t>& lengths() const noexcept { return lengths_; }
  void require_lengths(const std::vector<hsize_t>& expected) const;
  bool has_numbers() const;             ///< of up to 8 bytes
  std::vector<double> numbers() const;  ///< the last axis fastest
  std::vector<std::string> texts() const;
  /// Of a list: `count` of its values from `first` on.
  std::vector<double> numbers(hsize_t first, hsize_t count) const;
  std::vector<std::string> texts(hsize_t first, hsize_t count) const;
  /// Empty where there is none.
  std::string text(const std::string& attribute) const;

 private:
  friend class Group;
  Dataset(Handle handle, std::string path, hsize_t most);
  void require_own_storage() const;
  hsize_t size() const;
  Handle part_of(const Handle& space, hsize_t first, hsize_t count) const;

  Handle handle_;
  std::string path_;
  hsize_t most_;
  std::vector<hsize_t> lengths_{};
};

}  // namespace sonde::hdf5
