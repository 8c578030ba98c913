#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "oracle/file.hpp"

namespace sonde {

/// A file that takes any amount of text and keeps the first part and the last.
///
/// Between the two stands a line that says how much was left out. Lines are kept whole, as half a
/// number would read as another number.
class CappedFile {
 public:
  /// \param part bytes kept of the beginning, and again of the end  \throws Error
  CappedFile(std::string name, std::size_t part);

  /// What fits into the first part is in the file when this returns.
  void append(std::string_view text);
  void finish();  ///< Writes the last part, puts all on the disk.

  /// Why not all that was to be kept could be written, "" where it could: a full disk is no reason
  /// to leave a simulation alone.
  const std::string& trouble() const noexcept { return trouble_; }

 private:
  void write(std::string_view text);
  void shorten_tail();

  std::string name_;
  std::size_t part_;
  Descriptor file_;
  std::size_t head_ = 0;         // bytes in the file
  std::size_t whole_lines_ = 0;  // of them, up to the last line end
  std::string tail_;             // at least the last part_ bytes of what the head did not take
  std::size_t dropped_ = 0;      // between head and tail_
  std::string trouble_;
};

}  // namespace sonde
