#include <cstdio>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/status_document.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct StatusChoices {
  Target target;
  bool json = false;
};

int carry_out(const StatusChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  OpenCampaign open = read_campaign(folder, cores());
  const bool running = folder.being_written();
  if (choices.json) {
    std::puts(status_json(open, running).c_str());
  } else {
    std::fputs(status_text(open, running).c_str(), stdout);
  }
  return 0;
}

}  // namespace

Subcommand status_subcommand() {
  auto choices = std::make_shared<StatusChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--json", .place = &choices->json, .help = "As one JSON document"});
  return {.name = "status",
          .help = "How a campaign stands, also while it runs",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
