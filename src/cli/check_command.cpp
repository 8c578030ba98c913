#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/drive.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/json_point.hpp"
#include "cli/people.hpp"
#include "cli/pool_words.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"
#include "run/csv.hpp"
#include "sonde/query/synthesize.hpp"
#include "sonde/space/design.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

struct CheckChoices {
  std::string study = "study.toml";
  std::string directory;
  bool try_one = false;
  bool json = false;
};

const char* kind_of(const Parameter& parameter) {
  switch (parameter.scale) {
    case Scale::Linear:
      return "linear";
    case Scale::Log:
      return "log";
    case Scale::Integer:
      return "integer";
    case Scale::Choice:
      return "choice";
  }
  return "linear";
}

std::string labels_of(const Parameter& parameter) {
  std::string labels;
  for (const std::string& label : parameter.labels) labels += (labels.empty() ? "" : ", ") + label;
  return labels;
}

std::string variables_text(const Study& study) {
  std::vector<std::vector<std::string>> rows{{"variable", "from", "to", "unit", "kind"}};
  for (const Parameter& p : study.parameters) {
    const bool choice = p.scale == Scale::Choice;
    std::string kind = kind_of(p);
    if (choice) kind += ": " + labels_of(p);
    if (p.distribution)
      kind += fmt::format(", normal about {} (sd {}), cut at the bounds", p.distribution->mean,
                          p.distribution->sd);
    rows.push_back({p.name, choice ? "" : fmt::format("{}", p.lower),
                    choice ? "" : fmt::format("{}", p.upper), choice ? "" : p.unit, kind});
  }
  return text_table(rows);
}

std::string domain_text(const Study& study, const Admissibility& found) {
  if (study.constraints.empty()) return "domain    all of the box is admissible\n";
  std::string text = fmt::format("domain    {} of the box is admissible ({} points tried)\n",
                                 shown_percent(found.share), found.samples);
  std::vector<std::vector<std::string>> rows{{"constraint", "rejects alone", "formula"}};
  for (const auto& [name, formula] : study.formulas) {
    std::string rejects = "-";
    for (const auto& [rejecting, share] : found.rejected) {
      if (rejecting == name) rejects = shown_percent(share);
    }
    rows.push_back({name, rejects, formula});
  }
  return text + text_table(rows);
}

// The admissible point nearest to the middle of the box.
Vector central_point(const Study& study, const Admissibility& found) {
  const Domain domain = study.domain();
  const Vector middle = domain.from_unit(Vector::Constant(domain.dim(), 0.5));
  if (domain.admits(middle)) return middle;
  Index nearest = 0;
  double least = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < found.points.rows(); ++i) {
    const Vector u = domain.to_unit(found.points.row(i));
    const double distance = (u.array() - 0.5).abs().maxCoeff();
    if (distance < least) {
      least = distance;
      nearest = i;
    }
  }
  return found.points.row(nearest);
}

std::string quoted(const std::string& argument) {
  const bool plain =
      !argument.empty() && argument.find_first_of(" \t\n\"'\\$*?;|&<>()") == argument.npos;
  return plain ? argument : json_quoted(argument);
}

