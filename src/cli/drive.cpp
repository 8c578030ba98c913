#include "cli/drive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "base/allowance.hpp"
#include "base/clock.hpp"
#include "cli/arrivals.hpp"
#include "cli/asking.hpp"
#include "cli/files.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/gold.hpp"
#include "cli/hdf5_file.hpp"
#include "cli/metrics_text.hpp"
#include "cli/sessions.hpp"
#include "cli/status_document.hpp"
#include "run/toml_reader.hpp"
#include "sonde/base/error.hpp"
#include "sonde/run/watch.hpp"

namespace sonde::cli {
namespace {

using Clock = std::chrono::steady_clock;

// The estimated error for the bar, in at most 2 % of the time.
class Estimate {
 public:
  void show(Campaign& campaign, Progress& progress) {
    const double begun = seconds();
    if (!allowance_.due(begun, 0.0)) return;
    progress.error(campaign.estimated_error());
    allowance_.took(seconds(), seconds() - begun);
  }

 private:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

  Clock::time_point begun_ = Clock::now();
  Allowance allowance_{/*share=*/0.02, /*pause=*/0.2};
};

// How the campaign stands, for a collector that reads files: once a run has lasted for a while, in
// at most 2 % of the time.
class MetricsFile {
 public:
  void look(OpenCampaign& open) {
    const double begun = seconds();
    if (begun < pause_ || !allowance_.due(begun, 0.0)) return;
    write(open, /*running=*/true);
    allowance_.took(seconds(), seconds() - begun);
  }
  void end(OpenCampaign& open) {
    if (is_kept_) write(open, /*running=*/false);
  }

 private:
  static constexpr double pause_ = 15.0;  // s

