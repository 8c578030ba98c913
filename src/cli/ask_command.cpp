#include <cstdio>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/exit_status.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/json_point.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct AskChoices {
  Target target;
  Index count = 1;
  int threads = 0;
  bool yes = false;
};

int carry_out(const AskChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  if (!folder.begun()) refuse_contradiction(read_study(folder.study));
  const int threads = choices.threads > 0 ? choices.threads : cores();
  OpenCampaign open = open_campaign(folder, threads);
  agree_to_fitting(open.campaign.asked() + choices.count, threads, choices.yes);
  Index left = choices.count;
  while (left > 0) {
    const Asked asked = open.campaign.propose(left);  // of a design no more than there is of it
    if (asked.queries.empty()) {
      std::fputs("sonde: there is no point left to ask: the admissible ones are exhausted\n",
                 stderr);
      return Done;
    }
    record(open, asked);
    for (const Query& query : asked.queries)
      std::puts(json_query(open.study.parameters, query).c_str());
    left -= static_cast<Index>(asked.queries.size());
  }
  return Done;
}

}  // namespace

Subcommand ask_subcommand() {
  auto choices = std::make_shared<AskChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "-n,--count",
                       .place = &choices->count,
                       .help = "How many; default: 1",
                       .range = Between{1, 100000}});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for Sonde's arithmetic; default: all",
                       .range = Between{1, 1024}});
  arguments.push_back(
      {.names = "-y,--yes", .place = &choices->yes, .help = "Agree to fit more than 5000 runs"});
  return {.name = "ask",
          .help = "Print the next queries as JSON lines, and record them as asked",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
