#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>

#include "base/nearest_name.hpp"
#include "run/study_sections.hpp"

namespace sonde {
namespace {

// A file below a directory that is not named: the study's, or the run's.
void check_below(const TomlReader& reader, const Position& at, std::string_view key,
                 const std::string& name) {
  const std::filesystem::path path(name);
  bool below = !name.empty() && path.is_relative();
  for (const auto& part : path) below = below && part != "..";
  if (!below)
    reader.refuse(
        at, key,
        "expected the name of a file below the directory, without '..', got \"" + name + "\"");
}

std::string file_of(TomlReader& reader, std::string_view key, std::string_view expected) {
  const TomlValue& value = reader.needed(key, expected);
  const std::string name = *reader.text(key);
  check_below(reader, value.at, key, name);
  return name;
}

void read_csv_place(TomlReader& reader, Extraction& from) {
  from.source = Extraction::Source::Csv;
  from.file = file_of(reader, "csv", "the name of a file");
  const TomlValue& column = reader.needed("column", "a name, or a number from 0");
  if (column.type == TomlValue::Type::Text) {
    from.column = column.text;
  } else {
    from.column =
        fmt::format("{}", *reader.whole("column", 0, std::numeric_limits<std::int32_t>::max()));
  }
  from.row = static_cast<long>(
      reader.whole("row", -1, std::numeric_limits<std::int32_t>::max()).value_or(-1));
}

void read_regex_place(TomlReader& reader, Extraction& from) {
  from.source = Extraction::Source::Regex;
  from.pattern = *reader.text("regex");
  from.file = file_of(reader, "file", "the name of a file, or \"stdout.txt\"");
  const std::string take = reader.word("take", {"first", "last"}).value_or("last");
  from.take = take == "first" ? Extraction::Take::First : Extraction::Take::Last;
}

// The one of json, regex, csv and stdout that stands there; `keys` is what else may stand there.
Extraction extraction_of(TomlReader& reader) {
  Extraction from;
  int ways = 0;
  for (const char* way : {"json", "regex", "csv", "stdout"}) ways += reader.find(way) ? 1 : 0;
  if (ways != 1) {
    for (const TomlValue::Entry& entry : reader.value().entries) {
      if (ways == 0 && nearest_name(entry.key, {"json", "regex", "csv", "stdout"})) reader.done();
    }
    reader.refuse(reader.value().at, "",
                  fmt::format("expected one of json, regex, csv and stdout, got {}",
                              ways == 0 ? "none of them" : "several of them"));
  }
  if (reader.find("json")) {
    from.source = Extraction::Source::Json;
    from.file = file_of(reader, "json", "the name of a file");
    const TomlValue& path = reader.needed("path", "a JSON pointer such as \"/forces/0/drag\"");
    from.path = *reader.text("path");
    if (!from.path.empty() && from.path[0] != '/')
      reader.refuse(path.at, "path",
                    "expected a JSON pointer, which begins with /, got \"" + from.path + "\"");
  } else if (reader.find("regex")) {
    read_regex_place(reader, from);
  } else if (reader.find("csv")) {
    read_csv_place(reader, from);
  } else {
    reader.word("stdout", {"json"});
  }
  from.factor = reader.number("factor").value_or(1.0);
  return from;
}

void read_accept(TomlReader& reader, const StudyBuilder& builder, const Symbols& symbols,
                 ProcessOutput& output) {
  const TomlValue* value = reader.find("accept");
  if (!value) return;
  reader.text("accept");
  output.accept = compiled(reader, "accept", *value, symbols);
  if (!output.accept->is_condition())
    reader.refuse(value->at, "accept",
                  fmt::format("expected a condition such as \"{} > 0\", got {}",
                              builder.study.outputs.front().output.name, described(*value)));
}

// Inputs, then outputs; derived quantities are compiled anew, as their points have more columns.
Symbols result_symbols(const StudyBuilder& builder) {
  Symbols symbols = input_symbols(builder.study);
  symbols.derived.clear();
  for (const ProcessOutput& output : builder.study.outputs) {
    symbols.variables.push_back(output.output.name);
    symbols.labels.push_back(output.output.values);
  }
  for (const auto& [name, formula] : builder.derived_formulas)
    symbols.derived.emplace_back(name, Expression(formula, symbols));
  return symbols;
}

// What has a meaning for numbers alone.
void refuse_of_classes(TomlReader& reader, const Output& output) {
  if (!output.is_class()) return;
  for (const char* key : {"unit", "tolerance"})
    if (const TomlValue* value = reader.find(key))
      reader.refuse(value->at, key, "an output with values has none: it is one of them");
}

void read_outputs(TomlReader& root, StudyBuilder& builder) {
  const TomlValue& value = root.needed("outputs", "a table [outputs.NAME] for each output");
  std::optional<TomlReader> outputs = root.table("outputs");
  if (value.entries.empty())
    root.refuse(value.at, "outputs", "expected a table [outputs.NAME] for each output");
  Study& study = builder.study;
  const auto m = static_cast<Index>(value.entries.size());
  study.tolerances = Vector::Constant(m, std::numeric_limits<double>::quiet_NaN());
  for (const TomlValue::Entry& entry : value.entries) {
    builder.names.add_column(*outputs, entry, {"run", "input", "x", "lineage"});
    study.outputs.push_back({{entry.key, "1"}, {}, {}});
  }
  for (std::size_t j = 0; j < value.entries.size(); ++j) {
    TomlReader reader = *outputs->table(value.entries[j].key);
    if (reader.find("values")) study.outputs[j].output.values = labels_of(reader);
  }
  const Symbols symbols = result_symbols(builder);
  const bool umbridge = is_umbridge(root);
  for (std::size_t j = 0; j < value.entries.size(); ++j) {
    TomlReader reader = *outputs->table(value.entries[j].key);
    ProcessOutput& output = study.outputs[j];
    output.output.unit = reader.text("unit").value_or("1");
    refuse_of_classes(reader, output.output);
    if (umbridge) {
      output.from = umbridge_value(reader, static_cast<Index>(j));
    } else if (std::optional<TomlReader> from = reader.table("from")) {
      output.from = extraction_of(*from);
      from->done();
    }
    if (output.output.is_class() && output.from.factor != 1.0)
      reader.refuse(reader.value().at, "from", "an output with values has no factor");
    read_goal(reader, study);
    study.tolerances[static_cast<Index>(j)] =
        reader.positive("tolerance").value_or(std::numeric_limits<double>::quiet_NaN());
    read_accept(reader, builder, symbols, output);
    reader.done();
  }
}

void read_echo(TomlReader& root, Study& study) {
  std::optional<TomlReader> echo = root.table("echo");
  if (!echo) return;
  if (study.kind == Study::Kind::Umbridge)
    root.refuse(echo->value().at, "echo",
                "a server of kind \"umbridge\" writes nothing to compare");
  std::vector<std::string> inputs;
  for (const Parameter& parameter : study.parameters) inputs.push_back(parameter.name);
  for (const TomlValue::Entry& entry : echo->value().entries) {
    if (std::find(inputs.begin(), inputs.end(), entry.key) == inputs.end())
      echo->refuse(entry.at, entry.key,
                   "expected the name of a variable" + suggestion(entry.key, inputs));
    TomlReader reader = *echo->table(entry.key);
    Echo said{entry.key, extraction_of(reader)};
    said.tolerance = reader.positive("tol").value_or(said.tolerance);
    reader.done();
    study.simulator.echo.push_back(std::move(said));
  }
}

std::vector<TextRule> text_rules(TomlReader& reader, std::string_view key, bool with_kind) {
  std::vector<TextRule> rules;
  for (TomlReader& item : reader.tables(key)) {
    TextRule rule;
    rule.file = file_of(item, "file", "the name of a file, or \"stdout.txt\"");
    item.needed("regex", "a regular expression");
    rule.pattern = *item.text("regex");
    if (with_kind) {
      rule.kind = item.text("kind").value_or("");
      rule.then = remedy_at(item, "then");
    }
    item.done();
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::vector<std::pair<std::string, std::string>> text_pairs(TomlReader& reader,
                                                            std::string_view key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  std::optional<TomlReader> table = reader.table(key);
  if (!table) return pairs;
  for (const TomlValue::Entry& entry : table->value().entries)
    pairs.emplace_back(entry.key, *table->text(entry.key));
  return pairs;
}

void read_files(TomlReader& reader, SimulatorSpec& spec) {
  spec.templates = text_pairs(reader, "templates");
  if (const TomlValue* table = reader.find("templates")) {
    for (const TomlValue::Entry& entry : table->entries) {
      check_below(reader, entry.at, "templates", entry.key);
      check_below(reader, entry.value.at, "templates", entry.value.text);
    }
  }
  if (reader.find("stdin")) spec.stdin_template = file_of(reader, "stdin", "a template");
  spec.version = reader.texts("version").value_or(spec.version);
  spec.copy = reader.texts("copy").value_or(spec.copy);
  spec.link = reader.texts("link").value_or(spec.link);
  spec.env = text_pairs(reader, "env");
  spec.inherit = reader.texts("inherit");
}

void read_judgement(TomlReader& reader, SimulatorSpec& spec) {
  spec.timeout_seconds = reader.seconds("timeout").value_or(spec.timeout_seconds);
  spec.stall_seconds = reader.seconds("stall").value_or(spec.stall_seconds);
  spec.retries = static_cast<int>(reader.whole("retries", 0, 100).value_or(spec.retries));
  spec.fail_when = text_rules(reader, "fail_when", true);
  spec.succeed_when = text_rules(reader, "succeed_when", false);
  spec.any_exit_status = reader.word("exit", {"zero", "any"}).value_or("zero") == "any";
  const std::string keep = reader.word("keep", {"all", "failed", "none"}).value_or("all");
  spec.keep = keep == "all"      ? SimulatorSpec::Keep::All
              : keep == "failed" ? SimulatorSpec::Keep::Failed
                                 : SimulatorSpec::Keep::None;
  const std::string on_death = reader.word("on_death", {"adopt", "end"}).value_or("adopt");
  spec.on_death = on_death == "adopt" ? SimulatorSpec::OnDeath::Adopt : SimulatorSpec::OnDeath::End;
  read_remedies(reader, spec);
}

void read_simulator(TomlReader& root, Study& study) {
  root.needed("simulator", "a table [simulator]");
  TomlReader reader = *root.table("simulator");
  reader.not_available({"cheap_for", "cost"});
  reader.find("cheap");  // read_cheap()
  const std::string kind =
      reader.word("kind", {"command", "library", "manual", "umbridge"}).value_or("command");
  study.pause_seconds = reader.seconds("pause").value_or(study.pause_seconds);
  if (kind == "umbridge") return read_umbridge(reader, study);
  if (reader.word("where", {"local", "slurm"}).value_or("local") == "slurm") study.slurm.emplace();
  study.kind = kind == "manual" ? Study::Kind::Manual : Study::Kind::Command;
  study.parallel =
      static_cast<int>(reader.whole("parallel", 1, most_parallel).value_or(study.parallel));
  if (study.kind == Study::Kind::Manual) {
    read_people(reader, study);
    reader.done();
    return;
  }
  if (kind == "library") {
    reader.needed("library", "the absolute path of a shared library");
    study.simulator.library = *reader.text("library");
    read_judgement(reader, study.simulator);
    reader.done();
    return;
  }
  const TomlValue& run = reader.needed("run", "run = [\"program\", \"argument\", ...]");
  study.simulator.run = *reader.texts("run");
  if (study.simulator.run.empty() || study.simulator.run[0].empty())
    reader.refuse(run.at, "run", "expected a program and its arguments, got " + described(run));
  read_files(reader, study.simulator);
  read_judgement(reader, study.simulator);
  reader.done();
}

// What is asked first; of the same outputs, at the same places.
void read_cheap(TomlReader& root, StudyBuilder& builder) {
  TomlReader simulator = *root.table("simulator");
  std::optional<TomlReader> reader = simulator.table("cheap");
  if (!reader) return;
  Study& study = builder.study;
  if (study.kind != Study::Kind::Command)
    simulator.refuse(reader->value().at, "cheap", "stands beside a program or a library only");
  CheapSimulator cheap;
  cheap.simulator.token_pool = study.simulator.token_pool;
  const TomlValue& run = reader->needed("run", "run = [\"program\", \"argument\", ...]");
  cheap.simulator.run = *reader->texts("run");
  if (cheap.simulator.run.empty() || cheap.simulator.run[0].empty())
    reader->refuse(run.at, "run", "expected a program and its arguments, got " + described(run));
  read_files(*reader, cheap.simulator);
  read_judgement(*reader, cheap.simulator);
  cheap.agree = reader->positive("agree").value_or(cheap.agree);
  for (std::size_t j = 0; j < study.outputs.size(); ++j)
    if (!study.outputs[j].output.is_class() && study.goals[j] != "observe" &&
        std::isnan(study.tolerances[static_cast<Index>(j)]))
      simulator.refuse(reader->value().at, "cheap",
                       "needs a tolerance of the output '" + study.outputs[j].output.name +
                           "': how near the two have to come");
  if (const TomlValue* unsure = reader->find("unsure")) {
    reader->text("unsure");
    cheap.unsure = compiled(*reader, "unsure", *unsure, result_symbols(builder));
    if (!cheap.unsure->is_condition())
      reader->refuse(unsure->at, "unsure", "expected a condition, got " + described(*unsure));
  }
  cheap.patience = static_cast<Index>(reader->whole("patience", 1, most_runs).value_or(0));
  reader->done();
  study.cheap = std::move(cheap);
}

// Of a study that runs here a table [slurm] is passed over, so that the two differ in one word.
void read_slurm(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("slurm");
  if (!reader) return;
  SlurmSpec spec;
  spec.partition = reader->text("partition").value_or("");
  spec.time_seconds = reader->seconds("time").value_or(0.0);
  spec.extra = reader->texts("extra").value_or(spec.extra);
  reader->done();
  try {
    check(spec);
  } catch (const StudyError& refused) {
    const std::string message = refused.what();  // slurm.KEY: words
    const std::size_t dot = message.find('.');
    const std::size_t colon = message.find(": ");
    const std::string key = message.substr(dot + 1, colon - dot - 1);
    const TomlValue* value = reader->find(key);
    reader->refuse(value ? value->at : reader->value().at, key, message.substr(colon + 2));
  }
  if (study.slurm) study.slurm = std::move(spec);
}

}  // namespace

void read_simulation(TomlReader& root, StudyBuilder& builder) {
  read_outputs(root, builder);
  read_token_pool(root, builder.study.simulator);
  read_simulator(root, builder.study);
  read_slurm(root, builder.study);
  read_cheap(root, builder);
  read_echo(root, builder.study);
}

}  // namespace sonde
