#include <fmt/format.h>

#include "base/text.hpp"
#include "run/study_sections.hpp"

namespace sonde {
namespace {

constexpr std::int64_t most_people = 100;

// "median", or { expert = "alice" }.
std::string expert_of(TomlReader& reader) {
  const TomlValue* value = reader.find("dispute");
  if (!value) return "";
  if (value->type == TomlValue::Type::Text) {
    reader.word("dispute", {"median"});
    return "";
  }
  TomlReader table = *reader.table("dispute");
  const TomlValue& expert = table.needed("expert", "the name that the expert tells with");
  const std::string name(trimmed(*table.text("expert")));
  if (name.empty())
    table.refuse(expert.at, "expert", "expected the name that the expert tells with, got \"\"");
  table.done();
  return name;
}

}  // namespace

void read_people(TomlReader& simulator, Study& study) {
  PeopleRule& rule = study.people;
  rule.people = static_cast<Index>(simulator.whole("people", 1, most_people).value_or(rule.people));
  rule.expert = expert_of(simulator);
  if (const std::optional<double> agree = simulator.number("agree")) {
    if (!(*agree >= 0.0))
      simulator.refuse(
          simulator.find("agree")->at, "agree",
          fmt::format("expected a part of the output's spread, from 0 on, got {}", *agree));
    rule.agree = *agree;
  }
}

void read_review(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("review");
  if (!reader) return;
  study.review_before = reader->flag("before").value_or(false);
  reader->done();
}

std::vector<std::pair<std::string, Expression>> read_conditions(TomlReader& root,
                                                                std::string_view table,
                                                                const Study& study) {
  std::vector<std::pair<std::string, Expression>> conditions;
  std::optional<TomlReader> reader = root.table(table);
  if (!reader) return conditions;
  for (const TomlValue::Entry& entry : reader->value().entries) {
    if (!well_formed_name(entry.key))
      reader->refuse(
          entry.at, entry.key,
          "expected a name of letters, digits and _, not a digit first, not longer than 64");
    reader->text(entry.key);
    const Expression condition = compiled(*reader, entry.key, entry.value, input_symbols(study));
    if (!condition.is_condition())
      reader->refuse(entry.value.at, entry.key,
                     "expected a condition such as \"a > 30\", got " + described(entry.value));
    conditions.emplace_back(entry.key, condition);
  }
  return conditions;
}

std::vector<std::string> Study::tags_of(VectorView x) const {
  std::vector<std::string> names;
  for (const auto& [name, condition] : tags) {
    if (condition(x) == 1.0) names.push_back(name);
  }
  return names;
}

}  // namespace sonde
