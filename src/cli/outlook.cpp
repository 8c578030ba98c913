#include "cli/outlook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cli/json_point.hpp"
#include "cli/models.hpp"
#include "cli/text_table.hpp"
#include "sonde/base/error.hpp"

namespace sonde::cli {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// One error that is to fall to its target.
struct Wanted {
  std::vector<ErrorAt> curve;
  double target;
};

// Of leave-one-out, of which the curve is; other estimates stand in a ratio to it, as they do now.
double target_by_leave_one_out(double target, double left_out, double other) {
  return other > 0.0 && std::isfinite(other) ? target * left_out / other : target;
}

double held_out_now(OpenCampaign& open, Index output) {
  if (open.campaign.validation().size() < 2) return nothing;
  const Surrogate& surrogate = open.campaign.surrogate();
  const Dataset runs = open.campaign.validation();
  return held_out_error(surrogate, output, runs.x, runs.y.col(output)).upper /
         error_unit(surrogate, output);
}

// Errors where segments hold, in the ratio to those of the whole that they have now.
void add_segments(OpenCampaign& open, std::vector<Wanted>& all) {
  Campaign& campaign = open.campaign;
  const auto& targets = open.study.stop.error_in;
  if (targets.empty()) return;
  const std::vector<SegmentScore> scores = segment_scores(campaign, open.study.segments);
  for (const Index j : campaign.learnt()) {
    std::vector<ErrorAt> curve = campaign.error_curve(j);
    if (curve.empty()) continue;
    const double left_out = curve.back().error;
    for (const SegmentScore& score : scores)
      for (const auto& [name, target] : targets) {
        if (score.output != j || score.segment != name) continue;
        const double here = score.left_out.rmse / error_unit(campaign.surrogate(), j);
        all.push_back({curve, target_by_leave_one_out(target, left_out, here)});
      }
  }
}

std::vector<Wanted> wanted_of(OpenCampaign& open, std::string& words) {
  const StopPlan& plan = open.study.stop;
  Campaign& campaign = open.campaign;
  std::vector<Wanted> all;
  const auto add = [&](const std::string& more) { words += (words.empty() ? "" : ", ") + more; };
  if (plan.error) {
    all.push_back({campaign.error_curve(), *plan.error});
    add("an error of " + shown_percent(*plan.error));
  }
  for (const Index j : campaign.learnt()) {
    std::vector<ErrorAt> curve = campaign.error_curve(j);
    if (curve.empty()) continue;
    const double left_out = curve.back().error;
    const double tolerance = open.study.tolerances[j];
    if (plan.held_out)
      all.push_back(
          {curve, target_by_leave_one_out(*plan.held_out, left_out, held_out_now(open, j))});
    if (plan.tolerance == StopPlan::Judge::None || std::isnan(tolerance)) continue;
    double target = tolerance / campaign.surrogate()[j].spread();
    if (plan.tolerance == StopPlan::Judge::HeldOut)
      target = target_by_leave_one_out(target, left_out, held_out_now(open, j));
    all.push_back({std::move(curve), target});
  }
  add_segments(open, all);
  for (const auto& [name, target] : plan.error_in)
    add("an error of " + shown_percent(target) + " where '" + name + "'");
  if (plan.held_out) add("an error held out of " + shown_percent(*plan.held_out));
  if (plan.tolerance != StopPlan::Judge::None) add("the tolerances");
  return all;
}

// All of them: the latest.
std::optional<RunsForecast> forecast(const std::vector<Wanted>& all, Index until, Index inputs) {
  std::optional<RunsForecast> latest;
  for (const Wanted& one : all) {
    std::vector<ErrorAt> curve;
    for (const ErrorAt& at : one.curve)
      if (at.runs <= until) curve.push_back(at);
    if (curve.size() < 2) return std::nullopt;
    constexpr Index times = 20;
    const RunsForecast its =
        ErrorTrend(curve, inputs)
            .runs_to(one.target, std::max<Index>(200, times * curve.back().runs));
    if (!latest) latest = its;
    const auto later = [](Index& a, Index b) { a = std::max(a, b); };
    later(latest->middle, its.middle);
    later(latest->range80.lower, its.range80.lower);
    later(latest->range80.upper, its.range80.upper);
    later(latest->range95.lower, its.range95.lower);
    later(latest->range95.upper, its.range95.upper);
  }
  return latest;
}

// Runs still to come; nothing where the number is beyond what was looked at.
std::optional<Index> more(const Outlook& outlook, Index in_all) {
  if (in_all == RunsForecast::beyond) return std::nullopt;
  return std::max<Index>(0, in_all - outlook.now);
}

std::string counted(const Outlook& outlook, Index in_all) {
  const std::optional<Index> runs = more(outlook, in_all);
  return runs ? fmt::format("{}", *runs) : "many more";
}

}  // namespace

