#include <cstdio>
#include <memory>

#include "cli/asking.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/exit_status.hpp"
#include "cli/handover.hpp"
#include "cli/people.hpp"
#include "cli/request.hpp"
#include "cli/subcommands.hpp"
#include "run/toml_reader.hpp"

namespace sonde::cli {
namespace {

struct AskChoices {
  Target target;
  AskRequest ask{};
  std::string lease{};
  std::string wait = default_wait;
  int threads = 0;
  bool review = false;
  Index choices = 0;
  bool yes = false;
};

// Before the campaign has begun as well: they are like the first point of its design then.
void show_choices(const CampaignFolder& folder, Index count, int threads) {
  std::string lines;
  if (folder.begun()) {
    OpenCampaign open = read_campaign(folder, threads);
    lines = cli::choices(open.campaign, open.study, count);
  } else {
    const Study study = read_study(folder.study);
    refuse_contradiction(study);
    Campaign campaign = new_campaign(study, options_of(folder, study, threads), study.seed);
    lines = cli::choices(campaign, study, count);
  }
  std::fputs(lines.c_str(), stdout);
}

int carry_out(AskChoices choices) {
  const CampaignFolder folder = locate(choices.target);
  const int threads = choices.threads > 0 ? choices.threads : cores();
  if (choices.review) {
    std::fputs(reviews(read_campaign(folder, threads)).c_str(), stdout);
    return Done;
  }
  if (choices.choices > 0) {
    show_choices(folder, choices.choices, threads);
    return Done;
  }
  if (!folder.begun()) refuse_contradiction(read_study(folder.study));
  if (!choices.lease.empty()) {
    choices.ask.seconds = duration(choices.lease);
    require<UsageError>(choices.ask.seconds.has_value(),
                        "--lease: expected a duration such as \"2 h\", got '", choices.lease, "'");
  }
  choices.ask.to = person_named(choices.ask.to, "--to");
  return by_holder(folder, ask_request(choices.ask, choices.yes),
                   {.wait = wait_of(choices.wait), .threads = threads});
}

}  // namespace

Subcommand ask_subcommand() {
  auto choices = std::make_shared<AskChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "-n,--count",
                       .place = &choices->ask.count,
                       .help = "How many; default: 1",
                       .range = Between{1, 100000}});
  arguments.push_back({.names = "--to",
                       .place = &choices->ask.to,
                       .help = "Who answers; needed where each point goes to several people"});
  arguments.push_back(
      {.names = "--lease",
       .place = &choices->lease,
       .help = "For how long, as \"2 h\": then others may get them; default: no end, 1 h where a "
               "program answers otherwise"});
  arguments.push_back({.names = "--tag",
                       .place = &choices->ask.tag,
                       .help = "Only points that carry this tag of the study"});
  arguments.push_back(
      {.names = "--again",
       .place = &choices->ask.again,
       .help =
           "Also points that are in somebody's hands, or are being simulated, before new ones"});
  arguments.push_back({.names = "--review",
                       .place = &choices->review,
                       .help = "List what waits for review, and record nothing"});
  arguments.push_back({.names = "--choices",
                       .place = &choices->choices,
                       .help =
                           "Show so many candidates like the next query, to pick one of; record "
                           "nothing",
                       .range = Between{1, 10000}});
  arguments.push_back({.names = "--row",
                       .place = &choices->ask.row,
                       .help = "Ask this candidate of the pool, by its row",
                       .range = Between{0, 2147483647},
                       .excludes = "--choices"});
  arguments.push_back(wait_argument(choices->wait));
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
