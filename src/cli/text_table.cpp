#include "cli/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sonde::cli {
namespace {

bool reads_as_number(const std::string& cell) {
  const std::size_t first = cell.find_first_not_of("<>~ ");
  if (first == std::string::npos || cell == "-") return true;
  const char c = cell[first];
  return std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '+';
}

}  // namespace

std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string printable(const std::string& text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F steer as well.
    const bool second = c == 0xc2 && i + 1 < text.size() &&
                        static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                        static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (second) ++i;
    clean += second || c < 0x20 || c == 0x7f ? '?' : text[i];
  }
  return clean;
}

std::string printable_lines(const std::string& text) {
  std::string clean;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    clean += (begin > 0 ? "\n" : "") + printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return clean;
}

std::string text_table(const std::vector<std::vector<std::string>>& rows,
                       const std::string& indent) {
  std::size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> right(columns, true);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      widths[j] = std::max(widths[j], shown_width(rows[i][j]));
      if (i > 0 && !reads_as_number(rows[i][j])) right[j] = false;
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const std::string blanks(widths[j] - shown_width(row[j]), ' ');
      line += (j ? "  " : "") + (right[j] ? blanks + row[j] : row[j] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string shown(double number, int digits) {
  if (!std::isfinite(number)) return "-";
  return fmt::format("{:.{}g}", number, digits);
}

std::string shown_percent(double share) {
  if (std::isnan(share)) return "-";
  const double percent = 100.0 * share;
  if (percent != 0.0 && std::abs(percent) < 0.095) return fmt::format("{:.2g} %", percent);
  return fmt::format("{:.1f} %", percent);
}

std::string shown_time(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0.0) return "-";
  const auto whole = static_cast<long long>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace sonde::cli
