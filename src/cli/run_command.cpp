#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

#include "cli/arrivals.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/drive.hpp"
#include "cli/exit_status.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/hdf5_file.hpp"
#include "cli/inbox.hpp"
#include "cli/status_document.hpp"
#include "cli/subcommands.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde::cli {
namespace {

struct RunChoices {
  Target target;
  int workers = 0;  // 0: the study's `parallel`
  int threads = 0;  // 0: all cores
  bool require_target = false;
  bool yes = false;
  bool json = false;
  bool quiet = false;
};

bool names_target(const Study& study) {
  return study.stop.error || !study.stop.error_in.empty() ||
         (study.tolerances.array() == study.tolerances.array()).any();
}

// Whether the estimated errors are as small as the study wants them.
bool target_met(OpenCampaign& open) {
  if (!open.campaign.has_surrogate()) return false;
  if (open.study.stop.error && !(open.campaign.estimated_error() <= *open.study.stop.error))
    return false;
  if (!open.study.stop.error_in.empty() &&
      !below_error_in(open.study.segments, open.study.stop.error_in)(open.campaign))
    return false;
  for (Index j = 0; j < open.study.tolerances.size(); ++j) {
    if (std::isnan(open.study.tolerances[j])) continue;
    const double rmse = leave_one_out_scores(open.campaign.surrogate()[j]).rmse;
    if (!(rmse <= open.study.tolerances[j])) return false;
  }
  return true;
}

std::string words_on_begin(const OpenCampaign& open, bool resumed, int workers) {
  const Study& study = open.study;
  std::string words = fmt::format("sonde {}  {}", SONDE_VERSION, open.folder.shown());
  if (!study.title.empty()) words += ": " + study.title;
  words += fmt::format("\n{} variable{}, {} output{}", study.parameters.size(),
                       study.parameters.size() == 1 ? "" : "s", study.outputs.size(),
                       study.outputs.size() == 1 ? "" : "s");
  if (study.max_queries() > 0) words += fmt::format(", {} runs", study.max_queries());
  words += fmt::format(", {} at a time, query '{}', seed {}", workers, study.query,
                       open.journal.preamble().seed);
  if (resumed)
    words += fmt::format("\nresumed: {} answered, {} open", open.campaign.answered(),
                         open.campaign.open().size());
  return words;
}

void print_end(OpenCampaign& open, const RunEnd& end, bool json) {
  // What was decided of a stream has standard output for itself.
  std::FILE* const to = open.study.stream ? stderr : stdout;
  // What was noted at the end is to be read back.
  OpenCampaign now = {open.folder, open.study, Journal::read(open.folder.journal()),
                      std::move(open.campaign)};
  // This process holds the lock still: it is no other one.
  if (json) {
    std::fprintf(to, "%s\n", status_json(now, /*running=*/false).c_str());
  } else {
    std::fputs(status_text(now, /*running=*/false).c_str(), to);
    const std::string where = open.folder.shown();
    if (end.state == RunEnd::State::Interrupted)
      std::fprintf(to, "next      sonde run %s goes on\n", open.folder.study.string().c_str());
    else if (now.campaign.data().size() == 0)
      std::fprintf(to, "next      sonde report %s\n", where.c_str());
    else
      std::fprintf(to, "next      sonde report %s, sonde predict %s --at points.csv\n",
                   where.c_str(), where.c_str());
  }
  open.campaign = std::move(now.campaign);
}

int status_of(OpenCampaign& open, const RunEnd& end, const RunChoices& choices, int interrupted) {
  if (end.state == RunEnd::State::TooManyFailures) {
    std::fprintf(stderr, "sonde: %s. Look at %s\n", end.reason.c_str(),
                 open.folder.runs().string().c_str());
    return TooManyFailures;
  }
  if (end.state == RunEnd::State::Interrupted) return interrupted;
  const Campaign& campaign = open.campaign;
  if (campaign.asked() > campaign.imported() && campaign.data().size() == 0) {
    std::fprintf(stderr, "sonde: none of %td runs went well. Look at %s\n",
                 campaign.asked() - campaign.imported(), open.folder.runs().string().c_str());
    return TooManyFailures;
  }
  if (choices.require_target && !target_met(open)) {
    std::fputs("sonde: the target is not met within the budget. Raise [stop] runs and run again\n",
               stderr);
    return TargetNotMet;
  }
  return Done;
}

// Waits for one that holds the journal for a moment, as ask and tell do; not for another run.
OpenCampaign open_in_time(const CampaignFolder& folder, int threads) {
  for (int attempt = 0;; ++attempt) {
    try {
      return open_campaign(folder, threads);
    } catch (const JournalLocked&) {
      constexpr int most = 60;  // each takes above 100 ms
      if (attempt == most || locked_by_another(folder.desk_lock())) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// While others hand over what they tell and ask.
RunEnd driven(OpenCampaign& open, DriveOptions options, Progress& progress,
              Interruptions& interruptions) {
  Inbox inbox(open, options.threads, [&](const std::string& words) { progress.say(words); });
  open.watch = [&](const Event& event) { progress.event(event); };
  inbox.attend();
  options.outside = [&] { inbox.look(); };
  const auto end = [&] {
    if (open.study.kind == Study::Kind::Manual)
      return wait_for_people(open, options, progress, interruptions);
    const Oracle oracle = oracle_of(open.study, open.folder, interruptions.token(),
                                    [&](const std::string& line) { progress.announce(line); });
    return drive(open, oracle, options, progress, interruptions);
  }();
  open.watch = nullptr;
  return end;
}

int carry_out(const RunChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  const bool resumed = folder.begun();
  const int threads = choices.threads > 0 ? choices.threads : cores();
  if (!resumed) {
    // Before anything is made on the disk.
    const Study study = read_study(folder.study);
    refuse_contradiction(study);
    Arrivals::check(study);
    agree_to_fitting(std::max(study.max_queries(), study.initial), threads, choices.yes);
    if (study.kind != Study::Kind::Manual) oracle_of(study, folder, {});
  }
  OpenCampaign open = open_in_time(folder, threads);
  require<UsageError>(!choices.require_target || names_target(open.study), folder.study.string(),
                      ": --require-target needs a target: [stop] error, or an output's tolerance");
  agree_to_fitting(std::max(open.study.max_queries(), open.campaign.answered()), threads,
                   choices.yes);
  Interruptions interruptions(folder.stop_file());
  const int workers = choices.workers > 0 ? choices.workers : open.study.parallel;
  const Index most = open.study.max_queries();
  Progress progress(open.campaign, most > 0 ? std::optional<Index>(most) : std::nullopt);
  if (choices.quiet) progress.quiet();
  progress.say(words_on_begin(open, resumed, workers));
  const RunEnd end =
      driven(open, {.workers = workers, .threads = threads, .many_agreed = choices.yes}, progress,
             interruptions);
  write_hdf5(open, Journal::read(open.folder.journal()), open.folder.hdf5());
  print_end(open, end, choices.json);
  return status_of(open, end, choices, interruptions.exit_status());
}

}  // namespace

Subcommand run_subcommand() {
  auto choices = std::make_shared<RunChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--workers",
                       .place = &choices->workers,
                       .help = "Simulations at a time; default: parallel",
                       .range = Between{1, 10000}});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for Sonde's arithmetic; default: all",
                       .range = Between{1, 1024}});
  arguments.push_back({.names = "--require-target",
                       .place = &choices->require_target,
                       .help = "End with status 5 unless [stop] error and the tolerances are met"});
  arguments.push_back(
      {.names = "-y,--yes", .place = &choices->yes, .help = "Agree to fit more than 5000 runs"});
  arguments.push_back({.names = "-q,--quiet", .place = &choices->quiet, .help = "No progress"});
  arguments.push_back({.names = "--json",
                       .place = &choices->json,
                       .help = "Print how it stands at the end as JSON"});
  return {.name = "run",
          .help = "Begin a campaign, or go on with it",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
