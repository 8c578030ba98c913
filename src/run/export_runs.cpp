#include "run/export_runs.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "base/json_text.hpp"
#include "base/matrix.hpp"

namespace sonde {
namespace {

using hdf5::Axis;
using hdf5::Handle;
using Axes = std::vector<const Axis*>;

/// What CF calls flags: a number a meaning, which every reader keeps.
enum class Flag : std::int8_t { Ok, Failed, TimedOut, Open, Excluded };
constexpr std::array<std::int8_t, 5> flag_values = {0, 1, 2, 3, 4};
constexpr const char* flag_meanings = "ok failed timed_out open excluded";

Flag flag_of(const std::optional<Answer>& answer) {
  if (!answer) return Flag::Open;
  if (is_no_run(*answer)) return Flag::Excluded;
  switch (answer->status) {
    case Answer::Status::Ok:
      return Flag::Ok;
    case Answer::Status::Failed:
      return Flag::Failed;
    case Answer::Status::TimedOut:
      return Flag::TimedOut;
    case Answer::Status::Abandoned:
      break;
  }
  return Flag::Open;
}

std::string word_of(Scale scale) {
  switch (scale) {
    case Scale::Linear:
      return "linear";
    case Scale::Log:
      return "log";
    case Scale::Integer:
      return "integer";
    case Scale::Choice:
      break;
  }
  return "choice";
}

/// Writes columns: one value a run.
class Columns {
 public:
  Columns(const Handle& group, const Campaign& campaign, const Axis& run)
      : group_(group), campaign_(campaign), run_{&run} {}

  template <class Value>
  Handle of_answers(const std::string& name, const hdf5::Meaning& meaning, Value fallback,
                    const std::function<Value(const Answer&)>& value) const {
    std::vector<Value> values(campaign_.queries().size(), fallback);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& answer = campaign_.answer(static_cast<Index>(i));
      if (answer) values[i] = value(*answer);
    }
    return hdf5::write(group_, name, run_, std::span<const Value>(values), meaning);
  }

  template <class Value>
  Handle of_queries(const std::string& name, const hdf5::Meaning& meaning,
                    const std::function<Value(const Query&)>& value) const {
    std::vector<Value> values;
    for (const Query& query : campaign_.queries()) values.push_back(value(query));
    return hdf5::write(group_, name, run_, std::span<const Value>(values), meaning);
  }

  /// (run, columns) from a vector a query, NaN where it is empty.
  Handle of_vectors(const std::string& name, const Axis& columns, const hdf5::Meaning& meaning,
                    const std::function<const Vector&(const Query&)>& row) const {
    std::vector<double> values;
    for (const Query& query : campaign_.queries()) {
      const Vector& numbers = row(query);
      for (Index j = 0; j < static_cast<Index>(columns.length); ++j) {
        values.push_back(j < numbers.size() ? numbers[j] : nan);
      }
    }
    const Axes axes = {run_.front(), &columns};
    return hdf5::write(group_, name, axes, std::span<const double>(values), meaning);
  }

