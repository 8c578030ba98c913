#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/contradiction.hpp"
#include "cli/exit_status.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/points_file.hpp"
#include "cli/subcommands.hpp"

namespace sonde::cli {
namespace {

struct ImportChoices {
  Target target;
  std::vector<std::string> files{};  // in either order
  bool yes = false;
};

// The table among the two files; the other one becomes the target.
std::string table_of(ImportChoices& choices) {
  std::string table;
  for (const std::string& file : choices.files) {
    const bool target =
        std::filesystem::is_directory(file) || std::filesystem::path(file).extension() == ".toml";
    std::string& place = target ? choices.target.named : table;
    require<UsageError>(place.empty(), "import: expected one table and one study, got '", place,
                        "' and '", file, "'");
    place = file;
  }
  require<UsageError>(!table.empty(), "import: expected a CSV file of earlier runs");
  return table;
}

using Row = std::vector<double>;  // x, then y; -0 as 0, NaN as empty

Row row_of(VectorView x, VectorView y) {
  Row row;
  for (const double value : x) row.push_back(value + 0.0);
  for (const double value : y) row.push_back(std::isnan(value) ? HUGE_VAL : value + 0.0);
  return row;
}

// Every query that has been answered, to know what is brought in twice.
std::set<Row> known_rows(const Campaign& campaign) {
  std::set<Row> rows;
  const auto m = static_cast<Index>(campaign.outputs().size());
  for (const Query& query : campaign.queries()) {
    const std::optional<Answer>& answer = campaign.answer(query.id);
    if (!answer) continue;
    const bool ok = answer->status == Answer::Status::Ok;
    rows.insert(row_of(query.x, ok ? answer->y : Vector::Constant(m, NAN)));
  }
  return rows;
}

struct Import {
  Asked asked;
  std::vector<Answered> answered;
  Index failed = 0, twice = 0, outside = 0;
};

Import prepared(const Points& x, const Matrix& y, const Campaign& campaign) {
  Import import;
  std::set<Row> known = known_rows(campaign);
  Index id = campaign.asked();
  for (Index i = 0; i < x.rows(); ++i) {
    const Vector values = y.row(i).transpose();
    if (!known.insert(row_of(x.row(i), values)).second) {
      ++import.twice;
      continue;
    }
    import.asked.queries.push_back({.id = id, .x = x.row(i), .why = "imported"});
    Answered answered{id++, {.status = Answer::Status::Ok, .y = values}};
    const bool observed = (values.array() == values.array()).any();
    if (!observed) {
      ++import.failed;
      answered.answer = {
          .status = Answer::Status::Failed, .message = "imported without a value", .kind = "told"};
    }
    if (!campaign.domain().admits(x.row(i))) ++import.outside;
    import.answered.push_back(std::move(answered));
  }
  return import;
}

int carry_out(ImportChoices choices) {
  const std::string file = table_of(choices);
  const CampaignFolder folder = locate(choices.target);
  if (!folder.begun()) refuse_contradiction(read_study(folder.study));
  OpenCampaign open = open_campaign(folder, cores());
  const PointsFile runs = read_points(file, open.study);
  const Import import = prepared(runs.x, runs.y, open.campaign);
  agree_to_fitting(open.campaign.answered() + static_cast<Index>(import.answered.size()), cores(),
                   choices.yes);
  if (!import.asked.queries.empty()) {
    open.journal.append(import.asked);
    open.campaign.apply(import.asked);
  }
  for (const Answered& answered : import.answered) {
    open.journal.append(answered);
    open.campaign.apply(answered);
  }
  std::printf("%zu runs imported", import.answered.size());
  if (import.failed > 0)
    std::printf(", of these %ld failed ones", static_cast<long>(import.failed));
  if (import.outside > 0)
    std::printf(", of these %ld outside the domain", static_cast<long>(import.outside));
  if (import.twice > 0)
    std::printf("; %ld passed over: they are known already", static_cast<long>(import.twice));
  std::puts("");
  return Done;
}

}  // namespace

Subcommand import_subcommand() {
  auto choices = std::make_shared<ImportChoices>();
  return {
      .name = "import",
      .help = "Take earlier runs from a CSV file, also outside the bounds; columns by name",
      .arguments =
          {{.names = "files",
            .place = &choices->files,
            .help =
                "CSV file of inputs and outputs (an empty output failed); study file or campaign",
            .count = Between{1, 2},
            .required = true},
           {.names = "-C,--directory",
            .place = &choices->target.directory,
            .help = "The campaign's directory"},
           {.names = "-y,--yes",
            .place = &choices->yes,
            .help = "Agree to fit more than 5000 runs"}},
      .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
