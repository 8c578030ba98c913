#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/nearest_name.hpp"
#include "run/study_sections.hpp"
#include "sonde/base/error.hpp"
#include "sonde/query/classes.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/query/ensemble.hpp"
#include "sonde/query/failures.hpp"
#include "sonde/query/targets.hpp"

namespace sonde {
namespace {

bool among(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_extreme(const std::string& goal) {
  return goal == "minimize" || goal == "maximize";
}

std::vector<std::string> all_names() {
  std::vector<std::string> all = criteria::names();
  for (const auto& more : {criteria::names_of_level(), criteria::names_of_extreme(),
                           criteria::names_of_failure(), criteria::names_of_classes()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

// Why no output of the study can be asked for by that name; empty: one can.
std::string objection(const std::string& name, const Study& study) {
  const auto any = [&](auto fits) {
    return std::any_of(study.goals.begin(), study.goals.end(), fits);
  };
  if (among(name, criteria::names_of_level()) &&
      !any([](const std::string& goal) { return goal == "contour"; }))
    return "'" + name + "' looks for a level: an output with goal = { contour = LEVEL } is needed";
  if (among(name, criteria::names_of_extreme()) && !any(is_extreme))
    return "'" + name +
           "' looks for an extreme: an output with goal = \"minimize\" or \"maximize\" is needed";
  if (among(name, criteria::names_of_classes()) &&
      !any([](const std::string& goal) { return goal == "classify"; }))
    return "'" + name + "' tells classes apart: an output with values = [..] is needed";
  return "";
}

// Of one name, for outputs of one goal: the goal's own where the name is of another goal or "auto".
Criterion of_goal(const std::string& name, const std::string& goal, double level) {
  if (among(name, criteria::names_of_failure())) return criteria::named_of_failure(name);
  const bool general = among(name, criteria::names()) && name != "auto";
  if (goal == "classify") {
    if (name == "core set") return criteria::named(name);  // which looks at no output
    return criteria::named_of_classes(
        among(name, criteria::names_of_classes()) ? name : criteria::names_of_classes().front());
  }
  if (goal == "contour") {
    if (general) return criteria::named(name);
    return criteria::named_of_level(
        among(name, criteria::names_of_level()) ? name : criteria::names_of_level().front(), level);
  }
  if (is_extreme(goal)) {
    if (general) return criteria::named(name);
    return criteria::named_of_extreme(
        among(name, criteria::names_of_extreme()) ? name : criteria::names_of_extreme().front(),
        goal == "minimize" ? criteria::Extreme::Smallest : criteria::Extreme::Largest);
  }
  return criteria::named(general ? name : "auto");
}

}  // namespace

void read_goal(TomlReader& output, Study& study) {
  const TomlValue* value = output.find("goal");
  const bool of_classes = output.find("values") != nullptr;
  std::string goal = of_classes ? "classify" : "learn";
  double level = std::numeric_limits<double>::quiet_NaN();
  if (value && of_classes) {
    goal = *output.word("goal", {"learn", "observe"});
    if (goal == "learn") goal = "classify";
  } else if (value && value->type == TomlValue::Type::Table) {
    TomlReader table = *output.table("goal");
    table.needed("contour", "contour = LEVEL, in the output's unit");
    level = *table.number("contour");
    table.done();
    goal = "contour";
  } else if (value) {
    goal = *output.word("goal", {"learn", "observe", "minimize", "maximize"});
  }
  study.goals.push_back(goal);
  const Index j = study.levels.size();
  study.levels.conservativeResize(j + 1);
  study.levels[j] = level;
}

void read_query(TomlReader& method, Study& study) {
  const TomlValue* value = method.find("query");
  if (!value) return;
  if (value->type == TomlValue::Type::Array) {
    for (const std::string& name : method.texts("query").value_or(std::vector<std::string>{}))
      study.queries.emplace_back(name, 1.0);
  } else if (value->type == TomlValue::Type::Table) {
    study.queries_in_turn = false;
    TomlReader table = *method.table("query");
    for (const TomlValue::Entry& entry : table.value().entries) {
      const double weight = *table.number(entry.key);
      if (!(weight > 0.0 && weight <= 1e6))
        table.refuse(entry.value.at, entry.key,
                     fmt::format("expected a weight above 0, up to 1e6, got {}", weight));
      study.queries.emplace_back(entry.key, weight);
    }
  } else {
    study.query = *method.word("query", all_names());
  }
  if (value->type == TomlValue::Type::Array || value->type == TomlValue::Type::Table) {
    study.query.clear();
    if (study.queries.size() < 2)
      method.refuse(value->at, "query",
                    "expected one name, or two and more of them, got " + described(*value));
    for (const auto& [name, weight] : study.queries) {
      if (!among(name, all_names()))
        method.refuse(value->at, "query",
                      "'" + name + "' is unknown" + suggestion(name, all_names()));
      study.query += (study.query.empty() ? "" : study.queries_in_turn ? ", " : " + ") + name;
    }
  }
  std::vector<std::string> named = {study.query};
  if (!study.queries.empty()) named.clear();
  for (const auto& [name, weight] : study.queries) named.push_back(name);
  for (const std::string& name : named) {
    const std::string words = objection(name, study);
    if (!words.empty()) method.refuse(value->at, "query", words);
  }
  try {
    study.criterion();
  } catch (const ArgumentError& failure) {
    method.refuse(value->at, "query", failure.what());
  }
}

void read_weights(TomlReader& method, Study& study) {
  std::optional<TomlReader> table = method.table("weights");
  if (!table) return;
  std::vector<std::string> known;
  for (const auto& [name, condition] : study.segments) known.push_back(name);
  for (const TomlValue::Entry& entry : table->value().entries) {
    if (!among(entry.key, known))
      table->refuse(entry.at, entry.key,
                    "expected the name of one of [segments]" + suggestion(entry.key, known));
    const double weight = *table->number(entry.key);
    if (!(weight > 0.0 && weight <= 1e6))
      table->refuse(entry.value.at, entry.key,
                    fmt::format("expected a weight above 0, up to 1e6, got {}", weight));
    study.weights.emplace_back(entry.key, weight);
  }
}

std::vector<std::string> Study::criteria() const {
  std::vector<std::string> names;
  for (const std::string& name : all_names())
    if (objection(name, *this).empty()) names.push_back(name);
  return names;
}

Study Study::asked_by(const std::string& criterion) const {
  const std::string words = objection(criterion, *this);
  require(words.empty(), words);
  Study its = *this;
  its.query = criterion;
  its.queries.clear();
  return its;
}

std::optional<ScalarField> Study::importance() const {
  if (weights.empty()) return std::nullopt;
  std::vector<std::pair<Expression, double>> factors;
  for (const auto& [name, weight] : weights)
    for (const auto& [segment, condition] : segments)
      if (segment == name) factors.emplace_back(condition, weight);
  return ScalarField([factors](VectorView x) {
    double product = 1.0;
    for (const auto& [condition, weight] : factors)
      if (condition(x) == 1.0) product *= weight;
    return product;
  });
}

Criterion Study::criterion() const {
  // Outputs to learn are asked for together, each other one by itself; numbered as the criterion
  // sees them, without those that steer nothing.
  std::vector<Index> learnt;
  std::vector<std::pair<Index, std::size_t>> others;  // as it sees it, as the study has it
  Index seen = 0;
  for (std::size_t j = 0; j < goals.size(); ++j) {
    if (goals[j] == "observe") continue;
    if (goals[j] == "learn")
      learnt.push_back(seen);
    else
      others.emplace_back(seen, j);
    ++seen;
  }
  // Where nothing is to be learnt, all of it counts.
  if (seen == 0) {
    for (std::size_t j = 0; j < goals.size(); ++j) learnt.push_back(static_cast<Index>(j));
  }
  const auto parts_of = [&](const std::string& name) {
    std::vector<Criterion> parts;
    if (!learnt.empty()) {
      const Criterion its = of_goal(name, "learn", 0.0);
      parts.push_back(others.empty() ? its : criteria::on_outputs(its, learnt));
    }
    for (const auto& [place, j] : others) {
      const Criterion its = of_goal(name, goals[j], levels[static_cast<Index>(j)]);
      parts.push_back(seen == 1 ? its : criteria::on_outputs(its, {place}));
    }
    return parts;
  };
  const auto in_turn = [](std::vector<Criterion> parts) {
    return parts.size() == 1 ? parts.front() : criteria::in_turn(std::move(parts));
  };
  if (queries.empty()) return in_turn(parts_of(query));
  if (queries_in_turn) {
    // All of them in one round: turns within turns would fall together.
    std::vector<Criterion> turns;
    for (const auto& [name, weight] : queries)
      for (Criterion& part : parts_of(name)) turns.push_back(std::move(part));
    return criteria::in_turn(std::move(turns));
  }
  std::vector<std::pair<Criterion, double>> weighted;
  for (const auto& [name, weight] : queries) weighted.emplace_back(in_turn(parts_of(name)), weight);
  return criteria::rank_sum(std::move(weighted));
}

}  // namespace sonde