  void write(OpenCampaign& open, bool running) {
    OpenCampaign now{open.folder, open.study, Journal::read(open.folder.journal()),
                     std::move(open.campaign)};
    std::string text;
    try {
      text = metrics_text(status_json(now, running));
      write_file(open.folder.metrics(), text);
      is_kept_ = true;
    } catch (const Error&) {
      is_kept_ = false;  // a full disk, say: the campaign goes on without it
    }
    open.campaign = std::move(now.campaign);
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

  Clock::time_point begun_ = Clock::now();
  Allowance allowance_{/*share=*/0.02, pause_};
  bool is_kept_ = false;
};

// A word for whoever reads the journal: nothing is decided by it.
void said(Journal& journal, const std::string& words) {
  try {
    journal.note(words);
  } catch (const JournalFull&) {
    return;
  }
}

// That answers surprise, and what is done about it; and that they no longer do.
void tell_surprise(OpenCampaign& open, Progress& progress, bool& told) {
  Watch now{};
  now.surprise = open.campaign.surprise(Watch::window);
  const std::vector<sonde::Finding> found = findings(now, open.campaign);
  if (found.empty() == !told) return;
  told = !found.empty();
  const std::string words =
      told ? found.front().kind + ": " + found.front().words + "; " + found.front().measure
           : "answers are as they were foretold again";
  progress.say(words);
  said(open.journal, words);
}

// The study's rules, and between proposals what is done now and then.
StopRule attended(OpenCampaign& open, StopRule rule, const DriveOptions& options,
                  Progress& progress) {
  auto estimate = std::make_shared<Estimate>();
  auto gold = std::make_shared<GoldWatch>();
  auto surprised = std::make_shared<bool>(false);
  return [&open, &progress, rule = std::move(rule), options, estimate, gold,
          surprised](Campaign& campaign) -> std::optional<std::string> {
    for (const std::string& words : gold->look(open)) {
      progress.say("gold: " + words);
      said(open.journal, "gold: " + words);
    }
    tell_surprise(open, progress, *surprised);
    // Open and failed queries take their rows too, as do those that come now.
    const Index next = campaign.asked() + open.study.batch.most;
    if (next > many_runs && !options.many_agreed)
      return fmt::format("{} runs: {}. Go on with --yes", campaign.asked(),
                         fitting_words(2 * next, options.threads));
    if (next > most_runs())
      return fmt::format("{} runs: the memory does not suffice to fit more", campaign.asked());
    if (options.show_error && campaign.has_surrogate()) estimate->show(campaign, progress);
    return rule(campaign);
  };
}

// The surrogate of all data as a version: what is compared, promoted and gone back to.
void keep_last_model(OpenCampaign& open) {
  if (!open.campaign.has_surrogate()) return;
  try {
    if (const std::optional<Fitted> last = open.campaign.fit()) record(open, *last, "");
  } catch (const NumericalError&) {
    return;  // of these data there is none
  }
}

// What is left of the wall time that earlier sessions did not use.
StopRule rule_of(const OpenCampaign& open) {
  return open.study.stop_rule(open.study.stop.wall_seconds ? sessions_of(open.journal).seconds
                                                           : 0.0);
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
  const auto process = [&](const SimulatorSpec& spec, const std::filesystem::path& runs,
                           const std::optional<SlurmSpec>& slurm) {
    return process_oracle(spec, study.parameters, study.outputs, study.template_values(),
                          {.study_directory = beside,
                           .runs = std::filesystem::absolute(runs),
                           .stop = stop,
                           .slurm = slurm,
                           .say = say},
                          study.constraints);
  };
  try {
    Oracle oracle = study.kind == Study::Kind::Umbridge
                        ? umbridge_oracle(study.umbridge, study.parameters, study.outputs, stop)
                        : process(study.simulator, folder.runs(), study.slurm);
    if (!study.cheap) return oracle;
    try {
      return screened(process(study.cheap->simulator, folder.cheap_runs(), std::nullopt),
                      std::move(oracle), study.screen());
    } catch (const Error& failure) {
      // What it says of a key is of the table below.
      const std::string words = failure.what();
      constexpr std::string_view table = "simulator.";
      const std::string of_cheap =
          words.starts_with(table) ? "simulator.cheap." + words.substr(table.size()) : words;
      if (dynamic_cast<const OracleError*>(&failure)) throw OracleError(of_cheap);
      throw StudyError(of_cheap);
    }
  } catch (const StudyError& failure) {
    throw StudyError(placed(study, failure.what()));
  } catch (const OracleError& failure) {
    throw OracleError(placed(study, failure.what()));
  }
}

namespace {

Index held(const Campaign& campaign) {
  Index count = 0;
  for (const Query& query : campaign.open()) count += campaign.held(query.id) ? 1 : 0;
  return count;
}

// Of those that are not held: somebody has them for a time.
Index in_hands(const Campaign& campaign) {
  Index count = 0;
  for (const Query& query : campaign.open())
    count += !campaign.held(query.id) && in_other_hands(campaign, query.id, seconds_since_1970())
                 ? 1
                 : 0;
  return count;
}

void show_waiting(const OpenCampaign& open, Progress& progress) {
  if (open.study.kind != Study::Kind::Manual) progress.in_hands(in_hands(open.campaign));
  if (open.study.review_before) progress.held(held(open.campaign), open.folder.shown());
}

// What comes from elsewhere, and who is waited for.
void attend(OpenCampaign& open, const DriveOptions& options, Progress& progress, LiveFile* file,
            MetricsFile& metrics) {
  if (file) file->look();
  if (options.write_hdf5) metrics.look(open);
  if (!options.outside) return;
  options.outside();
  show_waiting(open, progress);
}

std::unique_ptr<LiveFile> live_file(OpenCampaign& open, const DriveOptions& options,
                                    Progress& progress) {
  if (!options.write_hdf5) return nullptr;
  return std::make_unique<LiveFile>(open,
                                    [&progress](const std::string& words) { progress.say(words); });
}

// A campaign that nobody but people answers.
class Waiting {
 public:
  Waiting(OpenCampaign& open, const DriveOptions& options, StopRule rule)
      : open_(open), options_(options), rule_(std::move(rule)) {}

  // Asks for more where it may. What it has come to, once it is at its end.
  std::optional<RunEnd> step() {
    const Campaign& campaign = open_.campaign;
    if (campaign.rejected() != rejected_) end_.reset();  // another may be asked in its place
    rejected_ = campaign.rejected();
    const Index open = open_queries();
    if (end_ && open == 0) return end_;
    const Index places = free_places(open);
    if (!end_ && places > 0) ask(places);
    return std::nullopt;
  }

 private:
  Index open_queries() const {
    Index count = 0;
    for (const Query& query : open_.campaign.open()) count += query.why == "imported" ? 0 : 1;
    return count;
  }

  Index free_places(Index open) const {
    const Study& study = open_.study;
    if (study.pace == Pace::Streaming)
      return std::max<Index>(0, std::max<Index>(options_.workers, size()) - open);
    return open > 0 ? 0
                    : std::max<Index>(open_.campaign.initial() - open_.campaign.asked(), size());
  }

