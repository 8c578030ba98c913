#include "run/toml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include "base/nearest_name.hpp"

namespace sonde {
namespace {

Position place(const toml::source_region& region) {
  return {static_cast<long>(region.begin.line), static_cast<long>(region.begin.column)};
}

// In a text or a name: it would reach terminals and programs as it is.
struct ControlCharacter {
  Position at;
};

// Those that are no line end, no tab and no carriage return before a line end.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto letter = static_cast<unsigned char>(text[i]);
    if (letter == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if ((letter < 0x20 && letter != '\n' && letter != '\t') || letter == 0x7f) return true;
  }
  return false;
}

TomlValue converted(const toml::node& node);

// toml++ iterates in the order of the keys; the author's order is that of their places.
std::vector<TomlValue::Entry> entries_of(const toml::table& table) {
  std::vector<TomlValue::Entry> entries;
  for (const auto& [key, node] : table) {
    if (has_control(key.str())) throw ControlCharacter{place(key.source())};
    entries.push_back({std::string(key.str()), place(key.source()), converted(node)});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
  return entries;
}

TomlValue converted(const toml::node& node) {
  using Type = TomlValue::Type;
  TomlValue value;
  value.at = place(node.source());
  if (const auto* table = node.as_table()) {
    value.type = Type::Table;
    value.entries = entries_of(*table);
  } else if (const auto* array = node.as_array()) {
    value.type = Type::Array;
    for (const toml::node& item : *array) value.items.push_back(converted(item));
  } else if (const auto* text = node.as_string()) {
    value.type = Type::Text;
    value.text = text->get();
    if (has_control(value.text)) throw ControlCharacter{value.at};
  } else if (const auto* whole = node.as_integer()) {
    value.type = Type::Whole;
    value.whole = whole->get();
    value.number = static_cast<double>(value.whole);
  } else if (const auto* number = node.as_floating_point()) {
    value.type = Type::Number;
    value.number = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.type = Type::Flag;
    value.flag = flag->get();
  }
  return value;
}

std::string located(const std::string& file, const Position& at) {
  return fmt::format("{}:{}:{}: ", file, at.line, at.column);
}

}  // namespace

TomlValue parse_toml(const std::string& text, const std::string& name) {
  try {
    return converted(toml::parse(text, name));
  } catch (const ControlCharacter& found) {
    throw StudyError(located(name, found.at) + "expected a text without control characters");
  } catch (const toml::parse_error& failure) {
    std::string words(failure.description());
    // TOML 1.0 wants an inline table on one line; toml++ words that as an unexpected '\n'.
    if (words.find("inline table") != std::string::npos && words.find("\\n") != std::string::npos)
      words += ". A table in braces stands on one line; write a longer one as [table]";
    throw StudyError(located(name, place(failure.source())) + words);
  }
}

Position position_of(const TomlValue& document, std::initializer_list<std::string_view> path) {
  const TomlValue* value = &document;
  Position at = document.at;
  for (const std::string_view key : path) {
    const auto found = std::find_if(value->entries.begin(), value->entries.end(),
                                    [&](const auto& entry) { return entry.key == key; });
    if (found == value->entries.end()) break;
    at = found->at;
    value = &found->value;
  }
  return at;
}

std::string described(const TomlValue& value) {
  switch (value.type) {
    case TomlValue::Type::Text:
      return value.text.size() <= 60 ? fmt::format("\"{}\"", value.text)
                                     : fmt::format("\"{}...\"", value.text.substr(0, 57));
    case TomlValue::Type::Whole:
      return fmt::format("{}", value.whole);
    case TomlValue::Type::Number:
      return fmt::format("{}", value.number);
    case TomlValue::Type::Flag:
      return value.flag ? "true" : "false";
    case TomlValue::Type::Array: {
      std::string items;
      for (const TomlValue& item : value.items)
        items += (items.empty() ? "" : ", ") + described(item);
      return items.size() <= 60 ? "[" + items + "]"
                                : fmt::format("an array of {}", value.items.size());
    }
    case TomlValue::Type::Table:
      return "a table";
    case TomlValue::Type::Other:
      break;
  }
  return "a date or time";
}

std::optional<double> duration(std::string_view text) {
  double amount = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (problem != std::errc() || !std::isfinite(amount) || amount < 0.0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text == "s") return amount;
  if (text == "min") return 60.0 * amount;
  if (text == "h") return 3600.0 * amount;
  if (text == "d") return 86400.0 * amount;
  return std::nullopt;
}

std::optional<double> memory_size(std::string_view text) {
  double amount = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (problem != std::errc() || !std::isfinite(amount) || amount < 0.0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  constexpr std::array<std::pair<std::string_view, double>, 9> units = {{{"B", 1.0},
                                                                         {"kB", 1e3},
                                                                         {"MB", 1e6},
                                                                         {"GB", 1e9},
                                                                         {"TB", 1e12},
                                                                         {"KiB", 1024.0},
                                                                         {"MiB", 1048576.0},
                                                                         {"GiB", 1073741824.0},
                                                                         {"TiB", 1099511627776.0}}};
  for (const auto& [unit, size] : units)
    if (text == unit) return amount * size;
  return std::nullopt;
}

TomlReader::TomlReader(std::string file, std::string path, const TomlValue& table)
    : file_(std::move(file)), path_(std::move(path)), table_(&table) {}

std::string TomlReader::path(std::string_view key) const {
  if (path_.empty() || key.empty()) return path_ + std::string(key);
  return path_ + "." + std::string(key);
}

void TomlReader::refuse(const Position& at, std::string_view key, const std::string& words) const {
  const std::string where = path(key);
  throw StudyError(located(file_, at) + (where.empty() ? "" : where + ": ") + words);
}

const TomlValue* TomlReader::find(std::string_view key) {
  known_.emplace_back(key);
  for (const TomlValue::Entry& entry : table_->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

const TomlValue& TomlReader::needed(std::string_view key, std::string_view expected) {
  if (const TomlValue* value = find(key)) return *value;
  // A misspelt key is the likelier cause, and has a place of its own.
  for (const TomlValue::Entry& entry : table_->entries) {
    if (nearest_name(entry.key, {std::string(key)})) done();
  }
  refuse(table_->at, "", fmt::format("the key '{}' is missing; expected {}", key, expected));
}

const TomlValue* TomlReader::expect(std::string_view key, TomlValue::Type type,
                                    std::string_view expected) {
  const TomlValue* value = find(key);
  if (value && value->type != type)
    refuse(value->at, key, fmt::format("expected {}, got {}", expected, described(*value)));
  return value;
}

std::optional<std::string> TomlReader::text(std::string_view key) {
  const TomlValue* value = expect(key, TomlValue::Type::Text, "a text in quotes");
  if (!value) return std::nullopt;
  return value->text;
}

std::optional<double> TomlReader::number(std::string_view key) {
  const TomlValue* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number() || !std::isfinite(value->number))
    refuse(value->at, key, "expected a number, got " + described(*value));
  return value->number;
}

std::optional<double> TomlReader::positive(std::string_view key) {
  const TomlValue* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number() || !(value->number > 0.0) || !std::isfinite(value->number))
    refuse(value->at, key, "expected a number above 0, got " + described(*value));
  return value->number;
}

std::optional<std::int64_t> TomlReader::whole(std::string_view key, std::int64_t low,
                                              std::int64_t high) {
  const TomlValue* value = find(key);
  if (!value) return std::nullopt;
  if (value->type != TomlValue::Type::Whole || value->whole < low || value->whole > high)
    refuse(value->at, key,
           fmt::format("expected a whole number from {}{}, got {}", low,
                       high == INT64_MAX ? " on" : fmt::format(" to {}", high), described(*value)));
  return value->whole;
}

std::optional<bool> TomlReader::flag(std::string_view key) {
  const TomlValue* value = expect(key, TomlValue::Type::Flag, "true or false");
  if (!value) return std::nullopt;
  return value->flag;
}

std::optional<double> TomlReader::seconds(std::string_view key) {
  const std::string expected = "a duration such as \"30 s\", \"45 min\", \"12 h\" or \"2 d\"";
  const TomlValue* value = expect(key, TomlValue::Type::Text, expected);
  if (!value) return std::nullopt;
  const std::optional<double> amount = duration(value->text);
  if (!amount || *amount <= 0.0)
    refuse(value->at, key, "expected " + expected + ", got " + described(*value));
  constexpr double most = 36500.0 * 86400.0;
  if (*amount > most)
    refuse(value->at, key, "expected no more than 36500 d, got " + described(*value));
  return amount;
}

std::optional<double> TomlReader::bytes(std::string_view key) {
  const std::string expected = "a size such as \"4 GiB\", \"512 MB\" or \"100 kB\"";
  const TomlValue* value = expect(key, TomlValue::Type::Text, expected);
  if (!value) return std::nullopt;
  const std::optional<double> amount = memory_size(value->text);
  if (!amount || *amount < 1.0)
    refuse(value->at, key, "expected " + expected + ", got " + described(*value));
  return amount;
}

std::optional<std::vector<std::string>> TomlReader::texts(std::string_view key) {
  const TomlValue* value = expect(key, TomlValue::Type::Array, "an array of texts");
  if (!value) return std::nullopt;
  std::vector<std::string> items;
  for (const TomlValue& item : value->items) {
    if (item.type != TomlValue::Type::Text)
      refuse(item.at, key, "expected an array of texts, got " + described(item) + " in it");
    items.push_back(item.text);
  }
  return items;
}

std::optional<std::string> TomlReader::word(std::string_view key,
                                            const std::vector<std::string>& names,
                                            const std::vector<std::string>& later) {
  const TomlValue* value = expect(key, TomlValue::Type::Text, "a word in quotes");
  if (!value) return std::nullopt;
  const auto among = [&](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), value->text) != list.end();
  };
  if (among(names)) return value->text;
  if (among(later))
    refuse(value->at, key, described(*value) + " is not available in this version of Sonde");
  refuse(value->at, key, described(*value) + " is unknown" + suggestion(value->text, names));
}