// Lines of a rendered text, as many as one wants to see.
std::string excerpt(const std::string& text) {
  constexpr int most = 30;
  std::string shown_lines;
  std::size_t at = 0;
  for (int lines = 0; at < text.size(); ++lines) {
    if (lines == most) return shown_lines + "  | ...\n";
    const std::size_t end = std::min(text.find('\n', at), text.size());
    shown_lines += "  | " + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return shown_lines;
}

struct Command {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> rendered;  // "source -> target", text
};

// All templates are rendered, so that what is wrong in any is found.
Command command_at(const Study& study, const Query& query) {
  const fs::path beside = fs::absolute(study.file).parent_path();
  Command command;
  if (!study.simulator.library.empty()) {
    command.arguments = {"library", study.simulator.library};
    return command;
  }
  command.arguments =
      arguments(study.simulator, query, 1, study.parameters, study.template_values(), beside);
  const auto add = [&](const std::string& source, const std::string& target) {
    command.rendered.emplace_back(source + " -> " + target,
                                  render(read_file(beside / source), source, query, 1,
                                         study.parameters, study.template_values()));
  };
  for (const auto& [source, target] : study.simulator.templates) add(source, target);
  if (!study.simulator.stdin_template.empty())
    add(study.simulator.stdin_template, "standard input");
  return command;
}

std::string point_text(const Study& study, const Query& query) {
  std::string text;
  for (std::size_t j = 0; j < study.parameters.size(); ++j)
    text += fmt::format("{}{} {}", j ? ", " : "", study.parameters[j].name,
                        format_value(query.x[static_cast<Index>(j)], study.parameters[j]));
  return text;
}

std::string slurm_text(const SlurmSpec& slurm) {
  std::string text = "slurm     sbatch";
  if (!slurm.partition.empty()) text += " --partition=" + quoted(slurm.partition);
  if (slurm.time_seconds > 0.0) text += " (limit " + shown_time(slurm.time_seconds) + ")";
  for (const std::string& argument : slurm.extra) text += " " + quoted(argument);
  return text + "\n";
}

std::string simulator_text(const Study& study, const Command& command) {
  std::string text = "simulator";
  for (const std::string& argument : command.arguments) text += " " + quoted(argument);
  text += "\n";
  if (study.slurm) text += slurm_text(*study.slurm);
  if (!command.rendered.empty()) {
    const auto& [names, rendered] = command.rendered.front();
    text += "template  " + names + "\n" + excerpt(rendered);
    if (command.rendered.size() > 1)
      text += fmt::format("          and {} more\n", command.rendered.size() - 1);
  }
  if (study.pace == Pace::Batches && study.batch.most < study.parallel)
    text += fmt::format("note      batches of {} keep {} of {} workers busy\n", study.batch.most,
                        study.batch.most, study.parallel);
  return text;
}

// Inputs of which the templates write less than the point has, at the point that is shown.
std::string formats_text(const Study& study, const Query& query) {
  if (study.kind != Study::Kind::Command || !study.simulator.library.empty()) return "";
  constexpr double tolerated = 1e-9;  // of the range
  const Domain domain = study.domain();
  const Points tried = design::uniform(Domain(study.parameters), 32, Rng(0));
  std::string text;
  for (std::size_t j = 0; j < study.parameters.size(); ++j) {
    const auto column = static_cast<Index>(j);
    double most = 0.0;
    for (Index i = 0; i < tried.rows(); ++i) {
      Query one = query;
      one.x = tried.row(i);
      const Vector told = told_point(study.simulator, study.parameters, study.template_values(),
                                     fs::absolute(study.file).parent_path(), one);
      most = std::max(most, std::abs(told[column] - one.x[column]));
    }
    const Parameter& p = study.parameters[j];
    const double share = most / (p.upper - p.lower);
    if (p.scale == Scale::Choice || !(share > tolerated)) continue;
    text += fmt::format(
        "note      the format of '{}' moves it by up to {:.2g} {}, {:.2g} of its range; what is "
        "recorded is what was written\n",
        p.name, most, p.unit == "1" ? "" : p.unit, share);
  }
  return text;
}

std::string goal_text(const Study& study, std::size_t output) {
  const double level = study.levels[static_cast<Index>(output)];
  return std::isfinite(level) ? fmt::format("{} {}", study.goals[output], level)
                              : study.goals[output];
}

std::string batch_words(const BatchRule& rule) {
  return rule.least == rule.most ? fmt::format("batches of {}", rule.most)
                                 : fmt::format("batches of {} to {}", rule.least, rule.most);
}

// One a key, by the keys' names.
std::string stop_words(const Study& study) {
  const StopPlan& plan = study.stop;
  std::string words;
  const auto add = [&](const std::string& rule) { words += (words.empty() ? "" : ", ") + rule; };
  if (plan.runs) add(fmt::format("{} runs", *plan.runs));
  if (plan.wall_seconds) add(shown_time(*plan.wall_seconds) + " of time");
  if (plan.cost) add(fmt::format("a cost of {} {}", *plan.cost, study.cost.unit));
  if (plan.error) add("error below " + shown_percent(*plan.error));
  for (const auto& [name, error] : plan.error_in)
    add(fmt::format("error below {} where '{}'", shown_percent(error), name));
  if (plan.held_out) add("error held out below " + shown_percent(*plan.held_out));
  if (plan.tolerance == StopPlan::Judge::LeaveOneOut) add("tolerances met by leave-one-out");
  if (plan.tolerance == StopPlan::Judge::HeldOut) add("tolerances met on runs held out");
  if (plan.plateau) add(fmt::format("{} runs without progress", *plan.plateau));
  if (plan.worth) add("worths below " + shown_percent(*plan.worth) + " of the largest");
  if (plan.marginal) add("a run that costs more than it brings");
  if (words.empty()) add(fmt::format("{} runs", study.max_queries()));
  return plan.when.empty() ? words : words + "; when " + plan.when;
}

std::string plan_text(const Study& study) {
  const auto d = static_cast<Index>(study.parameters.size());
  const Index initial = study.initial > 0 ? study.initial : d + 2;
  std::string text = study.design_file.empty()
                         ? fmt::format("design    {} runs, {}\n", initial, study.design)
                         : fmt::format("design    {}\n", study.design_file.string());
  text +=
      fmt::format("then      query '{}', {}, {} at a time, seed {}\n", study.query,
                  study.pace == Pace::Batches ? batch_words(study.batch) : std::string("streaming"),
                  study.parallel, study.seed);
  if (study.margin > 0.0) {
    const double usable = usable_margin(study.domain(), study.margin);
    text += fmt::format(
        "margin    {} of each continuous range is kept off its bounds, once the "
        "design is done\n",
        shown_percent(usable));
    if (usable < study.margin)
      text +=
          fmt::format("          nothing admissible lies {} off\n", shown_percent(study.margin));
  }
  return text + pool_words(study) + "stop      " + stop_words(study) + "\n";
}

std::string outputs_text(const Study& study) {
  std::vector<std::vector<std::string>> rows{{"output", "unit", "goal", "accepted if"}};
  for (std::size_t j = 0; j < study.outputs.size(); ++j) {
    const ProcessOutput& output = study.outputs[j];
    rows.push_back({output.output.name, output.output.unit, goal_text(study, j),
                    output.accept ? output.accept->text() : ""});
  }
  return text_table(rows);
}

std::string sizes_word(const std::vector<Index>& sizes) {
  std::string text;
  for (const Index size : sizes) text += (text.empty() ? "" : " + ") + std::to_string(size);
  return text;
}

std::string servers_text(const Study& study, const std::vector<UmbridgeReport>& servers) {
  std::string text = fmt::format("simulator model '{}' of UM-Bridge servers", study.umbridge.model);
  if (study.umbridge.config != "{}") text += ", config " + study.umbridge.config;
  std::vector<std::vector<std::string>> rows{{"server", "at a time", "inputs", "outputs"}};
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const UmbridgeReport& server = servers[i];
    const bool fine = server.problem.empty();
    rows.push_back({server.url, std::to_string(study.umbridge.servers[i].parallel),
                    fine ? sizes_word(server.input_sizes) : "-",
                    fine ? sizes_word(server.output_sizes) : server.problem});
  }
  return text + "\n" + text_table(rows);
}

