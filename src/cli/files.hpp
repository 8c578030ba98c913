#pragma once

#include <filesystem>
#include <string>

namespace sonde::cli {

/// Writes all of it to a temporary file beside, onto the disk, then renames: `file` is old and
/// whole, or new and whole. A link is followed; a pipe or a device is written to as it is. Of
/// several writers one is the last. \throws StoreError
void write_file(const std::filesystem::path& file, const std::string& text);

/// \throws UsageError where it cannot be read.
std::string read_file(const std::filesystem::path& file);

}  // namespace sonde::cli
