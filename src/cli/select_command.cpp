#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/nearest_name.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/json_point.hpp"
#include "cli/points_file.hpp"
#include "cli/shortlist_file.hpp"
#include "cli/subcommands.hpp"
#include "run/foretold.hpp"
#include "run/pool_file.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

struct SelectChoices {
  Target target;
  std::string pool{};
  std::string runs{};
  int count = 1;
  std::string by{};
  std::string diversity{};
  std::string shard{};
  std::vector<std::string> merge{};
  std::string to{};
  int threads = 0;
  bool json = false;
};

/// What is chosen for: a campaign as it stands, or one made of a table of runs for the moment.
struct Setting {
  Study study;
  Campaign campaign;
};

Setting of_runs(const CampaignFolder& folder, const fs::path& file, int threads) {
  Study study = read_study(folder.study);
  const PointsFile runs = read_points(file, study);
  CampaignOptions options = study.campaign_options();
  options.threads = threads;
  Campaign campaign = new_campaign(study, std::move(options), study.seed);
  for (Index i = 0; i < runs.x.rows(); ++i) {
    const Vector y = runs.y.row(i).transpose();
    const bool ok = (y.array() == y.array()).any();
    campaign.apply(Asked{{{.id = i, .x = runs.x.row(i), .why = "imported"}}});
    campaign.apply(Answered{i, ok ? Answer{.status = Answer::Status::Ok, .y = y}
                                  : Answer{.status = Answer::Status::Failed, .kind = "told"}});
  }
  return {std::move(study), std::move(campaign)};
}

Setting setting_of(const SelectChoices& choices, int threads) {
  const CampaignFolder folder = locate(choices.target);
  if (!choices.runs.empty()) return of_runs(folder, choices.runs, threads);
  OpenCampaign open = read_campaign(folder, threads);
  return {std::move(open.study), std::move(open.campaign)};
}

Shard shard_of(const std::string& text) {
  Shard shard;
  const std::size_t slash = text.find('/');
  const auto number = [&](std::string_view digits) {
    Index value = -1;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = problem == std::errc() && end == digits.data() + digits.size();
    require<UsageError>(whole && slash != std::string::npos,
                        "--shard: expected I/N, such as 3/8, got '", text, "'");
    return value;
  };
  shard.part = number(std::string_view(text).substr(0, slash)) - 1;
  shard.of = number(std::string_view(text).substr(slash == std::string::npos ? 0 : slash + 1));
  require<UsageError>(shard.of >= 1 && shard.part >= 0 && shard.part < shard.of,
                      "--shard: expected I from 1 to N, got '", text, "'");
  return shard;
}

fs::path pool_of(const SelectChoices& choices, const Study& study) {
  if (!choices.pool.empty()) return choices.pool;
  require<UsageError>(!study.pool_file.empty(),
                      "select: expected candidates: --pool FILE, or a table [pool] in the study");
  return study.file.parent_path() / study.pool_file;
}

PoolOptions options_of(const SelectChoices& choices, const Study& study, int threads) {
  PoolOptions options = study.selection;
  options.threads = threads;
  if (choices.diversity == "k-centre") options.diversity = Diversity::KCentre;
  if (choices.diversity == "marginal relevance") options.diversity = Diversity::MarginalRelevance;
  if (choices.diversity == "supposing") options.diversity = Diversity::Supposing;
  return options;
}

PoolFile read_pool(const fs::path& file, const Study& study, Shard shard) {
  try {
    return PoolFile(file, study.parameters, fs::temp_directory_path(), shard);
  } catch (const ArgumentError& failure) {
    throw UsageError(failure.what());
  }
}

std::string said_of(const Output& output, double value, double deviation) {
  if (!output.is_class()) return fmt::format(",{},{}", value, deviation);
  return "," + csv_field(format_value(value, output)) +
         (std::isnan(deviation) ? "," : fmt::format(",{}", 1.0 - deviation));
}

JsonValue json_of(const Output& output, double value, double deviation) {
  if (output.is_class())
    return {{"class", format_value(value, output)}, {"p", json_number(1.0 - deviation)}};
  return {{"mean", json_number(value)}, {"sd", json_number(deviation)}};
}

std::string table_of(const Study& study, const Batch& batch, const Foretold& predictions,
                     const std::vector<std::string>& carried,
                     const std::vector<std::vector<std::string>>& texts) {
  std::string text = "row";
  for (const Parameter& parameter : study.parameters) text += "," + csv_field(parameter.name);
  for (const std::string& name : carried) text += "," + csv_field(name);
  text += ",worth,why";
  for (const Output& output : study.output_names())
    text += output.is_class() ? fmt::format(",{0},{0}_p", output.name)
                              : fmt::format(",{0}_mean,{0}_sd", output.name);
  text += "\n";
  for (Index i = 0; i < batch.queries.rows(); ++i) {
    const auto place = static_cast<std::size_t>(i);
    text += fmt::format("{}", batch.selections[place].row);
    for (std::size_t j = 0; j < study.parameters.size(); ++j)
      text += "," +
              csv_field(format_value(batch.queries(i, static_cast<Index>(j)), study.parameters[j]));
    for (const std::string& one : texts[place]) text += "," + csv_field(one);
    text += std::isfinite(batch.worth[i]) ? fmt::format(",{}", batch.worth[i]) : ",";
    text += "," + csv_field(batch.why[place]);
    for (Index j = 0; j < predictions.value.cols(); ++j)
      text += said_of(study.outputs[static_cast<std::size_t>(j)].output, predictions.value(i, j),
                      predictions.deviation(i, j));
    text += "\n";
  }
  return text;
}