JsonValue servers_document(const std::vector<UmbridgeReport>& servers) {
  JsonValue list = JsonValue::array();
  for (const UmbridgeReport& server : servers)
    list.push_back({{"url", server.url},
                    {"problem", server.problem},
                    {"models", server.models},
                    {"input_sizes", server.input_sizes},
                    {"output_sizes", server.output_sizes}});
  return list;
}

// A folder for one run, removed afterwards where it went well.
Answer tried(const Study& study, const Query& query, fs::path& folder) {
  // The nodes of a cluster do not see our temporary files; they must see the study.
  const fs::path parent =
      study.slurm ? fs::absolute(study.file).parent_path() : fs::temp_directory_path();
  std::string name = (parent / "sonde-check-XXXXXX").string();
  require<StoreError>(mkdtemp(name.data()) != nullptr, name, ": the folder cannot be made");
  folder = name;
  const CampaignFolder place{folder, study.file, study.file.stem().string()};
  Study kept = study;
  kept.simulator.keep = SimulatorSpec::Keep::All;
  return oracle_of(kept, place, {}).ask(query);
}

int try_one(const Study& study, const Query& query) {
  fs::path folder;
  const Answer answer = tried(study, query, folder);
  const bool elsewhere = study.kind == Study::Kind::Umbridge;
  if (elsewhere) fs::remove_all(folder);
  if (answer.status != Answer::Status::Ok)
    throw FailuresError(fmt::format("the run at {} failed: {} ({}){}", point_text(study, query),
                                    answer.message, answer.kind,
                                    elsewhere ? "" : ". Look at " + folder.string()));
  std::printf("tried     at %s: ok, %.2f s\n", point_text(study, query).c_str(), answer.seconds);
  for (std::size_t j = 0; j < study.outputs.size(); ++j)
    std::printf(
        "  %s = %s\n", study.outputs[j].output.name.c_str(),
        study.outputs[j].output.is_class()
            ? format_value(answer.y[static_cast<Index>(j)], study.outputs[j].output).c_str()
            : (shown(answer.y[static_cast<Index>(j)], 9) + " " + study.outputs[j].output.unit)
                  .c_str());
  fs::remove_all(folder);
  return Done;
}

