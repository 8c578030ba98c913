#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/nearest_name.hpp"
#include "cli/comparison.hpp"
#include "cli/contradiction.hpp"
#include "cli/drive.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/hdf5_file.hpp"
#include "cli/rehearsal.hpp"
#include "cli/study_change.hpp"
#include "cli/subcommands.hpp"
#include "sonde/space/design.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

struct CompareChoices {
  Target target;
  std::vector<std::string> against{"uniform"};
  int repeats = 3;
  std::string test;
  Index test_runs = 0;
  Index more = 0;
  int workers = 0;
  int threads = 0;
  bool quiet = false;
  bool json = false;
  bool rehearse = false;
};

// Of all campaigns of a comparison.
struct Setting {
  CampaignFolder folder;
  Study study;  // stops after the budget, by nothing else
  Index budget;
  int workers;
  int threads;
  bool quiet;
  Interruptions& interruptions;
};

struct Interrupted {
  int status;
};

bool among(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<Way> ways_of(const CompareChoices& choices, const Study& study) {
  std::vector<Way> ways{{study.query, false, true}};
  std::vector<std::string> known = design::names();
  for (const std::string& name : study.criteria()) known.push_back(name);
  for (const std::string& name : choices.against) {
    require<UsageError>(among(name, known), "--against: '", name, "' is unknown",
                        suggestion(name, known));
    if (name != study.query) ways.push_back({name, among(name, design::names()), false});
  }
  return ways;
}

std::string folder_name(const std::string& way, std::uint64_t seed) {
  std::string name = fmt::format("{}-{}", way, seed);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

CampaignOptions options_of(const Setting& setting, const Way& way) {
  CampaignOptions options;
  options.threads = setting.threads;
  if (way.design) {
    options.design = way.name;
    options.design_only = true;
    options.initial = setting.budget;
    return options;
  }
  options = setting.study.campaign_options();
  options.threads = setting.threads;
  return options;
}

OpenCampaign opened(const Setting& setting, const Way& way, std::uint64_t seed,
                    const std::string& name) {
  const CampaignFolder folder{setting.folder.compare() / name, setting.study.file, name};
  Study study = studied_by(setting.study, way);
  study.seed = seed;
  Campaign campaign = new_campaign(study, options_of(setting, way), seed);
  if (!folder.begun()) {
    fs::create_directories(folder.directory);
    Journal journal = Journal::create(folder.journal(), {.parameters = study.parameters,
                                                         .outputs = study.output_names(),
                                                         .seed = seed,
                                                         .study = study.text});
    return {folder, std::move(study), std::move(journal), std::move(campaign)};
  }
  Journal journal = Journal::open(folder.journal());
  const StudyChange change = study_change(journal.preamble().study, study.text, study.file.string(),
                                          /*some_went_well=*/true);
  require<StudyError>(!change.forbidden, change.forbidden.value_or(""), ". Remove ",
                      setting.folder.compare().string(), " to compare anew");
  replay(campaign, journal.events());
  return {folder, std::move(study), std::move(journal), std::move(campaign)};
}

// Runs it to the budget, or what is left of it. \throws Interrupted
Campaign finished(const Setting& setting, const Way& way, std::uint64_t seed,
                  const std::string& name, const std::string& title) {
  OpenCampaign open = opened(setting, way, seed, name);
  if (open.campaign.answered() >= setting.budget) return std::move(open.campaign);
  if (setting.interruptions.now() != Interruption::None)
    throw Interrupted{setting.interruptions.exit_status()};
  Progress progress(open.campaign, setting.budget);
  const Oracle oracle = oracle_of(open.study, open.folder, setting.interruptions.token(),
                                  [&](const std::string& line) { progress.announce(line); });
  if (setting.quiet) progress.quiet();
  progress.only_bar();
  progress.title(title);
  const RunEnd end = drive(open, oracle,
                           {.workers = setting.workers,
                            .threads = setting.threads,
                            .many_agreed = true,
                            .write_hdf5 = false,
                            .show_error = false},
                           progress, setting.interruptions);
  if (end.state == RunEnd::State::Interrupted)
    throw Interrupted{setting.interruptions.exit_status()};
  if (end.state == RunEnd::State::TooManyFailures)
    throw FailuresError(end.reason + ". Look at " + open.folder.runs().string());
  return std::move(open.campaign);
}

// The campaign itself, where it is what the comparison would run: its seed, its budget, no runs
// from elsewhere.
std::optional<Campaign> of_campaign(const Setting& setting, std::uint64_t seed) {
  if (!setting.folder.begun()) return std::nullopt;
  OpenCampaign open = read_campaign(setting.folder, setting.threads);
  const bool same =
      open.journal.preamble().seed == seed &&
      !study_change(followed_study(open.journal), setting.study.text, "", true).forbidden;
  Campaign& campaign = open.campaign;
  if (!same || campaign.imported() > 0 || campaign.answered() < setting.budget) return std::nullopt;
  return std::move(campaign);
}

PointsFile simulated_test(const Setting& setting, Index runs) {
  Setting testing = setting;
  testing.budget = runs;
  testing.study.stop.runs = runs;
  // A seed of its own: no baseline may draw the points that it is judged by.
  const std::uint64_t seed = Rng(setting.study.seed).child("test set")();
  const Campaign campaign =
      finished(testing, {"uniform", true, false}, seed, fmt::format("test-{}", runs), "test runs");
  PointsFile test{{}, campaign.data().x, campaign.data().y};
  require<UsageError>(test.x.rows() >= 2, "compare: of ", runs,
                      " test runs fewer than two went well");
  return test;
}

PointsFile test_of(const CompareChoices& choices, const Setting& setting) {
  if (choices.test.empty())
    return simulated_test(setting, choices.test_runs > 0 ? choices.test_runs : setting.budget);
  PointsFile test = read_points(choices.test, setting.study);
  require<UsageError>(test.x.rows() >= 2, choices.test, ": expected two runs or more");
  return test;
}

std::vector<bool> learnt(const Study& study) {
  std::vector<bool> learnt;
  for (const std::string& goal : study.goals) learnt.push_back(goal != "observe");
  // Where nothing is to be learnt, all of it counts.
  if (std::none_of(learnt.begin(), learnt.end(), [](bool one) { return one; }))
    learnt.assign(learnt.size(), true);
  return learnt;
}

ModelOptions standard_model() {
  ModelOptions model;
  model.stack = {{.family = Family::Matern52, .form = Form::Radial}};
  return model;
}

Setting setting_of(const CompareChoices& choices, const CampaignFolder& folder,
                   Interruptions& interruptions) {
  Study study = read_study(folder.study);
  require<UsageError>(study.kind != Study::Kind::Manual, folder.study.string(),
                      ": kind = \"manual\" has no program to run");
  refuse_contradiction(study);
  const Index d = static_cast<Index>(study.parameters.size());
  const Index budget = study.stop.runs.value_or(10 * d);
  study.stop = {.runs = budget};
  require<UsageError>(budget <= many_runs, "compare: ", fitting_words(budget, cores()),
                      ", and it is fitted many times. Lower [stop] runs");
  const int workers = choices.workers > 0 ? choices.workers : study.parallel;
  const int threads = choices.threads > 0 ? choices.threads : cores();
  return {folder, std::move(study), budget, workers, threads, choices.quiet, interruptions};
}

void say(const Setting& setting, const std::string& words) {
  if (!setting.quiet) std::fprintf(stderr, "%s\n", words.c_str());
}

std::vector<Compared> rows_of(const Setting& setting, const Way& way, int repeats,
                              const PointsFile& test, const std::vector<Index>& runs) {
  std::vector<Compared> rows{{way.name, "campaign", way.own, {}}};
  if (!way.own) rows.push_back({way.name, "standard", false, {}});
  for (int r = 0; r < repeats; ++r) {
    const std::uint64_t seed = setting.study.seed + static_cast<std::uint64_t>(r);
    const std::string title = fmt::format("{}, seed {}", way.name, seed);
    std::optional<Campaign> campaign;
    if (way.own) campaign = of_campaign(setting, seed);
    const bool at_hand = campaign.has_value();
    if (!at_hand) campaign = finished(setting, way, seed, folder_name(way.name, seed), title);
    rows[0].repeats.push_back(error_curve(*campaign, runs, test, {}, seed, setting.threads));
    if (!way.own)
      rows[1].repeats.push_back(
          error_curve(*campaign, runs, test, standard_model(), seed, setting.threads));
    const Vector error = worst(rows[0].repeats.back(), learnt(setting.study));
    say(setting, fmt::format("{}: error {:.3f} after {} runs{}", title, error[error.size() - 1],
                             setting.budget, at_hand ? " (the campaign itself)" : ""));
  }
  return rows;
}

// The learning curves of each output as a picture.
void draw(const Setting& setting) {
  const std::optional<report::Comparison> comparison = recorded_comparison(setting.folder);
  for (const ProcessOutput& output : setting.study.outputs)
    write_file(setting.folder.compare() / (output.output.name + ".svg"),
               report::comparison_svg(output.output, *comparison));
}

// Its errors on the runs held out are now known.
void refresh_hdf5(const Setting& setting) {
  if (!setting.folder.begun() || setting.folder.being_written()) return;
  OpenCampaign open = read_campaign(setting.folder, setting.threads);
  write_hdf5(open, open.journal, setting.folder.hdf5());
}

void print(const ComparisonTable& table, bool json) {
  const std::string document = comparison_document(table);
  std::fputs(json ? document.c_str() : comparison_text(document).c_str(), stdout);
}

// On draws from what the campaign believes; nothing is simulated, nothing kept.
int rehearse(const CompareChoices& choices, const CampaignFolder& folder) {
  require<UsageError>(choices.test_runs == 0,
                      "compare: --rehearse judges by its draws, --test-runs says nothing there");
  const int threads = choices.threads > 0 ? choices.threads : cores();
  OpenCampaign open = read_campaign(folder, threads);
  require<UsageError>(open.campaign.has_surrogate(), folder.shown(),
                      ": there are too few answers for a surrogate to draw from");
  const Index now = open.campaign.data().size();
  const Index all = open.study.stop.runs.value_or(10 * open.campaign.domain().dim());
  const Index more = choices.more > 0 ? choices.more : all - now;
  require<UsageError>(more > 0, folder.shown(), ": nothing is left of the budget of ", all,
                      " runs; say how many with --more");
  const ComparisonTable table = rehearsed(open, ways_of(choices, open.study), more, choices.repeats,
                                          threads, [&](const std::string& line) {
                                            if (!choices.quiet)
                                              std::fprintf(stderr, "%s\n", line.c_str());
                                          });
  print(table, choices.json);
  return Done;
}

int carry_out(const CompareChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  if (choices.rehearse) return rehearse(choices, folder);
  require<UsageError>(choices.more == 0, "compare: --more says how many runs to --rehearse");
  Interruptions interruptions(folder.comparison_stop_file());
  const Setting setting = setting_of(choices, folder, interruptions);
  const std::vector<Way> ways = ways_of(choices, setting.study);
  fs::create_directories(folder.compare());
  const FileDescriptor lock = lock_comparison(folder);
  const PointsFile test = test_of(choices, setting);
  write_file(setting.folder.held_out(), points_text(setting.study, test.x, test.y));
  const CampaignOptions own = setting.study.campaign_options();
  const Index first = std::min(
      setting.budget,
      own.initial > 0 ? own.initial : static_cast<Index>(setting.study.parameters.size()) + 2);
  ComparisonTable table{.outputs = {},
                        .learnt = learnt(setting.study),
                        .budget = setting.budget,
                        .test_runs = test.x.rows(),
                        .judged = "held-out runs",
                        .rows = {}};
  for (const ProcessOutput& output : setting.study.outputs)
    table.outputs.push_back(output.output.name);
  for (const Way& way : ways) {
    for (Compared& row :
         rows_of(setting, way, choices.repeats, test, checkpoints(first, setting.budget)))
      table.rows.push_back(std::move(row));
  }
  const std::string document = comparison_document(table);
  write_file(setting.folder.compare() / "compare.json", document);
  draw(setting);
  refresh_hdf5(setting);
  std::fputs(choices.json ? document.c_str() : comparison_text(document).c_str(), stdout);
  return Done;
}

}  // namespace

Subcommand compare_subcommand() {
  auto choices = std::make_shared<CompareChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--against",
                       .place = &choices->against,
                       .help = "Designs and criteria, separated by commas; default: uniform",
                       .delimiter = ','});
  arguments.push_back({.names = "--repeats",
                       .place = &choices->repeats,
                       .help = "Seeds of each; default: 3",
                       .range = Between{1, 1000}});
  arguments.push_back(
      {.names = "--test", .place = &choices->test, .help = "CSV file of inputs and true outputs"});
  arguments.push_back({.names = "--test-runs",
                       .place = &choices->test_runs,
                       .help = "Or so many runs at random points; default: as many as the budget",
                       .range = Between{2, 1000000},
                       .excludes = "--test"});
  arguments.push_back({.names = "--workers",
                       .place = &choices->workers,
                       .help = "Simulations at a time; default: parallel",
                       .range = Between{1, 10000}});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for Sonde's arithmetic; default: all",
                       .range = Between{1, 1024}});
  arguments.push_back({.names = "--rehearse",
                       .place = &choices->rehearse,
                       .help = "On functions drawn from the campaign's surrogate; simulate nothing",
                       .excludes = "--test"});
  arguments.push_back({.names = "--more",
                       .place = &choices->more,
                       .help = "Runs to rehearse; default: what is left of [stop] runs",
                       .range = Between{1, 100000}});
  arguments.push_back({.names = "-q,--quiet", .place = &choices->quiet, .help = "No progress"});
  arguments.push_back(
      {.names = "--json", .place = &choices->json, .help = "Print the comparison as JSON"});
  return {.name = "compare",
          .help = "Run the study and other designs on the same simulator; runs for the same error",
          .arguments = std::move(arguments),
          .action = [choices] {
            try {
              return carry_out(*choices);
            } catch (const Interrupted& interrupted) {
              std::fputs("sonde: interrupted; the same command goes on\n", stderr);
              return interrupted.status;
            }
          }};
}

}  // namespace sonde::cli
