#include "run/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "base/nearest_name.hpp"
#include "base/text.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::optional<double> parse_number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double number = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::vector<std::string> csv_record(const std::string& text, std::size_t& at, long& line) {
  std::vector<std::string> fields;
  std::string field;
  bool quoted = false, was_quoted = false;
  const auto close = [&] {
    fields.push_back(was_quoted ? field : std::string(trimmed(field)));
    field.clear();
    was_quoted = false;
  };
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        field += text[++at];
      } else {
        quoted = false;
      }
    } else if (c == '"' && trimmed(field).empty()) {
      field.clear();
      quoted = was_quoted = true;
    } else if (c == ',') {
      close();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (!was_quoted || !trimmed(std::string_view(&c, 1)).empty()) {
      field += c;
    }
  }
  close();
  return fields;
}

bool CsvTable::has(std::string_view column) const {
  return std::find(head.begin(), head.end(), column) != head.end();
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(head.begin(), head.end(), name);
  require(found != head.end(), file, ": there is no column '", name, "'", suggestion(name, head));
  require(std::find(found + 1, head.end(), name) == head.end(), file, ": there are two columns '",
          name, "'. Rename the one that is not meant");
  return static_cast<std::size_t>(found - head.begin());
}

std::string CsvTable::place(std::size_t index) const {
  return row.empty() ? concat(file, ":", lines[index]) : concat(file, ": ", row, " ", lines[index]);
}

CsvTable parse_csv(const std::string& text, const std::string& file) {
  std::vector<std::string> bad;
  CsvTable table = parse_csv(text, file, bad);
  require(bad.empty(), bad.empty() ? "" : bad.front());
  return table;
}

CsvTable parse_csv(const std::string& text, const std::string& file,
                   std::vector<std::string>& bad) {
  CsvTable table;
  table.file = file;
  std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  long line = 1;
  bool headed = false;
  while (at < text.size()) {
    const long begins = line;
    const bool comment = text[at] == '#';
    std::vector<std::string> fields = csv_record(text, at, line);
    if (comment || (fields.size() == 1 && fields[0].empty())) continue;
    if (!headed) {
      table.head = std::move(fields);
      headed = true;
      continue;
    }
    if (fields.size() != table.head.size()) {
      bad.push_back(concat(file, ":", begins, ": expected ", table.head.size(),
                           " fields as in the head, got ", fields.size()));
      continue;
    }
    table.rows.push_back(std::move(fields));
    table.lines.push_back(begins);
  }
  require(headed, file, ": expected a head with the names of the columns, got an empty file");
  return table;
}

CsvTable read_csv(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  require(stream.good() && !std::filesystem::is_directory(file), file.string(),
          ": the file cannot be read");
  constexpr std::size_t most = 1u << 30, at_once = 1u << 20;
  std::string text;
  while (stream) {
    const std::size_t before = text.size();
    text.resize(before + at_once);
    stream.read(text.data() + before, at_once);
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
    require(text.size() < most, file.string(), ": a table has at most 1 GiB, this one has more");
  }
  return parse_csv(text, file.string());
}

double parse_value(std::string_view text, const Parameter& parameter, const std::string& where) {
  if (parameter.scale == Scale::Choice) {
    const auto found = std::find(parameter.labels.begin(), parameter.labels.end(), text);
    require(found != parameter.labels.end(), where, ": '", text, "' is no value of '",
            parameter.name, "'", suggestion(text, parameter.labels));
    return static_cast<double>(found - parameter.labels.begin());
  }
  const std::optional<double> number = parse_number(text);
  require(number && std::isfinite(*number), where, ": expected a number, got '", text, "'");
  require(parameter.scale != Scale::Integer || *number == std::round(*number), where,
          ": expected a whole number, got '", text, "'");
  return *number;
}

std::string format_value(double value, const Parameter& parameter) {
  if (parameter.scale == Scale::Choice) {
    const auto label = static_cast<std::size_t>(value);
    if (value >= 0.0 && label < parameter.labels.size()) return parameter.labels[label];
  }
  return fmt::format("{}", value);
}

Points points_of(const CsvTable& table, const std::vector<Parameter>& parameters) {
  std::vector<std::size_t> columns;
  for (const Parameter& parameter : parameters) columns.push_back(table.column(parameter.name));
  Points points(static_cast<Index>(table.rows.size()), static_cast<Index>(parameters.size()));
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const std::string where = fmt::format("{}: column '{}'", table.place(i), parameters[j].name);
      points(static_cast<Index>(i), static_cast<Index>(j)) =
          parse_value(table.rows[i][columns[j]], parameters[j], where);
    }
  }
  return points;
}

Matrix values_of(const CsvTable& table, const std::vector<Output>& outputs) {
  Matrix values =
      Matrix::Constant(static_cast<Index>(table.rows.size()), static_cast<Index>(outputs.size()),
                       std::numeric_limits<double>::quiet_NaN());
  for (std::size_t j = 0; j < outputs.size(); ++j) {
    if (!table.has(outputs[j].name)) continue;
    const std::size_t column = table.column(outputs[j].name);
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const std::string& field = table.rows[i][column];
      if (field.empty()) continue;
      const std::optional<double> number = parse_value(field, outputs[j]);
      require(number.has_value(), table.place(i), ": column '", outputs[j].name, "': expected ",
              expected_of(outputs[j]), " or nothing, got '", field, "'");
      values(static_cast<Index>(i), static_cast<Index>(j)) = *number;
    }
  }
  return values;
}

std::string format_value(double value, const Output& output) {
  if (std::isnan(value)) return "";
  const auto place = static_cast<std::size_t>(value);
  if (output.is_class() && value >= 0.0 && place < output.values.size())
    return output.values[place];
  return fmt::format("{}", value);
}

std::optional<double> parse_value(std::string_view text, const Output& output) {
  if (!output.is_class()) return parse_number(text);
  return class_called(text, output);
}

std::string expected_of(const Output& output) {
  if (!output.is_class()) return "a number";
  std::string words = "one of ";
  for (std::size_t i = 0; i < output.values.size(); ++i)
    words += (i > 0 ? ", '" : "'") + output.values[i] + "'";
  return words;
}

std::string csv_field(const std::string& text) {
  std::string clean = text;
  for (char& c : clean) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && c != '\n' && c != '\r' && c != '\t') c = '?';
  }
  if (clean.find_first_of(",\"\r\n") == std::string::npos && !clean.starts_with('#') &&
      !clean.starts_with(byte_order_mark) && trimmed(clean) == clean)
    return clean;
  std::string quoted = "\"";
  for (const char c : clean) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace sonde
