#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace sonde {

/// A table as of CsvTable, one row after the other: memory for a few of them.
class CsvStream {
 public:
  /// \throws ArgumentError where it cannot be read, or has no head.
  explicit CsvStream(const std::filesystem::path& file);

  const std::vector<std::string>& head() const noexcept { return head_; }
  /// \throws ArgumentError where there is none, with the nearest name, or more than one.
  std::size_t column(std::string_view name) const;

  /// To the next row; false: there is none. \throws ArgumentError where it has another number of
  /// fields than the head.
  bool next();
  /// Of the row, until the next one.
  const std::vector<std::string_view>& fields() const noexcept { return fields_; }
  long line() const noexcept { return line_; }  ///< of the file, from 1, where the row begins
  std::uint64_t offset() const noexcept { return offset_; }  ///< in bytes, likewise
  /// To where a row begins: next() reads it.
  void seek(std::uint64_t offset, long line);

  const std::string& file() const noexcept { return file_; }

 private:
  bool take_record();  // into fields_; false: there is none
  bool fill();         // false: there is no more
  void split(std::string_view record);

  std::string file_;
  std::ifstream stream_;
  std::string buffer_{};
  std::size_t at_ = 0;  // in the buffer
  std::uint64_t buffer_offset_ = 0;
  long next_line_ = 1;
  long line_ = 0;
  std::uint64_t offset_ = 0;
  std::vector<std::string> head_{};
  std::vector<std::string_view> fields_{};
  std::vector<std::string> unquoted_{};
};

}  // namespace sonde