std::optional<Outlook> outlook_of(OpenCampaign& open) {
  Campaign& campaign = open.campaign;
  if (!campaign.has_surrogate()) return std::nullopt;
  Outlook outlook;
  try {
    const std::vector<Wanted> all = wanted_of(open, outlook.target);
    const auto now = forecast(all, RunsForecast::beyond, campaign.domain().dim());
    if (!now) return std::nullopt;
    outlook.runs = *now;
    outlook.now = campaign.data().size();
    outlook.before_at = outlook.now / 2;
    outlook.before = forecast(all, outlook.before_at, campaign.domain().dim());
  } catch (const NumericalError&) {
    return std::nullopt;
  }
  outlook.seconds_a_run = expected_seconds(campaign);
  outlook.cost_a_run = open.study.cost.is_known() ? expected_cost(campaign, open.study.cost) : 0.0;
  return outlook;
}

std::string outlook_document(const OpenCampaign& open, const std::optional<Outlook>& outlook) {
  if (!outlook) return "null";
  const std::pair<const char*, Index> bounds[] = {{"middle", outlook->runs.middle},
                                                  {"lower80", outlook->runs.range80.lower},
                                                  {"upper80", outlook->runs.range80.upper},
                                                  {"lower95", outlook->runs.range95.lower},
                                                  {"upper95", outlook->runs.range95.upper}};
  JsonValue runs = JsonValue::object(), seconds = JsonValue::object(), cost = JsonValue::object();
  for (const auto& [name, in_all] : bounds) {
    const std::optional<Index> count = more(*outlook, in_all);
    const double number = count ? static_cast<double>(*count) : nothing;
    runs[name] = count ? JsonValue(*count) : JsonValue(nullptr);
    seconds[name] = json_number(number * outlook->seconds_a_run / open.study.parallel);
    cost[name] = json_number(open.study.cost.is_known() ? number * outlook->cost_a_run : nothing);
  }
  return json_text(
      {{"target", outlook->target}, {"runs", runs}, {"seconds", seconds}, {"cost", cost}});
}

std::string outlook_text(const OpenCampaign& open, const std::optional<Outlook>& outlook) {
  if (!outlook) return "";
  const RunsForecast& runs = outlook->runs;
  if (runs.range80.upper <= outlook->now) return "";  // it is there
  std::string text = fmt::format(
      "forecast  {} runs to {} (80 %: {} to {}, 95 %: {} to {})", counted(*outlook, runs.middle),
      outlook->target, counted(*outlook, runs.range80.lower), counted(*outlook, runs.range80.upper),
      counted(*outlook, runs.range95.lower), counted(*outlook, runs.range95.upper));
  if (const auto middle = more(*outlook, runs.middle)) {
    const auto number = static_cast<double>(*middle);
    if (std::isfinite(outlook->seconds_a_run))
      text += fmt::format("; {} of {} at a time",
                          shown_time(number * outlook->seconds_a_run / open.study.parallel),
                          open.study.parallel);
    if (open.study.cost.is_known())
      text += fmt::format("; {:.4g} {}", number * outlook->cost_a_run, open.study.cost.unit);
  }
  text += "\n";
  if (outlook->before && outlook->before->range80.upper != RunsForecast::beyond)
    text +=
        fmt::format("          after {} runs it was {} to {} in all (80 %)\n", outlook->before_at,
                    outlook->before->range80.lower, outlook->before->range80.upper);
  return text;
}

}  // namespace sonde::cli
