#include "cli/fitting_cost.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <limits>

#include "cli/exit_status.hpp"

namespace sonde::cli {
namespace {

constexpr double matrices = 5.0;       // n x n: covariance, factor, inverse, gradient, a spare one
constexpr double evaluations = 100.0;  // of the evidence, in a search
constexpr double flops_each = 2.0;     // times n^3
constexpr double flops_a_second = 1e10;  // of a core
constexpr double spare = 0.8;            // of the memory, that may be taken

std::optional<double> number_in(const char* file) {
  std::ifstream stream(file);
  double number = 0.0;
  if (stream >> number) return number;
  return std::nullopt;
}

std::optional<double> machine_memory() {
  std::ifstream stream("/proc/meminfo");
  std::string name, unit;
  double amount = 0.0;
  while (stream >> name >> amount) {
    std::getline(stream, unit);
    if (name == "MemAvailable:") return 1024.0 * amount;
  }
  return std::nullopt;
}

// What the control group's use counts, but gives back when asked: files that were read or written.
double reclaimable() {
  std::ifstream stream("/sys/fs/cgroup/memory.stat");
  std::string name;
  double bytes = 0.0, sum = 0.0;
  while (stream >> name >> bytes) {
    if (name == "inactive_file" || name == "active_file" || name == "slab_reclaimable")
      sum += bytes;
  }
  return sum;
}

std::string words_of(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", std::max(1.0, seconds));
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 172800) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86400);
}

bool agreed_on_terminal(const std::string& words) {
  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return false;
  std::fprintf(stderr, "sonde: %s.\nGo on? [y/N] ", words.c_str());
  std::string line;
  std::getline(std::cin, line);
  return line == "y" || line == "Y" || line == "yes";
}

}  // namespace

FittingCost fitting_cost(Index runs, int threads) {
  const double n = static_cast<double>(runs);
  return {8.0 * matrices * n * n,
          evaluations * flops_each * n * n * n / (flops_a_second * std::max(1, threads))};
}

std::optional<double> available_memory() {
  std::optional<double> available = machine_memory();
  const auto limit = number_in("/sys/fs/cgroup/memory.max");
  const auto used = number_in("/sys/fs/cgroup/memory.current");
  if (limit && used) {
    const double left = std::max(0.0, *limit - *used + reclaimable());
    available = available ? std::min(*available, left) : left;
  }
  return available;
}

std::string fitting_words(Index runs, int threads) {
  const FittingCost cost = fitting_cost(runs, threads);
  return fmt::format(
      "fitting {} runs takes about {:.1f} GB of memory and {} for each search for its parameters",
      runs, cost.bytes / 1e9, words_of(cost.seconds));
}

Index most_runs() {
  const std::optional<double> available = available_memory();
  if (!available) return std::numeric_limits<Index>::max();
  return static_cast<Index>(std::sqrt(spare * *available / (8.0 * matrices)));
}

void agree_to_fitting(Index runs, int threads, bool yes) {
  if (runs <= many_runs) return;
  const std::string words = fitting_words(runs, threads);
  require<UsageError>(runs <= most_runs(), words, "; there is memory for ", most_runs(),
                      " runs. Lower [stop] runs, or take a machine with more memory");
  if (yes || agreed_on_terminal(words)) return;
  throw UsageError(words + ". Go on with --yes, or lower [stop] runs");
}

}  // namespace sonde::cli