std::string document(const Study& study, const Admissibility& found, const Command& command,
                     const std::vector<UmbridgeReport>& servers) {
  JsonValue variables = JsonValue::array();
  for (const Parameter& p : study.parameters) {
    JsonValue variable{{"name", p.name}, {"kind", kind_of(p)}, {"unit", p.unit}};
    if (p.scale == Scale::Choice)
      variable["values"] = p.labels;
    else
      variable["bounds"] = {p.lower, p.upper};
    variables.push_back(std::move(variable));
  }
  JsonValue rejected = JsonValue::object();
  for (const auto& [name, share] : found.rejected) rejected[name] = share;
  JsonValue all{
      {"schema", 1},          {"study", study.file.string()}, {"variables", variables},
      {"share", found.share}, {"rejected", rejected},         {"arguments", command.arguments}};
  if (study.kind == Study::Kind::Umbridge) all["servers"] = servers_document(servers);
  return json_text(all, 2);
}

std::string simulator_text(const Study& study, const Command& command,
                           const std::vector<UmbridgeReport>& servers) {
  switch (study.kind) {
    case Study::Kind::Manual:
      return "simulator by hand: sonde ask, sonde tell\n";
    case Study::Kind::Umbridge:
      return servers_text(study, servers);
    case Study::Kind::Command:
      break;
  }
  return simulator_text(study, command);
}

int carry_out(const CheckChoices& choices) {
  Target target{choices.study, choices.directory};
  const Study study =
      read_study(fs::is_directory(choices.study) ? locate(target).study : fs::path(choices.study));
  const Admissibility found = admissibility_of(study);
  refuse_contradiction(study, found);
  new_campaign(study, study.campaign_options(), study.seed);  // refuses a design of other points
  Query query;
  query.x = central_point(study, found);
  query.why = "check";
  Command command;
  if (study.kind == Study::Kind::Command) {
    oracle_of(study, {"nowhere", study.file, ""}, {});  // looks at all that a run needs
    command = command_at(study, query);
  }
  std::vector<UmbridgeReport> servers;
  if (study.kind == Study::Kind::Umbridge) servers = umbridge_reports(study.umbridge);
  if (choices.json) {
    std::puts(document(study, found, command, servers).c_str());
  } else {
    std::printf("study     %s%s\n%s%s%s", study.file.string().c_str(),
                study.title.empty() ? "" : (": " + study.title).c_str(),
                variables_text(study).c_str(), domain_text(study, found).c_str(),
                outputs_text(study).c_str());
    std::fputs(simulator_text(study, command, servers).c_str(), stdout);
    std::fputs(formats_text(study, query).c_str(), stdout);
    std::fputs((people_text(study) + plan_text(study)).c_str(), stdout);
    std::fflush(stdout);
  }
  if (choices.try_one && study.kind != Study::Kind::Manual) return try_one(study, query);
  // What cannot be reached, or does not fit, is a fault of the set-up: after it has been shown.
  if (study.kind == Study::Kind::Umbridge) oracle_of(study, {"nowhere", study.file, ""}, {});
  return Done;
}

}  // namespace

Subcommand check_subcommand() {
  auto choices = std::make_shared<CheckChoices>();
  return {
      .name = "check",
      .help = "What a study means, before anything is run",
      .arguments = {{.names = "study",
                     .place = &choices->study,
                     .help = "Study file; default: study.toml"},
                    {.names = "-C,--directory",
                     .place = &choices->directory,
                     .help = "The campaign's directory"},
                    {.names = "--try",
                     .place = &choices->try_one,
                     .help = "One real run at the centre of the domain"},
                    {.names = "--json", .place = &choices->json, .help = "As one JSON document"}},
      .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
