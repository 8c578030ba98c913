#include <cstdio>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_point.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct AskChoices {
  Target target;
  Index count = 1;
  int threads = 0;
};

int carry_out(const AskChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  if (!folder.begun()) refuse_contradiction(read_study(folder.study));
  OpenCampaign open = open_campaign(folder, choices.threads > 0 ? choices.threads : cores());
  const Asked asked = open.campaign.propose(choices.count);
  if (asked.queries.empty()) {
    std::fputs("sonde: there is no point left to ask: the admissible ones are exhausted\n", stderr);
    return Done;
  }
  open.journal.append(asked);
  open.campaign.apply(asked);
  for (const Query& query : asked.queries) {
    const nlohmann::ordered_json line{
        {"id", query.id}, {"x", json_point(open.study.parameters, query.x)}, {"why", query.why}};
    std::puts(line.dump().c_str());
  }
  return Done;
}

}  // namespace

void add_ask(CLI::App& app, Action& action) {
  auto choices = std::make_shared<AskChoices>();
  CLI::App* command =
      app.add_subcommand("ask", "Print the next queries as JSON lines, and record them as asked");
  add_target(*command, choices->target);
  command->add_option("-n,--count", choices->count, "How many; default: 1")
      ->check(CLI::Range(1, 100000));
  command->add_option("--threads", choices->threads, "Cores for Sonde's arithmetic; default: all")
      ->check(CLI::Range(1, 1024));
  command->callback([&action, choices] { action = [choices] { return carry_out(*choices); }; });
}

}  // namespace sonde::cli
