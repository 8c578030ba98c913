#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/handover.hpp"
#include "cli/request.hpp"
#include "cli/subcommands.hpp"
#include "cli/telling.hpp"

namespace sonde::cli {
namespace {

struct TellChoices {
  Target target;
  std::string file = "-";
  std::string wait = default_wait;
};

constexpr std::size_t most_bytes = 64u << 20;  // at a time

// Of a line that is too long so much that it is known to be; no more than that in memory.
std::string all_of(std::istream& stream, const std::string& source) {
  std::string lines;
  std::size_t line = 0;
  for (std::istreambuf_iterator<char> at(stream), end; at != end; ++at) {
    line = *at == '\n' ? 0 : line + 1;
    if (line > longest_line + 1) continue;
    lines += *at;
    require<UsageError>(lines.size() <= most_bytes, source,
                        ": at most 64 MiB can be told at a time, and nothing is recorded. Tell it "
                        "in parts");
  }
  return lines;
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
  const std::string source = from_file ? choices.file : "stdin";
  // All of it before the journal's lock is taken.
  const std::string lines = all_of(from_file ? file : std::cin, source);
  return by_holder(folder, tell_request(lines, source),
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
