#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sonde/base/error.hpp"

namespace sonde {

/// A place in a text, both from 1.
struct Position {
  long line = 1;
  long column = 1;
};

/// A value of a TOML document and where it stands. Tables keep the author's order.
struct TomlValue {
  enum class Type { Text, Whole, Number, Flag, Array, Table, Other };
  struct Entry;

  Type type = Type::Other;
  Position at{};
  std::string text{};  ///< of a Text
  std::int64_t whole = 0;
  double number = 0.0;  ///< of a Number, and of a Whole
  bool flag = false;
  std::vector<TomlValue> items{};  ///< of an Array
  std::vector<Entry> entries;      ///< of a Table

  bool is_number() const noexcept { return type == Type::Whole || type == Type::Number; }
};

struct TomlValue::Entry {
  std::string key;
  Position at;  ///< of the key
  TomlValue value;
};

/// \param name of the text, for messages \throws StudyError `name:line:column: what is wrong`
TomlValue parse_toml(const std::string& text, const std::string& name);

/// Of the value at `path`, say {"constraints", "area"}; of as much of it as there is.
Position position_of(const TomlValue& document, std::initializer_list<std::string_view> path);

/// As a person would write it: "5 mm" in double quotes, 3.5, true, "an array of 3".
std::string described(const TomlValue& value);

/// "45 min", "12 h", "30 s", "2 d" in seconds; nothing for another text.
std::optional<double> duration(std::string_view text);

/// "4 GiB", "512 MB", "100 kB" in bytes; nothing for another text.
std::optional<double> memory_size(std::string_view text);

/// A table of a study, read key by key. What nobody has asked for when done() is called is unknown.
/// Every message begins with file, line, column and the path of the key.
class TomlReader {
 public:
  /// \pre `table` is a Table that outlives this.
  TomlReader(std::string file, std::string path, const TomlValue& table);

  const TomlValue* find(std::string_view key);  ///< null where absent
  /// \throws StudyError where absent.
  const TomlValue& needed(std::string_view key, std::string_view expected);

  std::optional<std::string> text(std::string_view key);
  std::optional<double> number(std::string_view key);
  std::optional<double> positive(std::string_view key);
  std::optional<std::int64_t> whole(std::string_view key, std::int64_t low, std::int64_t high);
  std::optional<bool> flag(std::string_view key);
  std::optional<double> seconds(std::string_view key);
  std::optional<double> bytes(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);
  /// One of the names; another one is answered with the nearest. Of `later` ones it says that they
  /// are not available in this version.
  std::optional<std::string> word(std::string_view key, const std::vector<std::string>& names,
                                  const std::vector<std::string>& later = {});
  /// The table below `key`, a reader of its own.
  std::optional<TomlReader> table(std::string_view key);
  /// The array of tables below `key`; none where it is absent.
  std::vector<TomlReader> tables(std::string_view key);

  /// Keys of a later version: their presence is refused, saying so.
  void not_available(std::initializer_list<std::string_view> keys);
  /// \throws StudyError at the first unknown key, with the nearest known one.
  void done() const;

  /// `file:line:column: path.key: words`, as a StudyError.
  [[noreturn]] void refuse(const Position& at, std::string_view key,
                           const std::string& words) const;

  const TomlValue& value() const noexcept { return *table_; }
  const std::string& file() const noexcept { return file_; }
  std::string path(std::string_view key) const;

 private:
  const TomlValue* expect(std::string_view key, TomlValue::Type type, std::string_view expected);

  std::string file_;
  std::string path_;  // of this table, empty for the document
  const TomlValue* table_;
  std::vector<std::string> known_;
};

}  // namespace sonde
