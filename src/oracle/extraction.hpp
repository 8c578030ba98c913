#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oracle/pattern.hpp"
#include "oracle/run_output.hpp"
#include "sonde/oracle/process.hpp"

namespace sonde {

/// What stood where a number was looked for. `problem` says what was wrong where it is not "".
struct Reading {
  std::string text{};              ///< as it stood there
  std::optional<double> number{};  ///< times the factor; NaN and infinite where that was written
  std::string problem{};
};

/// An Extraction, made ready once and used for every run.
class Extractor {
 public:
  /// \param member "y" or "x": which object of the line on standard output
  /// \param name of the output or the input, `where` in messages: "outputs.drag"
  /// \throws StudyError where pattern, pointer or column cannot work.
  Extractor(Extraction from, std::string member, std::string name, const std::string& where);

  const Extraction& from() const noexcept { return from_; }
  const std::string& name() const noexcept { return name_; }

  Reading read(const RunOutput& output) const;    ///< the text as it stands, and the number
  Reading number(const RunOutput& output) const;  ///< a problem also where it is no number

 private:
  Extraction from_;
  std::string member_;
  std::string name_;
  std::optional<Pattern> pattern_;
};

/// The reason in a line {"failed": "reason"} that ends standard output, "" where there is none.
std::string told_failure(const RunOutput& output);

/// A column of a text table: by head or number, by row or the last. Comma, semicolon, tab or blanks
/// between cells, quotes around them; lines that begin with # are passed over, a head may.
Reading table_cell(const RunOutput& output, const Extraction& from);

/// A value by its JSON pointer.
Reading json_value(const RunOutput& output, const Extraction& from);

/// `name` in object `member` of the last line of standard output that has one.
Reading json_line_value(const RunOutput& output, const std::string& member,
                        const std::string& name);

/// \throws StudyError, `where` in its message.
void check_json_pointer(const std::string& path, const std::string& where);

}  // namespace sonde
