#include <cstdio>
#include <memory>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/lineage.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"

namespace sonde::cli {
namespace {

struct WhyChoices {
  Target target;
  std::ptrdiff_t id = 0;
  bool json = false;
};

int carry_out(const WhyChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  const OpenCampaign open = read_campaign(folder, cores());
  require<UsageError>(
      choices.id < open.campaign.asked(), folder.shown(), ": there is no query ", choices.id,
      open.campaign.asked() == 0 ? std::string(", as none was asked yet")
                                 : concat("; the last is ", open.campaign.asked() - 1));
  const Lineage lineage = lineage_of(open, choices.id);
  const std::string text =
      choices.json ? lineage_json(open, lineage) + "\n" : lineage_text(open, lineage);
  std::fputs(printable_lines(text).c_str(), stdout);
  return Done;
}

}  // namespace

Subcommand why_subcommand() {
  auto choices = std::make_shared<WhyChoices>();
  std::vector<Argument> arguments = {{.names = "id",
                                      .place = &choices->id,
                                      .help = "Number of the query",
                                      .range = Between{0, 2147483647},
                                      .required = true}};
  for (Argument& argument : target_arguments(choices->target))
    arguments.push_back(std::move(argument));
  arguments.push_back({.names = "--json", .place = &choices->json, .help = "As one JSON document"});
  return {.name = "why",
          .help = "Why a query was asked, and what came of it",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
