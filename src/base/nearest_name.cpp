#include "base/nearest_name.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace sonde {
namespace {

std::string lowered(std::string_view text) {
  std::string low(text);
  for (char& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return low;
}

// Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
std::size_t slips(const std::string& a, const std::string& b) {
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> before(columns), last(columns), now(columns);
  for (std::size_t j = 0; j < columns; ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j < columns; ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({changed, last[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last.back();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& known) {
  const std::string wanted = lowered(name);
  if (wanted.size() > 100) return std::nullopt;
  std::optional<std::string> nearest;
  std::size_t fewest = wanted.size() < 4 ? 2 : 3;
  for (const std::string& candidate : known) {
    const std::size_t distance = slips(wanted, lowered(candidate));
    if (distance < fewest) {
      fewest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  if (const auto nearest = nearest_name(name, known)) return "; did you mean '" + *nearest + "'?";
  std::string words;
  for (std::size_t i = 0; i < known.size(); ++i) {
    words += i == 0 ? "; known are '" : i + 1 == known.size() ? " and '" : ", '";
    words += known[i] + "'";
  }
  return words;
}

}  // namespace sonde
