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
    std::puts(status_document(open, running).dump(2).c_str());
  } else {
    std::fputs(status_text(open, running).c_str(), stdout);
  }
  return 0;
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  auto choices = std::make_shared<StatusChoices>();
  CLI::App* command = app.add_subcommand("status", "How a campaign stands, also while it runs");
  add_target(*command, choices->target);
  command->add_flag("--json", choices->json, "As one JSON document");
  command->callback([&action, choices] { action = [choices] { return carry_out(*choices); }; });
}

}  // namespace sonde::cli
