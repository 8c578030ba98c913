#include <cstdio>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct StopChoices {
  Target target;
  bool now = false;
};

int carry_out(const StopChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  const bool compared = folder.being_compared();
  require<UsageError>(folder.begun() || compared, folder.shown(), ": the campaign has not begun");
  const bool running = folder.being_written();
  if (!running && !compared) {
    std::printf("%s: nothing is running\n", folder.shown().c_str());
    return 0;
  }
  const std::string request = choices.now ? "now\n" : "stop\n";
  if (running) write_file(folder.stop_file(), request);
  if (compared) write_file(folder.comparison_stop_file(), request);
  std::printf("%s: asked to stop; %s\n", folder.shown().c_str(),
              choices.now ? "running simulations are ended" : "running simulations may finish");
  return 0;
}

}  // namespace

Subcommand stop_subcommand() {
  auto choices = std::make_shared<StopChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back(
      {.names = "--now", .place = &choices->now, .help = "End running simulations too"});
  return {.name = "stop",
          .help = "Ask a running campaign to stop",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