  Index size() const { return batch_size(open_.campaign, open_.study.batch).queries; }

  void ask(Index places) {
    Campaign& campaign = open_.campaign;
    if (std::optional<std::string> reason = rule_(campaign)) {
      end_ = RunEnd{RunEnd::State::Stopped, std::move(*reason)};
      return;
    }
    const Index most = open_.study.max_queries();
    const Index spent = campaign.spent();
    if (most > 0) places = std::min(places, std::max<Index>(1, most - spent));
    const Asked asked = campaign.propose(places);
    if (asked.queries.empty()) {
      end_ =
          RunEnd{RunEnd::State::Exhausted, "every admissible point of the domain has been asked"};
      return;
    }
    record(open_, asked, "");
  }

  OpenCampaign& open_;
  const DriveOptions& options_;
  StopRule rule_;
  Index rejected_ = 0;
  std::optional<RunEnd> end_{};
};

}  // namespace

RunEnd wait_for_people(OpenCampaign& open, const DriveOptions& options, Progress& progress,
                       Interruptions& interruptions) {
  const SessionClock::time_point begun = note_begin(open.journal, options.workers, open.study);
  progress.by_hand();
  Waiting waiting(open, options, attended(open, rule_of(open), options, progress));
  const std::unique_ptr<LiveFile> file = live_file(open, options, progress);
  MetricsFile metrics;
  std::optional<RunEnd> end;
  while (!end) {
    const Interruption asked = interruptions.now();
    progress.interruption(asked);
    progress.draw();
    if (asked != Interruption::None) {
      end = RunEnd{RunEnd::State::Interrupted, "interrupted"};
      break;
    }
    try {
      attend(open, options, progress, file.get(), metrics);
      end = waiting.step();
      progress.resume();
    } catch (const JournalFull& full) {
      progress.pause(full.what());
    }
    if (!end) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  progress.erase();
  note_end(open.journal, *end, begun);
  metrics.end(open);
  return *end;
}

RunEnd drive(OpenCampaign& open, const Oracle& oracle, const DriveOptions& options,
             Progress& progress, Interruptions& interruptions) {
  const std::unique_ptr<LiveFile> file = live_file(open, options, progress);
  MetricsFile metrics;
  RunOptions run_options{.workers = options.workers,
                         .batch = open.study.batch,
                         .max_queries = open.study.max_queries(),
                         .pace = open.study.pace,
                         .interruption =
                             [&] {
                               const Interruption asked = interruptions.now();
                               if (asked != Interruption::None && options.outside)
                                 show_waiting(open, progress);  // these do not run
                               progress.interruption(asked);
                               progress.draw();
                               return asked;
                             },
                         .outside = [&] { attend(open, options, progress, file.get(), metrics); },
                         .ready =
                             [&](const Query& query) {
                               return !options.outside || !in_other_hands(open.campaign, query.id,
                                                                          seconds_since_1970());
                             },
                         .failing =
                             [&](const std::string& failure) {
                               progress.erase();
                               std::fprintf(stderr,
                                            "sonde: %s\nsonde: nothing more is begun; running "
                                            "simulations may finish, Ctrl-C ends them\n",
                                            failure.c_str());
                             },
                         .full = [&](const std::string& words) { progress.pause(words); },
                         .pause_seconds = open.study.pause_seconds};
  if (open.study.stream) {
    const auto arrivals = std::make_shared<Arrivals>(open, [](const std::string& lines) {
      require<Error>(std::fputs(lines.c_str(), stdout) >= 0 && std::fflush(stdout) == 0,
                     "what was decided cannot be written to standard output");
    });
    if (const std::string address = arrivals->address(); !address.empty()) progress.say(address);
    run_options.arrivals = [arrivals](double seconds, double share, Index most) {
      return arrivals->attend(seconds, share, most);
    };
  }
  const Recorder recorder = [&](std::span<const Event> events) {
    open.journal.append(events);
    progress.resume();
    for (const Event& event : events) progress.event(event);
  };
  const StopRule rule = attended(open, rule_of(open), options, progress);
  const SessionClock::time_point begun = note_begin(open.journal, options.workers, open.study);
  const RunEnd end = run(open.campaign, oracle, rule, run_options, recorder);
  progress.erase();
  if (end.state != RunEnd::State::Interrupted) keep_last_model(open);
  note_end(open.journal, end, begun);
  metrics.end(open);
  return end;
}

}  // namespace sonde::cli
