#include "oracle/extraction.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "oracle/file.hpp"
#include "oracle/number.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using Source = Extraction::Source;

Reading problem(std::string words) {
  return {.problem = std::move(words)};
}

Pattern compiled(const std::string& text, const std::string& where) {
  try {
    return Pattern(text);
  } catch (const StudyError& refused) {
    throw StudyError(where + ": " + refused.what());
  }
}

Reading pattern_group(const RunOutput& output, const Extraction& from, const Pattern& pattern) {
  std::optional<std::string> found;
  std::string trouble;
  const std::string unread = output.each_window(from.file, [&](std::string_view text) {
    try {
      pattern.each(text, [&](std::string_view, std::string_view group) {
        found = group;
        return from.take == Extraction::Take::Last;
      });
    } catch (const Error& costly) {
      trouble = costly.what();
      return false;
    }
    return !(found && from.take == Extraction::Take::First);
  });
  if (!unread.empty()) return problem(unread);
  if (!trouble.empty()) return problem(trouble);
  if (!found) return problem("'" + from.file + "' has nothing that matches " + pattern.text());
  return {.text = *found, .number = number_in(*found)};
}

// ---- tables

// ',' ';' or a tab, whichever stands most often in the line; else blanks.
char separator_of(std::string_view line) {
  char best = ' ';
  std::ptrdiff_t most = 0;
  for (const char candidate : {',', ';', '\t'}) {
    const std::ptrdiff_t count = std::count(line.begin(), line.end(), candidate);
    if (count > most) best = candidate;
    most = std::max(most, count);
  }
  return best;
}

std::string without_blanks(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(cell.substr(first, cell.find_last_not_of(" \t") - first + 1));
}

std::vector<std::string> cells_of(std::string_view line, char separator) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank = separator == ' ' && (c == ' ' || c == '\t');
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      cell += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == separator || blank)) {
      if (!blank || !cell.empty()) cells.push_back(without_blanks(cell));
      cell.clear();
    } else {
      cell += c;
    }
  }
  if (separator != ' ' || !cell.empty()) cells.push_back(without_blanks(cell));
  return cells;
}

std::optional<std::size_t> as_index(const std::string& text) {
  std::size_t index = 0;
  const auto [end, refused] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (refused != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return index;
}

// A table that passes by, line after line.
class Table {
 public:
  explicit Table(const Extraction& from) : from_(from) {}

  // Whether more lines are wanted.
  bool take(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) return true;
    if (!column_ && problem_.empty()) return take_first(line);
    if (line.front() == '#') return true;
    return take_row(cells_of(line, separator_));
  }

  Reading reading() const {
    if (!problem_.empty()) return {.problem = problem_};
    if (!found_)
      return problem("'" + from_.file + "' has " + std::to_string(rows_) + " rows, expected " +
                     (from_.row < 0 ? "one at least" : "row " + std::to_string(from_.row)));
    return {.text = *found_, .number = number_in(*found_)};
  }

 private:
  bool take_first(std::string_view line) {
    if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    const bool comment = line.starts_with('#');
    if (comment) line.remove_prefix(1);
    separator_ = separator_of(line);
    const std::vector<std::string> cells = cells_of(line, separator_);
    // Where all cells are numbers, a column "1" is the second one, not the one that begins with 1.
    const bool words = std::any_of(cells.begin(), cells.end(),
                                   [](const std::string& cell) { return !number_in(cell); });
    const auto named = words ? std::find(cells.begin(), cells.end(), from_.column) : cells.end();
    const auto index = as_index(from_.column);
    if (named != cells.end()) {
      column_ = static_cast<std::size_t>(named - cells.begin());
      return true;
    }
    if (!index) {
      if (comment) return true;
      std::string heads;
      for (const std::string& cell : cells) heads += (heads.empty() ? "" : ", ") + cell;
      problem_ =
          "'" + from_.file + "' has no column '" + from_.column + "'; it has " + printable(heads);
      return false;
    }
    column_ = index;
    const bool head = comment || (*index < cells.size() && !number_in(cells[*index]));
    return head || take_row(cells);
  }

  bool take_row(const std::vector<std::string>& cells) {
    const long row = rows_++;
    if (from_.row >= 0 && row != from_.row) return true;
    found_.reset();
    problem_.clear();
    if (*column_ < cells.size()) {
      found_ = cells[*column_];
    } else {
      problem_ = "'" + from_.file + "', row " + std::to_string(row) + ": expected a column '" +
                 from_.column + "', got " + std::to_string(cells.size()) + " columns";
    }
    return from_.row < 0;
  }

  const Extraction& from_;
  char separator_ = ',';
  std::optional<std::size_t> column_;
  long rows_ = 0;
  std::optional<std::string> found_;
  std::string problem_;
};

}  // namespace

Reading table_cell(const RunOutput& output, const Extraction& from) {
  Table table(from);
  const std::string unread = output.each_window(from.file, [&](std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      if (!table.take(text.substr(0, end))) return false;
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return true;
  });
  return unread.empty() ? table.reading() : problem(unread);
}

Extractor::Extractor(Extraction from, std::string member, std::string name,
                     const std::string& where)
    : from_(std::move(from)), member_(std::move(member)), name_(std::move(name)) {
  require<StudyError>(from_.source != Source::ByIndex, where,
                      ": values are taken by number from servers only");
  if (from_.source == Source::StdoutJson) return;
  require<StudyError>(stays_below(from_.file), where,
                      ": expected a file in the run's directory, got '", from_.file, "'");
  if (from_.source == Source::Regex) {
    pattern_ = compiled(from_.pattern, where);
    require<StudyError>(pattern_->has_group(), where, ": regular expression '", from_.pattern,
                        "' has no group. Put the number into one: (?<v>\\S+)");
  }
  if (from_.source == Source::Json) check_json_pointer(from_.path, where);
  if (from_.source == Source::Csv) {
    require<StudyError>(!from_.column.empty(), where, ": expected a column, by its head or number");
    require<StudyError>(from_.row >= -1, where, ": expected a row from 0, or -1 for the last, got ",
                        from_.row);
  }
}

Reading Extractor::read(const RunOutput& output) const {
  Reading reading;
  switch (from_.source) {
    case Source::StdoutJson:
      reading = json_line_value(output, member_, name_);
      break;
    case Source::Json:
      reading = json_value(output, from_);
      break;
    case Source::Regex:
      reading = pattern_group(output, from_, *pattern_);
      break;
    case Source::Csv:
      reading = table_cell(output, from_);
      break;
    case Source::ByIndex:
      reading.problem = "a program has no values by number";
      break;
  }
  if (reading.number) *reading.number *= from_.factor;
  return reading;
}

Reading Extractor::number(const RunOutput& output) const {
  Reading reading = read(output);
  if (!reading.problem.empty() || reading.number) return reading;
  const bool comma = reading.text.find(',') != std::string::npos;
  reading.problem = "'" + printable(reading.text, 60) + "' is no number" +
                    (comma ? " (a decimal comma? Run it with env = { LC_ALL = \"C\" })" : "");
  return reading;
}

}  // namespace sonde
