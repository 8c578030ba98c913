#include "cli/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/json_point.hpp"
#include "cli/models.hpp"
#include "cli/text_table.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/run/counterfactual.hpp"
#include "sonde/run/segments.hpp"

namespace sonde::cli {
namespace {

// The error of what answers on the runs that were held out; empty where there are none.
std::vector<Interval> errors_held_out(OpenCampaign& open) {
  if (open.campaign.validation().size() == 0) return {};
  try {
    return held_out_errors(open, answering(open));
  } catch (const Error&) {
    return {};
  }
}

// Leave-one-out scores of each output; none where there is no surrogate yet.
std::vector<std::optional<Scores>> scores_of(Campaign& campaign) {
  std::vector<std::optional<Scores>> all(campaign.outputs().size());
  if (!campaign.has_surrogate()) return all;
  try {
    const Surrogate& surrogate = campaign.surrogate();
    for (std::size_t j = 0; j < all.size(); ++j)
      all[j] = leave_one_out_scores(surrogate[static_cast<Index>(j)]);
  } catch (const Error&) {
    return all;
  }
  return all;
}

// None where the surrogate sees no place as different.
std::optional<StatedError> stated_of(Campaign& campaign, Index output) {
  if (campaign.outputs()[static_cast<std::size_t>(output)].is_class()) return std::nullopt;
  const Response& response = campaign.surrogate()[output];
  if (!(response.spread() > 0.0)) return std::nullopt;
  return stated_error(campaign.domain(), response);
}

JsonValue stated_json(Campaign& campaign, Index output, bool known) {
  const std::optional<StatedError> stated = known ? stated_of(campaign, output) : std::nullopt;
  if (!stated) return nullptr;
  return {{"nrmse", json_number(stated->value)},
          {"lower80", json_number(stated->lower80)},
          {"upper80", json_number(stated->upper80)},
          {"lower95", json_number(stated->lower95)},
          {"upper95", json_number(stated->upper95)}};
}

// Of an output of classes; none where it is none, or one of them alone was seen.
std::optional<ClassScores> class_scores_of(Campaign& campaign, Index output) {
  if (!campaign.outputs()[static_cast<std::size_t>(output)].is_class() || !campaign.has_surrogate())
    return std::nullopt;
  try {
    const Surrogate& surrogate = campaign.surrogate();
    const std::optional<MulticlassClassifier>& classes = surrogate.classes(output);
    if (!classes) return std::nullopt;
    return class_scores(classes->leave_one_out(), surrogate[output].observed());
  } catch (const Error&) {
    return std::nullopt;
  }
}

JsonValue classes_json(Campaign& campaign, Index output) {
  const Output& its = campaign.outputs()[static_cast<std::size_t>(output)];
  JsonValue runs = JsonValue::object();
  for (std::size_t k = 0; k < its.values.size(); ++k)
    runs[its.values[k]] = (campaign.data().y.col(output).array() == static_cast<double>(k)).count();
  const std::optional<ClassScores> scores = class_scores_of(campaign, output);
  const double none = std::numeric_limits<double>::quiet_NaN();
  return {{"runs", runs},
          {"wrong_expected",
           json_number(scores ? estimated_error(campaign.surrogate(), output) : none)},
          {"wrong_left_out", json_number(scores ? scores->wrong : none)}};
}

std::vector<std::string> class_row(Campaign& campaign, Index output) {
  const Output& its = campaign.outputs()[static_cast<std::size_t>(output)];
  const std::optional<ClassScores> scores = class_scores_of(campaign, output);
  if (!scores) return {its.name, "classes", "-", "-", "-", "-"};
  return {its.name,
          "classes",
          shown_percent(estimated_error(campaign.surrogate(), output)) + " wrong",
          "-",
          shown_percent(scores->wrong) + " wrong",
          "-"};
}

std::optional<RandomDesign> random_design(OpenCampaign& open) {
  return random_design_instead(open.campaign, {},
                               Rng(open.journal.preamble().seed).child("random design"));
}

// Where the conditions of the study hold; none where the surrogate cannot be had.
std::vector<SegmentScore> scores_in_segments(OpenCampaign& open) {
  try {
    return segment_scores(open.campaign, open.study.segments);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

JsonValue outputs_json(Campaign& campaign) {
  JsonValue outputs = JsonValue::object();
  const auto scores = scores_of(campaign);
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const bool of_numbers = scores[j] && !campaign.outputs()[j].is_class();
    outputs[campaign.outputs()[j].name] = {
        {"loo_nrmse", json_number(of_numbers ? scores[j]->nrmse : none)},
        {"coverage95", json_number(of_numbers ? scores[j]->coverage95 : none)},
        {"stated", stated_json(campaign, static_cast<Index>(j), scores[j].has_value())}};
    if (campaign.outputs()[j].is_class())
      outputs[campaign.outputs()[j].name]["classes"] =
          classes_json(campaign, static_cast<Index>(j));
  }
  return outputs;
}

std::string outputs_table(Campaign& campaign) {
  const auto scores = scores_of(campaign);
  std::vector<std::vector<std::string>> rows{
      {"output", "unit", "error", "80 %", "left out", "inside 95 %"}};
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const Output& output = campaign.outputs()[j];
    if (output.is_class()) {
      rows.push_back(class_row(campaign, static_cast<Index>(j)));
      continue;
    }
    const std::optional<StatedError> stated =
        scores[j] ? stated_of(campaign, static_cast<Index>(j)) : std::nullopt;
    rows.push_back(
        {output.name, output.unit, stated ? shown_percent(stated->value) : "-",
         stated ? shown_percent(stated->lower80) + " to " + shown_percent(stated->upper80) : "-",
         scores[j] ? shown_percent(scores[j]->nrmse) : "-",
         scores[j] ? shown_percent(scores[j]->coverage95) : "-"});
  }
  const bool any = std::any_of(campaign.outputs().begin(), campaign.outputs().end(),
                               [](const Output& output) { return output.is_class(); });
  return text_table(rows) + "  error: expected RMSE / standard deviation over the domain" +
         (any ? ", of classes the share of wrong ones" : "") +
         "; left out: that of leave-one-out predictions\n";
}

JsonValue held_out_json(OpenCampaign& open) {
  JsonValue held = JsonValue::object();
  const std::vector<Interval> errors = errors_held_out(open);
  for (std::size_t j = 0; j < errors.size(); ++j)
    held[open.campaign.outputs()[j].name] = {{"n", errors[j].n},
                                             {"rmse", json_number(errors[j].value)},
                                             {"lower", json_number(errors[j].lower)},
                                             {"upper", json_number(errors[j].upper)}};
  return held;
}

std::string held_out_words(OpenCampaign& open) {
  std::string text;
  const Vector spread = open.campaign.spread();
  const std::vector<Interval> errors = errors_held_out(open);
  for (std::size_t j = 0; j < errors.size(); ++j)
    text += fmt::format("held out  {}: error {}, on {} run{}\n", open.campaign.outputs()[j].name,
                        error_words(errors[j], spread[static_cast<Index>(j)]), errors[j].n,
                        errors[j].n == 1 ? "" : "s");
  return text;
}

JsonValue segments_json(OpenCampaign& open) {
  JsonValue all = JsonValue::object();
  const auto of = [](const SegmentScore::Of& score) -> JsonValue {
    return {{"n", score.runs},
            {"rmse", json_number(score.rmse)},
            {"coverage95", json_number(score.inside95)}};
  };
  for (const SegmentScore& one : scores_in_segments(open)) {
    JsonValue its = of(one.left_out);
    its["held_out"] = of(one.held_out);
    all[one.segment][open.campaign.outputs()[static_cast<std::size_t>(one.output)].name] = its;
  }
  return all;
}

std::string segments_words(OpenCampaign& open) {
  std::string text;
  for (const SegmentScore& one : scores_in_segments(open)) {
    const double spread = error_unit(open.campaign.surrogate(), one.output);
    const auto error = [&](const SegmentScore::Of& score) {
      return fmt::format("error {}, of {} run{}",
                         std::isfinite(score.rmse) ? shown_percent(score.rmse / spread) : "unknown",
                         score.runs, score.runs == 1 ? "" : "s");
    };
    text += fmt::format("where     {}: {} {}{}\n", one.segment,
                        open.campaign.outputs()[static_cast<std::size_t>(one.output)].name,
                        error(one.left_out),
                        one.held_out.runs > 0 ? "; held out: " + error(one.held_out) : "");
  }
  return text;
}

JsonValue random_design_json(OpenCampaign& open) {
  const auto instead = random_design(open);
  if (!instead) return nullptr;
  const auto number = [](Index runs) {
    return runs == RunsForecast::beyond ? JsonValue(nullptr) : JsonValue(runs);
  };
  return {{"held_out", instead->held_out},
          {"error", json_number(instead->error)},
          {"spent", instead->spent},
          {"middle", number(instead->runs.middle)},
          {"lower80", number(instead->runs.range80.lower)},
          {"upper80", number(instead->runs.range80.upper)}};
}

std::string random_design_words(OpenCampaign& open) {
  const auto instead = random_design(open);
  if (!instead) return "";
  const auto number = [](Index runs) {
    return runs == RunsForecast::beyond ? std::string("many") : fmt::format("{}", runs);
  };
  return fmt::format(
      "instead   a random design would need {} runs (80 %: {} to {}) for the error held out; this "
      "campaign learnt from {}\n",
      number(instead->runs.middle), number(instead->runs.range80.lower),
      number(instead->runs.range80.upper), instead->spent);
}

}  // namespace sonde::cli