std::optional<TomlReader> TomlReader::table(std::string_view key) {
  const TomlValue* value = expect(key, TomlValue::Type::Table, "a table");
  if (!value) return std::nullopt;
  return TomlReader(file_, path(key), *value);
}

std::vector<TomlReader> TomlReader::tables(std::string_view key) {
  std::vector<TomlReader> readers;
  const TomlValue* value = expect(key, TomlValue::Type::Array, "an array of tables in braces");
  if (!value) return readers;
  for (const TomlValue& item : value->items) {
    if (item.type != TomlValue::Type::Table)
      refuse(item.at, key, "expected an array of tables in braces, got " + described(item));
    readers.emplace_back(file_, fmt::format("{}[{}]", path(key), readers.size()), item);
  }
  return readers;
}

void TomlReader::not_available(std::initializer_list<std::string_view> keys) {
  for (const TomlValue::Entry& entry : table_->entries) {
    if (std::find(keys.begin(), keys.end(), entry.key) != keys.end())
      throw StudyError(located(file_, entry.at) + "key '" + entry.key +
                       "' is not available in this version of Sonde");
  }
}

void TomlReader::done() const {
  for (const TomlValue::Entry& entry : table_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    std::vector<std::string> known;  // each once, in the order in which they were looked for
    for (const std::string& key : known_) {
      if (std::find(known.begin(), known.end(), key) == known.end()) known.push_back(key);
    }
    throw StudyError(located(file_, entry.at) + "key '" + entry.key + "' is unknown here" +
                     suggestion(entry.key, known));
  }
}

}  // namespace sonde
