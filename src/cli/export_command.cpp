#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/hdf5_file.hpp"
#include "cli/json_point.hpp"
#include "cli/models.hpp"
#include "cli/subcommands.hpp"
#include "run/csv.hpp"
#include "sonde/export/c99.hpp"

namespace sonde::cli {
namespace {

struct ExportChoices {
  Target target;
  std::string format = "csv";
  std::string to;
  std::string name;
};

const char* status_word(const std::optional<Answer>& answer) {
  if (!answer) return "open";
  if (is_no_run(*answer)) return answer->kind.c_str();
  switch (answer->status) {
    case Answer::Status::Ok:
      return "ok";
    case Answer::Status::TimedOut:
      return "timed out";
    case Answer::Status::Failed:
    case Answer::Status::Abandoned:
      return "failed";
  }
  return "failed";
}

// A line a run: id, inputs, outputs (empty where there are none), then what came of it.
std::string as_csv(const OpenCampaign& open) {
  std::string text = "id";
  for (const Parameter& parameter : open.study.parameters) text += "," + parameter.name;
  for (const Output& output : open.campaign.outputs()) text += "," + output.name;
  text += ",status,seconds,why,message\n";
  for (const Query& query : open.campaign.queries()) {
    const std::optional<Answer>& answer = open.campaign.answer(query.id);
    const bool ok = answer && answer->status == Answer::Status::Ok;
    text += fmt::format("{}", query.id);
    for (std::size_t j = 0; j < open.study.parameters.size(); ++j)
      text += "," + csv_field(format_value(open.campaign.point(query.id)[static_cast<Index>(j)],
                                           open.study.parameters[j]));
    for (std::size_t j = 0; j < open.campaign.outputs().size(); ++j) {
      const double y = ok ? answer->y[static_cast<Index>(j)] : 0.0;
      text += "," + (ok ? csv_field(format_value(y, open.campaign.outputs()[j])) : std::string());
    }
    text += fmt::format(",{},{},{},{}\n", status_word(answer), answer ? answer->seconds : 0.0,
                        csv_field(query.why), csv_field(answer ? answer->message : ""));
  }
  return text;
}

std::string as_json(const OpenCampaign& open) {
  JsonValue runs = JsonValue::array();
  for (const Query& query : open.campaign.queries()) {
    const std::optional<Answer>& answer = open.campaign.answer(query.id);
    JsonValue run{{"id", query.id},
                  {"x", json_point(open.study.parameters, open.campaign.point(query.id))},
                  {"why", query.why},
                  {"status", status_word(answer)}};
    if (answer) {
      if (answer->status == Answer::Status::Ok)
        run["y"] = json_answers(open.campaign.outputs(), answer->y);
      else
        run["failure"] = {{"kind", answer->kind}, {"message", answer->message}};
      run["seconds"] = answer->seconds;
      run["attempts"] = answer->attempts;
      if (answer->x.size() > 0) run["asked"] = json_point(open.study.parameters, query.x);
      if (!answer->host.empty()) run["host"] = answer->host;
      const Index corrections = open.campaign.handling(query.id).corrections;
      if (corrections > 0) run["corrections"] = corrections;
    }
    runs.push_back(std::move(run));
  }
  JsonValue variables = JsonValue::array();
  for (const Parameter& parameter : open.study.parameters)
    variables.push_back({{"name", parameter.name}, {"unit", parameter.unit}});
  JsonValue outputs = JsonValue::array();
  for (const Output& output : open.campaign.outputs()) {
    outputs.push_back({{"name", output.name}, {"unit", output.unit}});
    if (output.is_class()) outputs.back()["values"] = output.values;
  }
  return json_text({{"schema", 1},
                    {"campaign", open.folder.shown()},
                    {"title", open.study.title},
                    {"seed", open.journal.preamble().seed},
                    {"variables", variables},
                    {"outputs", outputs},
                    {"runs", runs}},
                   1) +
         "\n";
}

std::string as_c99(OpenCampaign& open, const ExportChoices& choices) {
  return export_c99(
      numbers_of(answering(open)),
      {.name = choices.name.empty() ? open.folder.name : choices.name, .title = open.study.title});
}

std::string as_text(OpenCampaign& open, const ExportChoices& choices) {
  if (choices.format == "csv") return as_csv(open);
  return choices.format == "json" ? as_json(open) : as_c99(open, choices);
}

int carry_out(const ExportChoices& choices) {
  require<UsageError>(choices.name.empty() || choices.format == "c99",
                      "--name goes with --format c99, got --format ", choices.format);
  OpenCampaign open = read_campaign(locate(choices.target), cores());
  if (choices.format == "hdf5") {
    const std::filesystem::path file =
        choices.to.empty() ? open.folder.hdf5() : std::filesystem::path(choices.to);
    write_hdf5(open, open.journal, file);
    std::puts(file.string().c_str());
    return Done;
  }
  const std::string text = as_text(open, choices);
  if (choices.to.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    write_file(choices.to, text);
    std::puts(choices.to.c_str());
  }
  return Done;
}

}  // namespace

Subcommand export_subcommand() {
  auto choices = std::make_shared<ExportChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--format",
                       .place = &choices->format,
                       .help = "csv, hdf5 or json: all runs; c99: the surrogate as a C source "
                               "file; default: csv",
                       .choices = {"csv", "hdf5", "json", "c99"}});
  arguments.push_back(
      {.names = "-o,--output",
       .place = &choices->to,
       .help = "File to write; default: standard output, of hdf5 the campaign's NAME.h5"});
  arguments.push_back({.names = "--name",
                       .place = &choices->name,
                       .help = "What all names in the C source begin with; default: the study's"});
  return {.name = "export",
          .help = "All runs for other tools, or the surrogate as C source",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