 private:
  const Handle& group_;
  const Campaign& campaign_;
  Axes run_;
};

/// A column of text or numbers, one an input.
template <class Value>
void write_of_inputs(const Handle& group, const std::string& name, const Axis& input,
                     const std::vector<Parameter>& parameters, const std::string& long_name,
                     const std::function<Value(const Parameter&)>& value) {
  std::vector<Value> values;
  for (const Parameter& parameter : parameters) values.push_back(value(parameter));
  hdf5::write(group, name, Axes{&input}, std::span<const Value>(values), {"1", long_name});
}

void write_inputs(const Handle& group, const Axis& input,
                  const std::vector<Parameter>& parameters) {
  using P = const Parameter&;
  write_of_inputs<std::string>(group, "input_unit", input, parameters, "unit of each input",
                               [](P p) { return p.unit; });
  write_of_inputs<std::string>(group, "input_scale", input, parameters,
                               "linear, log, integer or choice",
                               [](P p) { return word_of(p.scale); });
  write_of_inputs<double>(group, "input_lower", input, parameters, "lower bound, in input_unit",
                          [](P p) { return p.lower; });
  write_of_inputs<double>(group, "input_upper", input, parameters, "upper bound, in input_unit",
                          [](P p) { return p.upper; });
  write_of_inputs<std::string>(
      group, "input_labels", input, parameters,
      "labels of a choice, whose value in x is the place in this JSON list, from 0",
      [](P p) { return json_quoted(p.labels); });
}

void write_outputs(const Columns& columns, const Campaign& campaign,
                   const std::vector<std::string>& names) {
  for (std::size_t j = 0; j < campaign.outputs().size(); ++j) {
    const Output& output = campaign.outputs()[j];
    const Handle values = columns.of_answers<double>(
        names[j], {output.unit, output.name}, nan, [j](const Answer& answer) {
          const auto column = static_cast<Index>(j);
          return column < answer.y.size() ? answer.y[column] : nan;
        });
    // Of classes the place in this JSON list, from 0.
    if (output.is_class()) hdf5::attribute(values, "labels", json_quoted(output.values));
  }
}

void write_status(const Columns& columns, const Campaign& campaign, const Handle& group,
                  const Axis& run) {
  std::vector<std::int8_t> flags;
  for (std::size_t i = 0; i < campaign.queries().size(); ++i) {
    flags.push_back(static_cast<std::int8_t>(flag_of(campaign.answer(static_cast<Index>(i)))));
  }
  const Handle status =
      hdf5::write(group, "status", Axes{&run}, std::span<const std::int8_t>(flags),
                  {"1", "what came of the run"});
  hdf5::attribute(status, "flag_values", std::span<const std::int8_t>(flag_values));
  hdf5::attribute(status, "flag_meanings", flag_meanings);
  columns.of_answers<double>("seconds", {"s", "wall time of the simulation"}, nan,
                             [](const Answer& a) { return a.seconds; });
}

Handle write_times(const Columns& columns, const std::string& name, double Answer::*time,
                   const std::string& long_name) {
  Handle made = columns.of_answers<double>(name, {"seconds since 1970-01-01T00:00:00Z", long_name},
                                           nan, [time](const Answer& a) { return a.*time; });
  hdf5::attribute(made, "calendar", "standard");
  return made;
}

void write_lineage(const Handle& runs, const Campaign& campaign, const Axis& run, const Axis& input,
                   const Axis& output, const std::vector<std::int64_t>& model) {
  const Handle group = hdf5::create_group(runs, "lineage");
  const Columns columns(group, campaign, run);
  std::vector<std::string> units;
  for (const Output& o : campaign.outputs()) units.push_back(o.unit);
  const std::string unit = common_unit(units);
  using Text = std::string;
  using Int = std::int64_t;
  columns.of_queries<Text>("why", {"1", "what asked for the run"},
                           [](const Query& q) { return q.why; });
  columns.of_vectors("x_asked", input, {"1", "inputs asked for; x is what was simulated"},
                     [](const Query& q) -> const Vector& { return q.x; });
  columns.of_queries<double>("worth", {"1", "value of the criterion when it was asked for"},
                             [](const Query& q) { return q.worth; });
  columns.of_queries<Int>("candidates",
                          {"1", "points that were compared before the search; 0: none"},
                          [](const Query& q) { return Int{q.selection.candidates}; });
  columns.of_queries<Int>("rank", {"1", "among them, of the one that was climbed from, from 1"},
                          [](const Query& q) { return Int{q.selection.rank}; });
  columns.of_queries<Int>("evaluations", {"1", "of the criterion, by the search"},
                          [](const Query& q) { return Int{q.selection.evaluations}; });
  columns.of_queries<Text>("outcome", {"1", "why the search ended"},
                           [](const Query& q) { return q.selection.outcome; });
  columns.of_vectors("runner_up", input, {"1", "inputs of the best point elsewhere"},
                     [](const Query& q) -> const Vector& { return q.selection.runner_up; });
  columns.of_queries<double>("runner_up_worth", {"1", "value of the criterion there"},
                             [](const Query& q) { return q.selection.runner_up_worth; });
  columns.of_queries<Int>("row", {"1", "of the pool, from 0; -1: it is no candidate of a pool"},
                          [](const Query& q) { return Int{q.selection.row}; });
  columns.of_vectors("predicted_mean", output, {unit, "predicted before the run"},
                     [](const Query& q) -> const Vector& { return q.mean; });
  columns.of_vectors("predicted_deviation", output, {unit, "standard deviation predicted before"},
                     [](const Query& q) -> const Vector& { return q.deviation; });
  hdf5::write(group, "model", Axes{&run}, std::span<const Int>(model),
              {"1", "number under /models of the surrogate that asked for the run, 0 for none"});
  columns.of_answers<Int>("attempts", {"1", "how often the simulator was started"}, Int{0},
                          [](const Answer& a) { return Int{a.attempts}; });
  columns.of_answers<Text>("host", {"1", "where it ran"}, Text{},
                           [](const Answer& a) { return a.host; });
  write_times(columns, "started", &Answer::started, "start of the simulation");
  write_times(columns, "ended", &Answer::ended, "end of the simulation");
  columns.of_answers<double>("cpu_seconds", {"s", "CPU time of all processes of the run"}, nan,
                             [](const Answer& a) { return a.usage ? a.usage->cpu_seconds : nan; });
  columns.of_answers<double>("max_rss", {"B", "resident memory of the run's largest process"}, nan,
                             [](const Answer& a) { return a.usage ? a.usage->max_rss : nan; });
  columns.of_answers<Int>("exit_status", {"1", "of the simulator's program; -1: it has none"},
                          Int{-1},
                          [](const Answer& a) { return Int{a.usage ? a.usage->exit_status : -1}; });
  columns.of_answers<Int>("signal", {"1", "that ended the simulator's program; 0: none did"},
                          Int{0},
                          [](const Answer& a) { return Int{a.usage ? a.usage->signal : 0}; });
  columns.of_answers<Text>("failure", {"1", "kind of failure"}, Text{},
                           [](const Answer& a) { return a.kind; });
  columns.of_answers<Text>("message", {"1", "why the run failed"}, Text{},
                           [](const Answer& a) { return a.message; });
  columns.of_queries<Int>("corrections", {"1", "how often its answer was corrected"},
                          [&](const Query& q) { return Int{campaign.handling(q.id).corrections}; });
}

}  // namespace