std::string lines_of(const Study& study, const Batch& batch, const Foretold& predictions,
                     const std::vector<std::string>& carried,
                     const std::vector<std::vector<std::string>>& texts) {
  std::string lines;
  for (Index i = 0; i < batch.queries.rows(); ++i) {
    const auto place = static_cast<std::size_t>(i);
    JsonValue along = JsonValue::object();
    for (std::size_t c = 0; c < carried.size(); ++c) along[carried[c]] = texts[place][c];
    JsonValue outputs = JsonValue::object();
    for (Index j = 0; j < predictions.value.cols(); ++j)
      outputs[study.outputs[static_cast<std::size_t>(j)].output.name] =
          json_of(study.outputs[static_cast<std::size_t>(j)].output, predictions.value(i, j),
                  predictions.deviation(i, j));
    lines += json_text({{"schema", 1},
                        {"row", batch.selections[place].row},
                        {"x", json_point(study.parameters, batch.queries.row(i))},
                        {"carried", along},
                        {"worth", json_number(batch.worth[i])},
                        {"why", batch.why[place]},
                        {"predicted", outputs}}) +
             "\n";
  }
  return lines;
}

void put(const std::string& text, const std::string& to) {
  if (to.empty())
    std::fputs(text.c_str(), stdout);
  else
    write_file(to, text);
}

int carry_out(const SelectChoices& choices) {
  const int threads = choices.threads > 0 ? choices.threads : cores();
  Setting setting = setting_of(choices, threads);
  const Study& study = setting.study;
  Campaign& campaign = setting.campaign;
  require<UsageError>(campaign.has_surrogate(),
                      "select: there is no surrogate yet: two observations of each output are "
                      "needed. Run the design first, or name earlier runs: --runs FILE");
  const fs::path file = pool_of(choices, study);
  const PoolOptions options = options_of(choices, study, threads);
  std::optional<Criterion> by;
  if (!choices.by.empty()) {
    const std::vector<std::string> known = study.criteria();
    require<UsageError>(std::find(known.begin(), known.end(), choices.by) != known.end(), "--by: '",
                        choices.by, "' is unknown, or has nothing to look for in this study",
                        suggestion(choices.by, known));
    by = study.asked_by(choices.by).criterion();
  }
  const Shard shard = choices.shard.empty() ? Shard{} : shard_of(choices.shard);
  const PoolFile candidates = read_pool(file, study, shard);
  const Pool pool = candidates.pool();
  const std::string name = shortlist_name(campaign, by ? by->name : campaign.criterion(), options);
  if (!choices.shard.empty()) {
    put(shortlist_text({campaign.shortlist(pool, options, by), shard, candidates.rows(), name}),
        choices.to);
    return Done;
  }
  const Shortlist first =
      choices.merge.empty()
          ? campaign.shortlist(pool, options, by)
          : merged_files(choices.merge, name, candidates.rows(), options.shortlist);
  const Batch batch = campaign.select(pool, first, choices.count, options, by);
  std::vector<Index> rows;
  for (const Selection& one : batch.selections) rows.push_back(one.row);
  const auto texts = candidates.carried_by(rows);
  const Foretold predictions = foretold(campaign.surrogate(), batch.queries, threads);
  put(choices.json ? lines_of(study, batch, predictions, candidates.carried(), texts)
                   : table_of(study, batch, predictions, candidates.carried(), texts),
      choices.to);
  if (batch.queries.rows() < choices.count)
    fmt::print(stderr,
               "sonde: {} of {} asked for: no other candidate is admissible, new, and among those "
               "it chooses from\n",
               batch.queries.rows(), choices.count);
  return Done;
}

}  // namespace

Subcommand select_subcommand() {
  auto choices = std::make_shared<SelectChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back(
      {.names = "--pool",
       .place = &choices->pool,
       .help = "CSV or HDF5 file of candidates; default: that of the study's [pool]"});
  arguments.push_back(
      {.names = "--runs",
       .place = &choices->runs,
       .help = "Learn from the runs of this CSV file alone; no campaign is needed, or looked at"});
  arguments.push_back({.names = "-n,--count",
                       .place = &choices->count,
                       .help = "How many; default: 1",
                       .range = Between{1, 100000}});
  arguments.push_back(
      {.names = "--by",
       .place = &choices->by,
       .help = "The criterion, as [method] query has it; default: that of the study"});
  arguments.push_back({.names = "--diversity",
                       .place = &choices->diversity,
                       .help = "What keeps the points of a batch apart; default: that of the study",
                       .choices = {"supposing", "k-centre", "marginal relevance"}});
  arguments.push_back(
      {.names = "--shard",
       .place = &choices->shard,
       .help = "I/N: score only the I-th of N parts of the pool, and write its best"});
  arguments.push_back({.names = "--merge",
                       .place = &choices->merge,
                       .help = "What --shard wrote, of all parts: choose from their best",
                       .count = Between{1, 100000},
                       .excludes = "--shard"});
  arguments.push_back({.names = "-o,--output",
                       .place = &choices->to,
                       .help = "File to write instead of standard output"});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for Sonde's arithmetic; default: all",
                       .range = Between{1, 1024}});
  arguments.push_back({.names = "--json", .place = &choices->json, .help = "Print JSON lines"});
  return {.name = "select",
          .help = "Print the candidates of a pool that are most worth running; record nothing",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
