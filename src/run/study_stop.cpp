#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/nearest_name.hpp"
#include "run/study_sections.hpp"
#include "sonde/base/error.hpp"

// How many runs at a time, what they cost, and when there are enough of them.

namespace sonde {
namespace {

std::optional<double> not_negative(TomlReader& reader, std::string_view key) {
  const std::optional<double> value = reader.number(key);
  constexpr double most = 1e15;
  if (value && !(*value >= 0.0 && *value <= most))
    reader.refuse(reader.find(key)->at, key,
                  fmt::format("expected a number from 0 to 1e15, got {}", *value));
  return value;
}

bool has_tolerance(const Study& study) {
  return !study.tolerances.array().isNaN().all();
}

StopContext context_of(const Study& study, double seconds_before) {
  return {study.tolerances, study.cost, seconds_before, static_cast<Index>(study.parameters.size()),
          study.segments};
}

// error_in = { NAME = 0.05 }, by the names of [segments].
void read_error_in(TomlReader& stop, Study& study) {
  std::optional<TomlReader> table = stop.table("error_in");
  if (!table) return;
  std::vector<std::string> known;
  for (const auto& [name, condition] : study.segments) known.push_back(name);
  for (const TomlValue::Entry& entry : table->value().entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      table->refuse(entry.at, entry.key,
                    "expected the name of one of [segments]" + suggestion(entry.key, known));
    study.stop.error_in.emplace_back(entry.key, *table->positive(entry.key));
  }
  if (study.stop.error_in.empty())
    stop.refuse(stop.find("error_in")->at, "error_in",
                "expected an error where a segment holds, as { NAME = 0.05 }, got none");
}

// What a key needs that stands elsewhere in the study.
void check_needs(TomlReader& stop, const Study& study) {
  const auto need = [&](bool is_there, std::string_view key, std::string_view what) {
    if (!is_there) stop.refuse(stop.find(key)->at, key, std::string(what));
  };
  const StopPlan& plan = study.stop;
  constexpr std::string_view held_out =
      "needs runs that are held out: [validation] share = 0.2, say";
  if (plan.cost) need(study.cost.is_known(), "cost", "needs [cost] per_run or per_hour");
  if (plan.held_out) need(study.validation_share > 0.0, "held_out", held_out);
  if (plan.tolerance != StopPlan::Judge::None)
    need(has_tolerance(study), "tolerance", "needs an output with a tolerance");
  if (plan.tolerance == StopPlan::Judge::HeldOut)
    need(study.validation_share > 0.0, "tolerance", held_out);
  if (plan.marginal)
    need(study.cost.is_known() && study.cost.of_error > 0.0, "marginal",
         "needs [cost] error, and per_run or per_hour");
}

}  // namespace

void read_batch(TomlReader& method, Study& study) {
  const TomlValue* value = method.find("batch");
  if (value && value->type == TomlValue::Type::Table) {
    TomlReader table = *method.table("batch");
    table.needed("most", "most = 8: as many at a time as there may be");
    const std::int64_t most = *table.whole("most", 1, most_runs);
    const std::int64_t least = table.whole("least", 1, most).value_or(1);
    study.batch = {static_cast<Index>(least), static_cast<Index>(most)};
    table.done();
    return;
  }
  const auto size = static_cast<Index>(method.whole("batch", 1, most_runs).value_or(1));
  study.batch = {size, size};
}

void read_cost(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("cost");
  if (!reader) return;
  study.cost.per_run = not_negative(*reader, "per_run").value_or(0.0);
  study.cost.per_hour = not_negative(*reader, "per_hour").value_or(0.0);
  study.cost.of_error = reader->positive("error").value_or(0.0);
  study.cost.unit = reader->text("unit").value_or("");
  if (std::any_of(study.cost.unit.begin(), study.cost.unit.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    reader->refuse(reader->find("unit")->at, "unit", "expected a word on one line");
  reader->done();
}

void read_stop(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("stop");
  if (!reader) return;
  StopPlan& plan = study.stop;
  const auto runs = [&](std::string_view key) -> std::optional<Index> {
    const auto count = reader->whole(key, 1, most_runs);
    return count ? std::optional(static_cast<Index>(*count)) : std::nullopt;
  };
  plan.runs = runs("runs");
  plan.wall_seconds = reader->seconds("wall");
  plan.cost = reader->positive("cost");
  plan.error = reader->positive("error");
  read_error_in(*reader, study);
  plan.held_out = reader->positive("held_out");
  if (const auto judge = reader->word("tolerance", {"leave-one-out", "held out"}))
    plan.tolerance = *judge == "held out" ? StopPlan::Judge::HeldOut : StopPlan::Judge::LeaveOneOut;
  plan.plateau = runs("plateau");
  plan.worth = reader->positive("worth");
  if (plan.worth && !(*plan.worth < 1.0))
    reader->refuse(
        reader->find("worth")->at, "worth",
        fmt::format("expected a part of the largest worth, below 1, got {}", *plan.worth));
  plan.marginal = reader->flag("marginal").value_or(false);
  plan.when = reader->text("when").value_or("");
  reader->done();
  check_needs(*reader, study);
  try {
    stop_rule(plan, context_of(study, 0.0));
  } catch (const ArgumentError& failure) {
    reader->refuse(reader->find("when")->at, "when", failure.what());
  }
}

StopRule Study::stop_rule(double seconds_before) const {
  StopRule rule = sonde::stop_rule(stop, context_of(*this, seconds_before));
  if (!cheap) return rule;
  const auto d = static_cast<Index>(parameters.size());
  return any_of(
      {std::move(rule), after_agreed(cheap->patience > 0 ? cheap->patience : 5 * (d + 2))});
}

Index Study::max_queries() const {
  return queries_at_most(stop, static_cast<Index>(parameters.size()));
}

}  // namespace sonde
