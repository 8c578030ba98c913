#include "supervisor/capped_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sonde/base/error.hpp"

namespace sonde {

CappedFile::CappedFile(std::string name, std::size_t part)
    : name_(std::move(name)),
      part_(part),
      file_(::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666)) {
  require<Error>(bool(file_), name_, ": cannot be written (", system_message(errno), ")");
}

void CappedFile::append(std::string_view text) {
  const std::string_view fits = text.substr(0, part_ - std::min(part_, head_));
  if (!fits.empty()) {
    write(fits);
    const std::size_t line_end = fits.rfind('\n');
    if (line_end != std::string_view::npos) whole_lines_ = head_ + line_end + 1;
    head_ += fits.size();
  }
  tail_ += text.substr(fits.size());
  // Rarely, so that the cost of moving is spread over as many bytes as are moved.
  if (tail_.size() > 2 * part_) shorten_tail();
}

void CappedFile::finish() {
  if (tail_.size() > part_) shorten_tail();
  if (dropped_ > 0) {
    const std::size_t first_line = tail_.find('\n');
    if (first_line != std::string::npos) {
      tail_.erase(0, first_line + 1);
      dropped_ += first_line + 1;
    }
    if (whole_lines_ > 0 && ::ftruncate(file_.number(), static_cast<off_t>(whole_lines_)) == 0 &&
        ::lseek(file_.number(), 0, SEEK_END) >= 0)
      dropped_ += head_ - whole_lines_;
    const std::string line_end = whole_lines_ > 0 ? "" : "\n";
    write(line_end + "[sonde-run: " + std::to_string(dropped_) + " bytes left out]\n");
  }
  write(tail_);
  ::fsync(file_.number());
}

void CappedFile::write(std::string_view text) {
  if (!trouble_.empty()) return;
  try {
    write_all(file_.number(), text, name_);
  } catch (const Error& refused) {
    trouble_ = refused.what();
  }
}

void CappedFile::shorten_tail() {
  const std::size_t excess = tail_.size() - part_;
  tail_.erase(0, excess);
  dropped_ += excess;
}

}  // namespace sonde
