#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_point.hpp"
#include "cli/models.hpp"
#include "cli/points_file.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde::cli {
namespace {

struct ValidateChoices {
  Target target;
  std::string at;
  bool json = false;
};

std::vector<Index> known_rows(const PointsFile& test, Index output) {
  std::vector<Index> known;
  for (Index i = 0; i < test.y.rows(); ++i) {
    if (std::isfinite(test.y(i, output))) known.push_back(i);
  }
  return known;
}

// Against the rows in which the output is known.
Scores scores_at(const PointsFile& test, const std::vector<Index>& known, Index output,
                 const Response& response) {
  const Vector truth = test.y(known, output);
  const Points x = test.x(known, Eigen::all);
  const Marginals m = response.predict(x);
  return scores(truth, m.mean, m.variance + response.noise_sd(x).cwiseAbs2());
}

ClassScores class_scores_at(const PointsFile& test, const std::vector<Index>& known, Index output,
                            const Surrogate& surrogate) {
  const std::optional<MulticlassClassifier>& classes = surrogate.classes(output);
  require<UsageError>(classes.has_value(), "'",
                      surrogate.outputs()[static_cast<std::size_t>(output)].name,
                      "': one of its values alone was seen, so there is nothing to compare");
  const Vector truth = test.y(known, output);
  return class_scores(classes->probability(test.x(known, Eigen::all)), truth);
}

int carry_out(const ValidateChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  OpenCampaign open = read_campaign(folder, cores());
  const PointsFile test = read_points(choices.at, open.study);
  const Surrogate surrogate = answering(open);
  JsonValue outputs = JsonValue::object();
  std::string classes;
  std::vector<std::vector<std::string>> rows{
      {"output", "unit", "n", "RMSE", "NRMSE", "Q2", "inside 50 %", "90 %", "95 %", "adequacy"}};
  for (Index j = 0; j < static_cast<Index>(open.campaign.outputs().size()); ++j) {
    const Output& output = open.campaign.outputs()[static_cast<std::size_t>(j)];
    if (!test.table.has(output.name)) continue;
    const std::vector<Index> known = known_rows(test, j);
    require<UsageError>(!known.empty(), choices.at, ": the column '", output.name,
                        "' has no value to compare with");
    if (output.is_class()) {
      const ClassScores s = class_scores_at(test, known, j, surrogate);
      outputs[output.name] = {{"n", s.n},
                              {"wrong", json_number(s.wrong)},
                              {"lower95", json_number(s.lower)},
                              {"upper95", json_number(s.upper)},
                              {"expected", json_number(s.expected)},
                              {"log_score", json_number(s.log_score)}};
      classes += fmt::format("{}: {} of {} told wrongly (95 %: {} to {}), {} expected\n",
                             output.name, shown_percent(s.wrong), s.n, shown_percent(s.lower),
                             shown_percent(s.upper), shown_percent(s.expected));
      continue;
    }
    const Scores s = scores_at(test, known, j, surrogate[j]);
    outputs[output.name] = {{"n", s.n},
                            {"rmse", json_number(s.rmse)},
                            {"nrmse", json_number(s.nrmse)},
                            {"q2", json_number(s.q2)},
                            {"coverage50", json_number(s.coverage50)},
                            {"coverage90", json_number(s.coverage90)},
                            {"coverage95", json_number(s.coverage95)},
                            {"adequacy", json_number(s.adequacy)}};
    rows.push_back({output.name, output.unit, std::to_string(s.n), shown(s.rmse), shown(s.nrmse),
                    shown(s.q2), shown_percent(s.coverage50), shown_percent(s.coverage90),
                    shown_percent(s.coverage95), shown(s.adequacy)});
  }
  require<UsageError>(!outputs.empty(), choices.at, ": has no column of an output");
  if (choices.json) {
    std::puts(json_text({{"schema", 1}, {"outputs", outputs}}, 2).c_str());
  } else {
    if (rows.size() > 1) std::fputs(text_table(rows, "").c_str(), stdout);
    std::fputs(classes.c_str(), stdout);
  }
  return Done;
}

}  // namespace

Subcommand validate_subcommand() {
  auto choices = std::make_shared<ValidateChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--at",
                       .place = &choices->at,
                       .help = "CSV file of inputs and true outputs",
                       .required = true});
  arguments.push_back({.names = "--json", .place = &choices->json, .help = "As one JSON document"});
  return {.name = "validate",
          .help = "How the surrogate's predictions compare with a known truth",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
