#include "run/csv_stream.hpp"

#include <algorithm>

#include "base/nearest_name.hpp"
#include "base/text.hpp"
#include "run/csv.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr std::size_t bytes_at_once = 1u << 20;
constexpr std::size_t longest_record = 64u << 20;
constexpr std::string_view mark_of_utf8 = "\xEF\xBB\xBF";

}  // namespace

CsvStream::CsvStream(const std::filesystem::path& file)
    : file_(file.string()), stream_(file, std::ios::binary) {
  require(stream_.good() && !std::filesystem::is_directory(file), file_,
          ": the file cannot be read");
  fill();
  if (std::string_view(buffer_).starts_with(mark_of_utf8)) at_ = mark_of_utf8.size();
  require(take_record(), file_,
          ": expected a head with the names of the columns, got an empty file");
  head_.assign(fields_.begin(), fields_.end());
}

std::size_t CsvStream::column(std::string_view name) const {
  CsvTable table;
  table.file = file_;
  table.head = head_;
  return table.column(name);
}

bool CsvStream::next() {
  if (!take_record()) return false;
  require(fields_.size() == head_.size(), file_, ":", line_, ": expected ", head_.size(),
          " fields as in the head, got ", fields_.size());
  return true;
}

void CsvStream::seek(std::uint64_t offset, long line) {
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(offset));
  buffer_.clear();
  at_ = 0;
  buffer_offset_ = offset;
  next_line_ = line;
}

// Drops what is behind `at_`, and reads on.
bool CsvStream::fill() {
  buffer_.erase(0, at_);
  buffer_offset_ += at_;
  at_ = 0;
  const std::size_t before = buffer_.size();
  require(before < longest_record, file_, ":", next_line_,
          ": a row has more than 64 MiB. Does a quote have no end?");
  buffer_.resize(before + bytes_at_once);
  stream_.read(buffer_.data() + before, bytes_at_once);
  buffer_.resize(before + static_cast<std::size_t>(std::max<std::streamsize>(0, stream_.gcount())));
  require(!stream_.bad(), file_, ": the file cannot be read on");
  return buffer_.size() > before;
}

bool CsvStream::take_record() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', at_);
    const bool whole = end != std::string::npos;
    if (!whole && fill()) continue;
    if (at_ == buffer_.size()) return false;
    const bool comment = buffer_[at_] == '#';
    const std::string_view text = std::string_view(buffer_).substr(at_, end - at_);
    offset_ = buffer_offset_ + at_;
    line_ = next_line_;
    if (text.find('"') == std::string_view::npos) {
      split(text);
      at_ = whole ? end + 1 : buffer_.size();
      ++next_line_;
    } else {
      std::size_t behind = at_;
      long line = next_line_;
      unquoted_ = csv_record(buffer_, behind, line);
      if (behind == buffer_.size() && fill()) continue;  // a line end may be part of a field
      fields_.assign(unquoted_.begin(), unquoted_.end());
      at_ = behind;
      next_line_ = line;
    }
    if (!comment && !(fields_.size() == 1 && fields_[0].empty())) return true;
  }
}

void CsvStream::split(std::string_view record) {
  fields_.clear();
  for (std::size_t from = 0;;) {
    const std::size_t comma = record.find(',', from);
    fields_.push_back(trimmed(record.substr(from, comma - from)));
    if (comma == std::string_view::npos) return;
    from = comma + 1;
  }
}

}  // namespace sonde
