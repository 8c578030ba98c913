#include "cli/study_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <string_view>

#include "run/toml_reader.hpp"

namespace sonde::cli {
namespace {

using Free = std::function<bool(const std::string& path)>;

bool among(const std::string& path, std::initializer_list<std::string_view> paths) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

// How runs are made, judged and ended, not what is simulated.
bool is_operation(const std::string& path) {
  if (among(path, {"title",
                   "stop",
                   "cost",
                   "echo",
                   "review",
                   "tags",
                   "gold",
                   "slurm",
                   "simulator.where",
                   "simulator.cheap",
                   "method.batch",
                   "method.query",
                   "method.margin",
                   "method.per",
                   "method.weights",
                   "constraints",
                   "validation",
                   "pool",
                   "stream",
                   "hybrid",
                   "segments",
                   "simulator.parallel",
                   "simulator.timeout",
                   "simulator.stall",
                   "simulator.retries",
                   "simulator.fail_when",
                   "simulator.succeed_when",
                   "simulator.exit",
                   "simulator.keep",
                   "simulator.on_death",
                   "simulator.on_failure",
                   "simulator.pause",
                   "simulator.version",
                   "simulator.nudge",
                   "simulator.limits",
                   "simulator.tokens",
                   "tokens",
                   "simulator.urls",
                   "simulator.input_sizes",
                   "simulator.output_sizes",
                   "simulator.people",
                   "simulator.dispute",
                   "simulator.agree"}))
    return true;
  return path.starts_with("outputs.") &&
         (path.ends_with(".from") || path.ends_with(".accept") || path.ends_with(".tolerance"));
}

// Of the domain, on which parameters depend.
bool is_bounds(const std::string& path) {
  return path.starts_with("variables.") && path.ends_with(".bounds");
}

bool is_program(const std::string& path) {
  return among(path, {"simulator.run", "simulator.templates", "simulator.stdin", "simulator.copy",
                      "simulator.link", "simulator.env", "simulator.inherit", "simulator.library",
                      "simulator.model", "simulator.config"});
}

TomlValue empty_table() {
  TomlValue table;
  table.type = TomlValue::Type::Table;
  return table;
}

const TomlValue::Entry* entry_of(const TomlValue& table, const std::string& key) {
  const auto found = std::find_if(table.entries.begin(), table.entries.end(),
                                  [&](const auto& entry) { return entry.key == key; });
  return found == table.entries.end() ? nullptr : &*found;
}

std::string below(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

struct Change {
  Position at;
  std::string words;
};

std::optional<Change> change(const TomlValue& recorded, const TomlValue& now,
                             const std::string& path, const Free& free);

// The order of variables and of outputs is that of the columns, so it counts as well.
std::optional<Change> changed_order(const TomlValue& recorded, const TomlValue& now,
                                    const std::string& path) {
  if (path != "variables" && path != "outputs") return std::nullopt;
  for (std::size_t i = 0; i < now.entries.size(); ++i) {
    if (recorded.entries[i].key != now.entries[i].key)
      return Change{now.entries[i].at, path + ": the order has changed"};
  }
  return std::nullopt;
}

// A new entry, where all that were there before come first.
bool stands_behind(const std::string& key, const TomlValue& recorded, const TomlValue& now) {
  std::size_t place = 0;
  while (now.entries[place].key != key) ++place;
  return place >= recorded.entries.size() &&
         std::equal(recorded.entries.begin(), recorded.entries.end(), now.entries.begin(),
                    [](const auto& was, const auto& is) { return was.key == is.key; });
}

std::optional<Change> changed_table(const TomlValue& recorded, const TomlValue& now,
                                    const std::string& path, const Free& free) {
  for (const TomlValue::Entry& entry : now.entries) {
    const std::string key = below(path, entry.key);
    if (free(key)) continue;
    const TomlValue::Entry* was = entry_of(recorded, entry.key);
    if (!was) {
      if (path == "outputs" && free("outputs.*") && stands_behind(entry.key, recorded, now))
        continue;
      // A table that holds nothing but what may change may come and go.
      if (path != "outputs" && entry.value.type == TomlValue::Type::Table &&
          !entry.value.entries.empty() && !changed_table(empty_table(), entry.value, key, free))
        continue;
      return Change{entry.at, key + " was not there"};
    }
    if (auto difference = change(was->value, entry.value, key, free)) return difference;
  }
  for (const TomlValue::Entry& entry : recorded.entries) {
    const std::string key = below(path, entry.key);
    if (free(key) || entry_of(now, entry.key)) continue;
    if (path != "outputs" && entry.value.type == TomlValue::Type::Table &&
        !changed_table(entry.value, empty_table(), key, free))
      continue;
    return Change{now.at, key + " is gone"};
  }
  return recorded.entries.size() == now.entries.size() ? changed_order(recorded, now, path)
                                                       : std::nullopt;
}

bool same(const TomlValue& a, const TomlValue& b) {
  if (a.is_number() && b.is_number()) return a.number == b.number;
  if (a.type != b.type || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  if (a.type == TomlValue::Type::Table)
    return !changed_table(a, b, "in an array", [](const std::string&) { return false; });
  return a.text == b.text && a.flag == b.flag;
}

std::optional<Change> change(const TomlValue& recorded, const TomlValue& now,
                             const std::string& path, const Free& free) {
  const auto table = TomlValue::Type::Table;
  if (recorded.type == table && now.type == table) return changed_table(recorded, now, path, free);
  if (same(recorded, now)) return std::nullopt;
  return Change{now.at,
                fmt::format("{} was {}, now {}", path, described(recorded), described(now))};
}

}  // namespace

StudyChange study_change(const std::string& recorded, const std::string& now,
                         const std::string& file, bool some_went_well) {
  if (recorded == now) return {};
  const TomlValue was = parse_toml(recorded, "the recorded study");
  const TomlValue is = parse_toml(now, file);
  const bool any = changed_table(was, is, "", [](const std::string&) { return false; }).has_value();
  const auto operation = [&](const std::string& path) {
    return is_operation(path) || (!some_went_well && is_program(path));
  };
  const auto difference = changed_table(was, is, "", [&](const std::string& path) {
    return operation(path) || is_bounds(path) || path == "outputs.*";
  });
  if (!difference) return {std::nullopt, any, changed_table(was, is, "", operation).has_value()};
  return {fmt::format("{}:{}:{}: the study has changed since the campaign began: {}", file,
                      difference->at.line, difference->at.column, difference->words),
          any};
}

}  // namespace sonde::cli
