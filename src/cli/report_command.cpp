#include <cstdio>
#include <memory>
#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/comparison.hpp"
#include "cli/files.hpp"
#include "cli/hdf5_file.hpp"
#include "cli/sessions.hpp"
#include "cli/subcommands.hpp"
#include "report/report.hpp"

namespace sonde::cli {
namespace {

struct ReportChoices {
  Target target;
  std::string to;
};

int carry_out(const ReportChoices& choices) {
  OpenCampaign open = read_campaign(locate(choices.target), cores());
  const bool running = open.folder.being_written();
  const Sessions sessions = sessions_of(open.journal);
  const report::Story story{.title = open.study.title,
                            .state = running ? "running" : sessions.state,
                            .reason = running ? "" : sessions.reason,
                            .learning = metrics_of(open, open.journal.events()),
                            .comparison = recorded_comparison(open.folder),
                            .segments = open.study.segments};
  const std::filesystem::path file =
      choices.to.empty() ? open.folder.report() : std::filesystem::path(choices.to);
  write_file(file, report::html(open.journal.preamble(), open.campaign, story));
  std::puts(file.string().c_str());
  return 0;
}

}  // namespace

Subcommand report_subcommand() {
  auto choices = std::make_shared<ReportChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "-o,--output",
                       .place = &choices->to,
                       .help = "File to write; default: report.html in the campaign"});
  return {.name = "report",
          .help = "Write a page to look at: report.html",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
