#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "run/csv.hpp"
#include "sonde/base/error.hpp"

namespace {

using namespace sonde;

const std::vector<Parameter>& parameters() {
  static const std::vector<Parameter> known{
      {.name = "chord", .lower = 120.0, .upper = 180.0},
      {.name = "ribs", .scale = Scale::Integer, .lower = 2.0, .upper = 8.0},
      {.name = "skin",
       .scale = Scale::Choice,
       .lower = 0.0,
       .upper = 1.0,
       .labels = {"AL", "CFRP"}}};
  return known;
}

std::string line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t j = 0; j < fields.size(); ++j) line += (j > 0 ? "," : "") + csv_field(fields[j]);
  return line + '\n';
}

// Where no field has what csv_field() leaves out, and no line looks like a remark or an empty one.
bool is_plain(const CsvTable& table) {
  const auto plain = [](const std::vector<std::string>& fields) {
    for (const std::string& field : fields)
      for (const char c : field)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    return !fields.empty() && !fields[0].empty() && fields[0][0] != '#' &&
           fields[0].find_first_not_of(" ") != std::string::npos;
  };
  if (!plain(table.head)) return false;
  for (const std::vector<std::string>& row : table.rows)
    if (!plain(row)) return false;
  return true;
}

void expect_written_reads_back(const CsvTable& table) {
  if (!is_plain(table)) return;
  std::string text = line_of(table.head);
  for (const std::vector<std::string>& row : table.rows) text += line_of(row);
  const CsvTable again = parse_csv(text, "again.csv");
  fuzz::expect(again.head == table.head && again.rows == table.rows,
               "a table that is written reads back");
}

void expect_values_read_back(const CsvTable& table) {
  const Points points = points_of(table, parameters());
  values_of(table, {{.name = "drag", .unit = "N"}});
  for (Index i = 0; i < points.rows(); ++i) {
    for (std::size_t j = 0; j < parameters().size(); ++j) {
      const double value = points(i, static_cast<Index>(j));
      const std::string text = format_value(value, parameters()[j]);
      fuzz::expect(parse_value(text, parameters()[j], "again") == value,
                   "a value that is written reads back");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  std::vector<std::string> bad;
  try {
    parse_csv(text, "runs.csv", bad);
  } catch (const ArgumentError&) {
  }
  try {
    const CsvTable table = parse_csv(text, "runs.csv");
    fuzz::expect(bad.empty(), "a table without bad rows has none");
    expect_written_reads_back(table);
    expect_values_read_back(table);
  } catch (const ArgumentError&) {
  }
  return 0;
}
