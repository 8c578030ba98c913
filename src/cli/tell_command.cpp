#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/handover.hpp"
#include "cli/request.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct TellChoices {
  Target target;
  std::string file = "-";
  std::string wait = default_wait;
};

std::string all_of(std::istream& stream) {
  return {std::istreambuf_iterator<char>(stream), {}};
}

int carry_out(const TellChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  require<UsageError>(folder.begun(), folder.shown(),
                      ": nothing was asked yet. Ask first: sonde ask ", folder.study.string());
  std::ifstream file;
  const bool from_file = choices.file != "-";
  if (from_file) {
    file.open(choices.file);
    require<UsageError>(file.good(), choices.file, ": the file cannot be read");
  }
  // All of it before the journal's lock is taken.
  const std::string lines = all_of(from_file ? file : std::cin);
  return by_holder(folder, tell_request(lines, from_file ? choices.file : "stdin"),
                   {.wait = wait_of(choices.wait), .threads = cores()});
}

}  // namespace

Subcommand tell_subcommand() {
  auto choices = std::make_shared<TellChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--from",
                       .place = &choices->file,
                       .help = "File to read; - is standard input, the default"});
  arguments.push_back(wait_argument(choices->wait));
  return {.name = "tell",
          .help =
              "Read answers as JSON lines: {\"id\":..,\"y\":{name: value}} or "
              "{\"id\":..,\"failed\":\"reason\"}; \"correct\": {\"y\": ..}; of what is reviewed "
              "\"approve\": true, \"edit\": {name: value} or \"reject\": \"reason\"",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
