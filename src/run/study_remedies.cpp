#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/nearest_name.hpp"
#include "run/study_sections.hpp"

namespace sonde {
namespace {

constexpr std::int64_t most_tokens = 10000;

const std::vector<std::string>& remedy_names() {
  static const std::vector<std::string> names = {"retry", "nudge", "give up"};
  return names;
}

// Those that Sonde gives, and those that this study's own rules give.
std::vector<std::string> kinds_of(const SimulatorSpec& spec) {
  std::vector<std::string> kinds = failure_kinds();
  for (const TextRule& rule : spec.fail_when)
    if (!rule.kind.empty()) kinds.push_back(rule.kind);
  return kinds;
}

void read_on_failure(TomlReader& simulator, SimulatorSpec& spec) {
  std::optional<TomlReader> table = simulator.table("on_failure");
  if (!table) return;
  const std::vector<std::string> kinds = kinds_of(spec);
  for (const TomlValue::Entry& entry : table->value().entries) {
    if (std::find(kinds.begin(), kinds.end(), entry.key) == kinds.end())
      table->refuse(entry.at, entry.key,
                    "expected a kind of failure" + suggestion(entry.key, kinds));
    spec.on_failure.emplace_back(entry.key, *remedy_at(*table, entry.key));
  }
}

void read_limits(TomlReader& simulator, SimulatorSpec& spec) {
  std::optional<TomlReader> limits = simulator.table("limits");
  if (!limits) return;
  spec.memory_limit = limits->bytes("memory").value_or(spec.memory_limit);
  spec.cpu_limit_seconds = limits->seconds("cpu").value_or(spec.cpu_limit_seconds);
  spec.file_limit = limits->bytes("file").value_or(spec.file_limit);
  limits->done();
}

std::vector<std::pair<std::string, int>> counts(TomlReader& table, std::int64_t least) {
  std::vector<std::pair<std::string, int>> all;
  StudyNames names;
  for (const TomlValue::Entry& entry : table.value().entries) {
    names.add(table, entry);
    all.emplace_back(entry.key, static_cast<int>(*table.whole(entry.key, least, most_tokens)));
  }
  return all;
}

void check_tokens(const TomlReader& needed, const SimulatorSpec& spec) {
  std::vector<std::string> known;
  for (const auto& [name, count] : spec.token_pool) known.push_back(name);
  for (const TomlValue::Entry& entry : needed.value().entries) {
    const auto found = std::find(known.begin(), known.end(), entry.key);
    if (found == known.end())
      needed.refuse(entry.at, entry.key,
                    "expected a name from the table [tokens]" + suggestion(entry.key, known));
    const int there = spec.token_pool[static_cast<std::size_t>(found - known.begin())].second;
    if (entry.value.whole > there)
      needed.refuse(
          entry.value.at, entry.key,
          concat("expected no more than the ", there, " of [tokens], got ", entry.value.whole));
  }
}

}  // namespace

std::optional<Remedy> remedy_at(TomlReader& reader, std::string_view key) {
  const std::optional<std::string> word = reader.word(key, remedy_names());
  if (!word) return std::nullopt;
  return *word == "retry" ? Remedy::Retry : *word == "nudge" ? Remedy::Nudge : Remedy::GiveUp;
}

void read_remedies(TomlReader& simulator, SimulatorSpec& spec) {
  if (const std::optional<double> nudge = simulator.number("nudge")) {
    if (!(*nudge >= 0.0 && *nudge <= 0.1))
      simulator.refuse(simulator.find("nudge")->at, "nudge",
                       concat("expected a part of each range, from 0 to 0.1, got ", *nudge));
    spec.nudge = *nudge;
  }
  read_on_failure(simulator, spec);
  read_limits(simulator, spec);
  if (std::optional<TomlReader> needed = simulator.table("tokens")) {
    spec.tokens = counts(*needed, 0);
    check_tokens(*needed, spec);
  }
}

void read_token_pool(TomlReader& root, SimulatorSpec& spec) {
  if (std::optional<TomlReader> pool = root.table("tokens")) spec.token_pool = counts(*pool, 1);
}

}  // namespace sonde
