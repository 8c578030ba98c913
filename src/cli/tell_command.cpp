#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "base/nearest_name.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct TellChoices {
  Target target;
  std::string file = "-";
};

void check_keys(const JsonValue& object, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items())
    require<UsageError>(std::find(known.begin(), known.end(), key) != known.end(), "'", key,
                        "' is unknown here", suggestion(key, known));
}

Vector values_told(const JsonValue& y, const Study& study) {
  require<UsageError>(y.is_object(), "expected \"y\": {name: value}, got ", json_text(y));
  std::vector<std::string> names;
  for (const ProcessOutput& output : study.outputs) names.push_back(output.output.name);
  check_keys(y, names);
  Vector values(static_cast<Index>(names.size()));
  for (std::size_t j = 0; j < names.size(); ++j) {
    require<UsageError>(y.contains(names[j]) && y[names[j]].is_number(), "expected a number for '",
                        names[j], "', got ",
                        y.contains(names[j]) ? json_text(y[names[j]]) : "nothing");
    const double value = y[names[j]];
    require<UsageError>(std::abs(value) <= largest_value, "'", names[j], "' is ", value,
                        ", no more than ", largest_value, " can be learnt");
    values[static_cast<Index>(j)] = value;
  }
  return values;
}

// As for a program: what `accept` refuses has failed.
Answer judged(Vector y, const Query& query, const Study& study) {
  Vector all(query.x.size() + y.size());
  all << query.x, y;
  for (const ProcessOutput& output : study.outputs) {
    if (!output.accept || (*output.accept)(all) == 1.0) continue;
    return {.status = Answer::Status::Failed,
            .message = "'" + output.accept->text() + "' does not hold",
            .kind = "out of range"};
  }
  return {.status = Answer::Status::Ok, .y = std::move(y)};
}

Answered answered_in(const std::string& line, const OpenCampaign& open) {
  const JsonValue told = parsed_json(line);
  require<UsageError>(told.is_object(),
                      "expected {\"id\":..,\"y\":{name: value}} or "
                      "{\"id\":..,\"failed\":\"reason\"}, got ",
                      line);
  check_keys(told, {"id", "y", "failed", "x", "why", "seconds"});
  require<UsageError>(told.contains("id") && told["id"].is_number_integer(),
                      "expected \"id\": the number that ask gave");
  const Index id = told["id"];
  require<UsageError>(id >= 0 && id < open.campaign.asked(), "there is no query ", id, "; ",
                      open.campaign.asked(), " were asked");
  require<UsageError>(!open.campaign.answer(id), "query ", id, " has been answered already");
  require<UsageError>(told.contains("y") != told.contains("failed"),
                      "expected either \"y\" or \"failed\"");
  Answered answered{id, {}};
  if (told.contains("failed")) {
    answered.answer = {.status = Answer::Status::Failed,
                       .message = told["failed"].is_string() ? told["failed"].get<std::string>()
                                                             : json_text(told["failed"]),
                       .kind = "told"};
  } else {
    const Query& query = open.campaign.queries()[static_cast<std::size_t>(id)];
    answered.answer = judged(values_told(told["y"], open.study), query, open.study);
  }
  if (told.contains("seconds") && told["seconds"].is_number())
    answered.answer.seconds = told["seconds"];
  return answered;
}

int carry_out(const TellChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  require<UsageError>(folder.begun(), folder.shown(),
                      ": nothing was asked yet. Ask first: sonde ask ", folder.study.string());
  std::ifstream file;
  if (choices.file != "-") {
    file.open(choices.file);
    require<UsageError>(file.good(), choices.file, ": the file cannot be read");
  }
  std::istream& stream = choices.file == "-" ? std::cin : file;
  OpenCampaign open = open_campaign(folder, cores());
  Index told = 0, refused = 0, number = 0;
  std::string line;
  while (std::getline(stream, line)) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      record(open, answered_in(line, open));
      ++told;
    } catch (const UsageError& failure) {
      ++refused;
      std::fprintf(stderr, "sonde: %s:%ld: %s\n",
                   choices.file == "-" ? "stdin" : choices.file.c_str(), static_cast<long>(number),
                   failure.what());
    }
  }
  std::fprintf(stderr, "%ld answer%s recorded, %ld queries open\n", static_cast<long>(told),
               told == 1 ? "" : "s", static_cast<long>(open.campaign.open().size()));
  return refused > 0 ? Usage : Done;
}

}  // namespace

Subcommand tell_subcommand() {
  auto choices = std::make_shared<TellChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--from",
                       .place = &choices->file,
                       .help = "File to read; - is standard input, the default"});
  return {.name = "tell",
          .help =
              "Read answers as JSON lines: {\"id\":..,\"y\":{name: value}} or "
              "{\"id\":..,\"failed\":\"reason\"}",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
