#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// A table of texts: comma-separated values with a head, quoted as in RFC 4180. Blank lines and
/// lines that begin with # are passed over.
struct CsvTable {
  std::string file;               ///< for messages
  std::vector<std::string> head;  ///< names of the columns
  std::vector<std::vector<std::string>> rows;
  std::vector<long> lines;  ///< of each row in the file, from 1; or what `row` counts
  std::string row{};        ///< "run": what the lines are numbers of; empty: they are lines

  /// Where a row stands, for messages: "runs.csv:7", "old.h5: run 7".
  std::string place(std::size_t index) const;
  bool has(std::string_view column) const;
  /// \throws ArgumentError where there is none, with the nearest name, or more than one.
  std::size_t column(std::string_view name) const;
};

/// A record of the text from `at` on; leaves `at` behind its line end, adds the lines it spans.
std::vector<std::string> csv_record(const std::string& text, std::size_t& at, long& line);

/// \throws ArgumentError where it cannot be read, or a row has another number of fields than the
/// head.
CsvTable read_csv(const std::filesystem::path& file);
CsvTable parse_csv(const std::string& text, const std::string& file);
/// The same without the rows that have another number of fields: each a message in `bad`.
CsvTable parse_csv(const std::string& text, const std::string& file, std::vector<std::string>& bad);

/// The columns named as the parameters, in their order: (rows, d). A Choice by its label.
/// \throws ArgumentError with file, line and column name.
Points points_of(const CsvTable& table, const std::vector<Parameter>& parameters);
/// The columns named as the outputs: (rows, m); NaN where the column or the field is missing.
Matrix values_of(const CsvTable& table, const std::vector<Output>& outputs);

/// A number as a parameter's value: an Integer's must be whole, a Choice's is its label.
/// \throws ArgumentError that begins with `where`.
double parse_value(std::string_view text, const Parameter& parameter, const std::string& where);
/// The shortest text that reads back as the same double; a Choice's label.
std::string format_value(double value, const Parameter& parameter);

/// A value of an output as it is written: a number, or the name of a class; empty: NaN.
std::string format_value(double value, const Output& output);
/// What a text says of an output: a number, or the class that it names; nothing: it says nothing of
/// the kind.
std::optional<double> parse_value(std::string_view text, const Output& output);
/// "a number", "one of 'laminar', 'turbulent'": for messages
std::string expected_of(const Output& output);

/// The field, in quotes where it must be; of control characters only line ends and tabs are kept.
std::string csv_field(const std::string& text);

}  // namespace sonde
