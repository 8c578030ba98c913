#include "supervisor/progress_watch.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <utility>

#include "oracle/run_record.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr int max_files = 20'000;

double scan_period(double limit) {
  return std::clamp(limit / 8.0, 0.01, 10.0);
}

// Of names, sizes and times of all files; a sum, as the order in which they come is nobody's.
std::uint64_t fingerprint(const std::string& folder) {
  std::uint64_t sum = 0;
  std::error_code refused;
  int files = 0;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         refused);
  for (; !refused && entry != fs::recursive_directory_iterator() && files < max_files;
       entry.increment(refused), ++files) {
    if (entry.depth() == 0 && entry->path().filename() == run_files::folder) {
      entry.disable_recursion_pending();
      continue;
    }
    std::error_code gone;
    const auto time = fs::last_write_time(entry->path(), gone).time_since_epoch().count();
    const std::uintmax_t size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    const auto mixed = (static_cast<std::uint64_t>(time) * 0x9e3779b97f4a7c15u) ^
                       (static_cast<std::uint64_t>(size) * 0xbf58476d1ce4e5b9u);
    sum += (std::hash<std::string>{}(entry->path().native()) ^ mixed) * 0x94d049bb133111ebu;
  }
  return sum;
}

}  // namespace

ProgressWatch::ProgressWatch(double limit, double now, std::string folder)
    : folder_(std::move(folder)),
      limit_(limit),
      last_sign_(now),
      next_scan_(now + scan_period(limit)),
      fingerprint_(std::isfinite(limit) ? fingerprint(folder_) : 0) {}

bool ProgressWatch::stalled(double now) {
  if (!std::isfinite(limit_)) return false;
  if (now >= next_scan_) {
    next_scan_ = now + scan_period(limit_);
    const std::uint64_t seen = fingerprint(folder_);
    if (seen != fingerprint_) last_sign_ = now;
    fingerprint_ = seen;
  }
  return now - last_sign_ >= limit_;
}

double ProgressWatch::next_look() const {
  if (!std::isfinite(limit_)) return std::numeric_limits<double>::infinity();
  return std::min(next_scan_, last_sign_ + limit_);
}

}  // namespace sonde
