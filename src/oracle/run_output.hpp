#pragma once

#include <time.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace sonde {

/// The files that a run wrote. What lay in its directory before it began is not among them.
class RunOutput {
 public:
  explicit RunOutput(std::filesystem::path directory);

  const std::filesystem::path& directory() const noexcept { return directory_; }

  /// Calls `take` with windows of whole lines, of some 64 MiB at most, until it returns false.
  /// \return "", or why there is nothing to be read.
  std::string each_window(const std::string& file,
                          const std::function<bool(std::string_view)>& take) const;

  /// All of a file into `text`. \return "", or why not; also where it is larger than 64 MiB.
  std::string whole(const std::string& file, std::string& text) const;

  /// The last line with anything in it among the last 4 KiB, printable; "" where there is none.
  std::string last_line(const std::string& file) const;

 private:
  std::filesystem::path directory_;
  timespec begun_{};  // by the clock of the file system
};

/// Whether `name` is relative and stays below where it begins, as text.
bool stays_below(const std::filesystem::path& name);

}  // namespace sonde