std::string common_unit(const std::vector<std::string>& units) {
  const bool same = std::equal(units.begin() + (units.empty() ? 0 : 1), units.end(), units.begin());
  return same && !units.empty() ? units.front() : "1";
}

std::vector<std::string> free_names(const std::vector<std::string>& names,
                                    std::vector<std::string> taken) {
  std::vector<std::string> free;
  const auto is_in = [](const std::vector<std::string>& some, const std::string& name) {
    return std::find(some.begin(), some.end(), name) != some.end();
  };
  for (const std::string& name : names) {
    std::string made = name;
    while (is_in(taken, made) || (made != name && is_in(names, made))) made = "output_" + made;
    taken.push_back(made);
    free.push_back(std::move(made));
  }
  return free;
}

std::vector<std::string> names_in_runs(const std::vector<std::string>& outputs) {
  return free_names(outputs,
                    {"run", "input", "output", "x", "status", "seconds", "lineage", "input_unit",
                     "input_scale", "input_lower", "input_upper", "input_labels"});
}

void write_runs(const Handle& file, const Campaign& campaign,
                const std::vector<std::int64_t>& model) {
  const Handle group = hdf5::create_group(file, "runs");
  std::vector<std::int64_t> ids;
  for (const Query& query : campaign.queries()) ids.push_back(query.id);
  const auto& parameters = campaign.domain().parameters();
  std::vector<std::string> inputs, units, outputs;
  for (const Parameter& parameter : parameters) {
    inputs.push_back(parameter.name);
    units.push_back(parameter.unit);
  }
  for (const Output& o : campaign.outputs()) outputs.push_back(o.name);

  const Axis run = hdf5::axis(group, "run", ids, {"1", "number of the run"}, true);
  const Axis input = hdf5::axis(group, "input", inputs, {"1", "name of the input"});
  const Axis output = hdf5::axis(group, "output", outputs, {"1", "name of the output"});
  const Columns columns(group, campaign, run);
  columns.of_vectors("x", input, {common_unit(units), "inputs, each in its input_unit"},
                     [&](const Query& q) -> const Vector& { return campaign.point(q.id); });
  write_outputs(columns, campaign, names_in_runs(outputs));
  write_status(columns, campaign, group, run);
  write_inputs(group, input, parameters);
  write_lineage(group, campaign, run, input, output, model);
}

}  // namespace sonde
