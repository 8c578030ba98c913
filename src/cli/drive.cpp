#include "cli/drive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "cli/fitting_cost.hpp"
#include "cli/gold.hpp"
#include "cli/points_file.hpp"
#include "cli/sessions.hpp"
#include "run/toml_reader.hpp"
#include "sonde/base/error.hpp"
#include "sonde/run/export_hdf5.hpp"

namespace sonde::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Something that may be done now and then, in at most 2 % of the time.
class NowAndThen {
 public:
  explicit NowAndThen(double at_least_seconds) : pause_(at_least_seconds) {}

  template <class Act>
  void operator()(Act act) {
    if (std::chrono::duration<double>(Clock::now() - last_).count() < pause_) return;
    const Clock::time_point begun = Clock::now();
    act();
    last_ = Clock::now();
    pause_ = std::max(pause_, 49.0 * std::chrono::duration<double>(last_ - begun).count());
  }

 private:
  double pause_;
  Clock::time_point last_ = Clock::now();
};

// The study's rules, and between proposals what is done now and then.
StopRule attended(OpenCampaign& open, StopRule rule, const DriveOptions& options,
                  Progress& progress) {
  auto estimate = std::make_shared<NowAndThen>(0.2);
  auto hdf5 = std::make_shared<NowAndThen>(60.0);
  auto gold = std::make_shared<GoldWatch>();
  return [&open, &progress, rule = std::move(rule), options, estimate, hdf5,
          gold](Campaign& campaign) -> std::optional<std::string> {
    for (const std::string& words : gold->look(open)) {
      open.journal.note("gold: " + words);
      progress.say("gold: " + words);
    }
    // Open and failed queries take their rows too, as do those that come now.
    const Index next = campaign.asked() + open.study.batch;
    if (next > many_runs && !options.many_agreed)
      return fmt::format("{} runs: {}. Go on with --yes", campaign.asked(),
                         fitting_words(2 * next, options.threads));
    if (next > most_runs())
      return fmt::format("{} runs: the memory does not suffice to fit more", campaign.asked());
    if (campaign.has_surrogate()) {
      if (options.show_error) (*estimate)([&] { progress.error(campaign.estimated_error()); });
      if (options.write_hdf5)
        (*hdf5)(
            [&] { write_hdf5(open, Journal::read(open.folder.journal()), open.folder.hdf5()); });
    }
    return rule(campaign);
  };
}

// What is left of the wall time that earlier sessions did not use.
StopRule rule_of(const OpenCampaign& open) {
  Study study = open.study;
  if (study.stop_wall_seconds)
    study.stop_wall_seconds =
        std::max(0.0, *study.stop_wall_seconds - sessions_of(open.journal).seconds);
  return study.stop_rule();
}

// What the last comparison was judged by; nothing where there was none, or where it is unreadable.
Dataset held_out(const OpenCampaign& open) {
  if (!std::filesystem::exists(open.folder.held_out())) return {};
  try {
    PointsFile points = read_points(open.folder.held_out(), open.study);
    return {std::move(points.x), std::move(points.y)};
  } catch (const Error&) {
    return {};
  }
}

// A message about "table.key: ..." with the place of that key in the study.
std::string placed(const Study& study, const std::string& message) {
  const std::size_t dot = message.find('.');
  const std::size_t colon = message.find(": ");
  if (dot == std::string::npos || colon == std::string::npos || dot > colon) return message;
  const TomlValue document = parse_toml(study.text, study.file.string());
  const std::string table = message.substr(0, dot);
  if (std::none_of(document.entries.begin(), document.entries.end(),
                   [&](const auto& entry) { return entry.key == table; }))
    return message;
  const Position at = position_of(document, {table, message.substr(dot + 1, colon - dot - 1)});
  return fmt::format("{}:{}:{}: {}", study.file.string(), at.line, at.column, message);
}

}  // namespace

Oracle oracle_of(const Study& study, const CampaignFolder& folder, std::stop_token stop,
                 std::function<void(const std::string&)> say) {
  const std::filesystem::path beside = std::filesystem::absolute(study.file).parent_path();
  try {
    return process_oracle(study.simulator, study.parameters, study.outputs, study.template_values(),
                          {.study_directory = beside,
                           .runs = std::filesystem::absolute(folder.runs()),
                           .stop = std::move(stop),
                           .slurm = study.slurm,
                           .say = std::move(say)},
                          study.constraints);
  } catch (const StudyError& failure) {
    throw StudyError(placed(study, failure.what()));
  } catch (const OracleError& failure) {
    throw OracleError(placed(study, failure.what()));
  }
}

RunEnd drive(OpenCampaign& open, const Oracle& oracle, const DriveOptions& options,
             Progress& progress, Interruptions& interruptions) {
  const RunOptions run_options{.workers = options.workers,
                               .batch = open.study.batch,
                               .max_queries = open.study.max_queries(),
                               .pace = open.study.pace,
                               .interruption =
                                   [&] {
                                     const Interruption asked = interruptions.now();
                                     progress.interruption(asked);
                                     progress.draw();
                                     return asked;
                                   },
                               .failing =
                                   [&](const std::string& failure) {
                                     progress.erase();
                                     std::fprintf(
                                         stderr,
                                         "sonde: %s\nsonde: nothing more is begun; running "
                                         "simulations may finish, Ctrl-C ends them\n",
                                         failure.c_str());
                                   },
                               .pause_seconds = open.study.pause_seconds};
  const Recorder recorder = [&](const Event& event) {
    open.journal.append(event);
    progress.event(event);
  };
  const StopRule rule = attended(open, rule_of(open), options, progress);
  note_begin(open.journal, options.workers);
  const RunEnd end = run(open.campaign, oracle, rule, run_options, recorder);
  progress.erase();
  note_end(open.journal, end);
  return end;
}

std::vector<MetricsRow> metrics_of(OpenCampaign& open, const std::vector<Event>& events) {
  Campaign& campaign = open.campaign;
  const Dataset holdout = held_out(open);
  std::vector<MetricsRow> rows =
      learning_curve(campaign.domain(), campaign.outputs(), ModelOptions{}, events,
                     /*rows=*/campaign.data().size() <= 1000 ? 40 : 8, holdout);
  const Index now = campaign.data().size();
  if (!campaign.has_surrogate() || (!rows.empty() && rows.back().runs == now)) return rows;
  try {
    rows.push_back(metrics(campaign.surrogate(), now, holdout));
  } catch (const Error&) {
    return rows;  // there is no surrogate of the data as they are
  }
  return rows;
}

void write_hdf5(OpenCampaign& open, const Journal& journal, const std::filesystem::path& file) {
  export_hdf5(file, journal.preamble(), open.campaign, metrics_of(open, journal.events()),
              {.journal_sha256 = journal.sha256(), .events = journal.events()});
}

}  // namespace sonde::cli
