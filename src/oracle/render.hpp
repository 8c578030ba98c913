#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sonde/oracle/process.hpp"

namespace sonde {

/// What stands for {{...}} in one run: names with values, made once a query.
class Values {
 public:
  /// The names alone, for checking templates before any run.
  Values(const std::vector<Parameter>& inputs, const TemplateValues& others);
  /// \throws StudyError where a derived quantity is not finite.
  Values(const std::vector<Parameter>& inputs, const TemplateValues& others, const Query& query,
         int attempt);

  /// What {{name|format}} becomes. \throws StudyError without a place.
  std::string text(std::string_view name, std::string_view format) const;
  /// Throws what text() would throw for names and formats.
  void check(std::string_view name, std::string_view format) const;

 private:
  enum class Kind { Real, Whole, Word };
  struct Entry {
    std::string name;
    Kind kind;
    double number = 0.0;  // Real
    long long whole = 0;  // Whole
    std::string word{};   // Word
  };
  const Entry& entry(std::string_view name) const;

  std::vector<Entry> entries_;
};

/// A text with {{name}} and {{name|%.8g}} in it, taken apart once.
class Template {
 public:
  /// \param name in messages  \throws StudyError with line and column.
  Template(std::string_view text, std::string name, const Values& names);

  std::string rendered(const Values& values) const;
  /// The formats with which `name` is written, "" where it is written in full.
  std::vector<std::string> formats_of(std::string_view name) const;

 private:
  struct Place {
    std::string name;
    std::string format;
    std::size_t line;
    std::size_t column;
  };
  [[noreturn]] void refuse(const Place& at, const std::string& why) const;

  std::string name_;
  std::vector<std::variant<std::string, Place>> pieces_;
};

/// {"id": 12, "attempt": 1, "x": {"a": 2.5, "material": "CFRP"}} and a line end.
std::string question_line(const std::vector<Parameter>& inputs, const Query& query, int attempt);

/// The program at the head of `run`, found; see arguments(). \throws OracleError
std::string program_path(const std::string& program, const std::filesystem::path& study_directory);

}  // namespace sonde
