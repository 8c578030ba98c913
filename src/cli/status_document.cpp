#include "cli/status_document.hpp"
#include "cli/asking.hpp"
#include "cli/gold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/json_point.hpp"
#include "cli/models.hpp"
#include "cli/outlook.hpp"
#include "cli/sessions.hpp"
#include "cli/text_table.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/run/counterfactual.hpp"
#include "sonde/run/segments.hpp"
#include "sonde/run/watch.hpp"

namespace sonde::cli {
namespace {

struct Counts {
  Index ok = 0, partial = 0, failed = 0, timed_out = 0, open = 0, rejected = 0, agreed = 0,
        corrected = 0;
};

Counts counts_of(const Campaign& campaign) {
  Counts counts;
  for (Index id = 0; id < campaign.asked(); ++id) {
    const std::optional<Answer>& answer = campaign.answer(id);
    counts.corrected += campaign.handling(id).corrections;
    if (!answer) {
      ++counts.open;
    } else if (answer->status == Answer::Status::Ok) {
      ++counts.ok;
      if (answer->y.array().isNaN().any() && !answer->kind.empty()) ++counts.partial;
    } else if (answer->status == Answer::Status::TimedOut) {
      ++counts.timed_out;
    } else if (answer->kind == rejected_kind) {
      ++counts.rejected;
    } else if (answer->kind == agreed_kind) {
      ++counts.agreed;
    } else {
      ++counts.failed;
    }
  }
  return counts;
}

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

struct State {
  std::string name;
  std::string reason;
  double seconds;
};

State state_of(const OpenCampaign& open, bool running) {
  const Sessions sessions = sessions_of(open.journal);
  State state{sessions.state, sessions.reason, sessions.seconds};
  if (running) return {"running", "", state.seconds};
  if (state.name == "unended") return {"interrupted", "it ended without a word", state.seconds};
  if (state.name.empty()) state.name = "open";
  return state;
}

}  // namespace

std::map<std::string, Index> failure_counts(const Campaign& campaign) {
  std::map<std::string, Index> counts;
  for (Index id = 0; id < campaign.asked(); ++id) {
    const std::optional<Answer>& answer = campaign.answer(id);
    if (answer && answer->status != Answer::Status::Ok && !is_no_run(*answer))
      ++counts[answer->kind];
  }
  return counts;
}

namespace {

JsonValue review_json(const Campaign& campaign) {
  Index held = 0, approved = 0, edited = 0;
  for (Index id = 0; id < campaign.asked(); ++id) {
    held += campaign.held(id) ? 1 : 0;
    const std::optional<Reviewed>& review = campaign.handling(id).review;
    approved += review && review->verdict == Reviewed::Verdict::Approved ? 1 : 0;
    edited += review && review->verdict == Reviewed::Verdict::Edited ? 1 : 0;
  }
  return {{"held", held},
          {"approved", approved},
          {"edited", edited},
          {"rejected", campaign.rejected()}};
}

std::vector<Index> waiting_for_expert(const OpenCampaign& open) {
  std::vector<Index> ids;
  for (const Query& query : open.campaign.open()) {
    if (waits_for_expert(open, query.id)) ids.push_back(query.id);
  }
  return ids;
}

// "query 3 waits for eve", "queries 3, 5 wait for eve"; empty: none does.
std::string expert_words(const OpenCampaign& open) {
  std::string ids;
  const std::vector<Index> waiting = waiting_for_expert(open);
  for (const Index id : waiting) ids += fmt::format("{}{}", ids.empty() ? "" : ", ", id);
  if (ids.empty()) return "";
  const bool one = waiting.size() == 1;
  return fmt::format("people    {} {} {} for the expert, {}\n", one ? "query" : "queries", ids,
                     one ? "waits" : "wait", printable(open.study.people.expert));
}

// What several people told of the same, by the spread of the outputs as it is now.
JsonValue people_json(const OpenCampaign& open) {
  const Campaign& campaign = open.campaign;
  const Vector spread = campaign.spread();
  Index told = 0, by_several = 0, agreed = 0;
  double largest = 0.0;
  for (Index id = 0; id < campaign.asked(); ++id) {
    const std::vector<Told>& all = campaign.handling(id).told;
    told += static_cast<Index>(all.size());
    if (all.size() < 2) continue;
    ++by_several;
    const double difference = disagreement(all, spread);
    agreed += difference <= open.study.people.agree ? 1 : 0;
    largest = std::max(largest, difference);
  }
  return {{"told", told},
          {"by_several", by_several},
          {"agreed", agreed},
          {"waiting_for_expert", waiting_for_expert(open)},
          {"largest_disagreement", json_number(largest)}};
}

}  // namespace

namespace {

// Of what was said of arrivals that were run nevertheless: how often it was right.
struct Audited {
  Index runs = 0;
  std::vector<Index> inside{};  // of each output
};

Audited audited(const Campaign& campaign) {
  Audited audited{0, std::vector<Index>(campaign.outputs().size(), 0)};
  const Dataset runs = campaign.validation();
  const std::vector<Index> ids = campaign.validation_ids();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Query& query = campaign.queries()[static_cast<std::size_t>(ids[i])];
    if (query.selection.outcome != "arrived" || query.mean.size() == 0) continue;
    ++audited.runs;
    for (std::size_t j = 0; j < audited.inside.size(); ++j) {
      const auto column = static_cast<Index>(j);
      const double off = runs.y(static_cast<Index>(i), column) - query.mean[column];
      if (campaign.outputs()[j].is_class()) {
        audited.inside[j] += off == 0.0 ? 1 : 0;
        continue;
      }
      audited.inside[j] += std::abs(off) <= 1.959963984540054 * query.deviation[column] ? 1 : 0;
    }
  }
  return audited;
}

JsonValue stream_json(const Campaign& campaign) {
  const StreamGate* gate = campaign.gate();
  if (gate == nullptr) return nullptr;
  const Audited audits = audited(campaign);
  JsonValue inside = JsonValue::object();
  for (std::size_t j = 0; j < audits.inside.size(); ++j)
    inside[campaign.outputs()[j].name] = audits.inside[j];
  return {{"arrived", gate->arrived()},
          {"asked", gate->asked()},
          {"budget", gate->options().budget},
          {"audited", audits.runs},
          {"inside95", inside}};
}

std::string stream_words(const Campaign& campaign) {
  const StreamGate* gate = campaign.gate();
  if (gate == nullptr) return "";
  const auto part =
      static_cast<double>(gate->asked()) / std::max(1.0, static_cast<double>(gate->arrived()));
  std::string words =
      fmt::format("stream    {} arrived, {} of them asked: {} of a budget of {}\n", gate->arrived(),
                  gate->asked(), shown_percent(part), shown_percent(gate->options().budget));
  const Audited audits = audited(campaign);
  for (std::size_t j = 0; j < audits.inside.size() && audits.runs > 0; ++j)
    words += fmt::format("audited   {}: {} of {} runs {}\n", campaign.outputs()[j].name,
                         audits.inside[j], audits.runs,
                         campaign.outputs()[j].is_class() ? "of the class that was foretold"
                                                          : "inside the 95 % that were foretold");
  return words;
}

}  // namespace

namespace {

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

JsonValue cost_json(const OpenCampaign& open) {
  const Cost& cost = open.study.cost;
  if (!cost.is_known()) return nullptr;
  return {{"spent", json_number(spent(open.campaign, cost))},
          {"a_run", json_number(expected_cost(open.campaign, cost))},
          {"unit", cost.unit}};
}

std::string cost_words(const OpenCampaign& open) {
  const Cost& cost = open.study.cost;
  if (!cost.is_known()) return "";
  const std::string unit = cost.unit.empty() ? "" : " " + cost.unit;
  return fmt::format("cost      {:.4g}{} so far, {:.4g}{} a run\n", spent(open.campaign, cost),
                     unit, expected_cost(open.campaign, cost), unit);
}

std::optional<RandomDesign> random_design(OpenCampaign& open) {
  return random_design_instead(open.campaign, {},
                               Rng(open.journal.preamble().seed).child("random design"));
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

JsonValue drifts_json(const Watch& seen, const Campaign& campaign) {
  JsonValue all = JsonValue::object();
  for (const Drift& drift : seen.drifts)
    all[campaign.outputs()[static_cast<std::size_t>(drift.output)].name] = {
        {"id", drift.query},
        {"first", json_number(drift.first)},
        {"now", json_number(drift.now)},
        {"allowed", json_number(drift.allowed)}};
  return all;
}

// What a part of the runs cost, and what it brought.
JsonValue stretch_json(const std::optional<Stretch>& stretch, const std::string& unit) {
  if (!stretch) return nullptr;
  const bool fell = stretch->halvings > 0.0;
  return {{"runs", stretch->runs},
          {"cost", json_number(stretch->cost)},
          {"unit", unit},
          {"halvings", json_number(stretch->halvings)},
          {"cost_of_halving", fell ? json_number(stretch->cost / stretch->halvings) : nullptr}};
}

JsonValue watch_json(const Watch& seen, const Campaign& campaign) {
  return {{"chosen", seen.chosen},
          {"surprise", json_number(seen.surprise)},
          {"worth_left", json_number(seen.worth_left)},
          {"on_bounds", json_number(seen.on_bounds)},
          {"spacing", json_number(seen.spacing)},
          {"imbalance", json_number(seen.imbalance)},
          {"drift", drifts_json(seen, campaign)},
          {"earlier", stretch_json(seen.earlier, seen.cost_unit)},
          {"latest", stretch_json(seen.latest, seen.cost_unit)}};
}

JsonValue findings_json(const Watch& seen, const Campaign& campaign) {
  JsonValue all = JsonValue::array();
  for (const sonde::Finding& finding : findings(seen, campaign))
    all.push_back({{"kind", finding.kind}, {"words", finding.words}, {"measure", finding.measure}});
  return all;
}

// Where the conditions of the study hold; none where the surrogate cannot be had.
std::vector<SegmentScore> scores_in_segments(OpenCampaign& open) {
  try {
    return segment_scores(open.campaign, open.study.segments);
  } catch (const Error&) {
    return {};
  }
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

std::string segments_text(OpenCampaign& open) {
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

}  // namespace

std::string status_json(OpenCampaign& open, bool running) {
  const State state = state_of(open, running);
  const Counts counts = counts_of(open.campaign);
  JsonValue outputs = JsonValue::object();
  const auto scores = scores_of(open.campaign);
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const bool of_numbers = scores[j] && !open.campaign.outputs()[j].is_class();
    outputs[open.campaign.outputs()[j].name] = {
        {"loo_nrmse", json_number(of_numbers ? scores[j]->nrmse : none)},
        {"coverage95", json_number(of_numbers ? scores[j]->coverage95 : none)},
        {"stated", stated_json(open.campaign, static_cast<Index>(j), scores[j].has_value())}};
    if (open.campaign.outputs()[j].is_class())
      outputs[open.campaign.outputs()[j].name]["classes"] =
          classes_json(open.campaign, static_cast<Index>(j));
  }
  JsonValue held = JsonValue::object();
  const std::vector<Interval> errors = errors_held_out(open);
  for (std::size_t j = 0; j < errors.size(); ++j)
    held[open.campaign.outputs()[j].name] = {{"n", errors[j].n},
                                             {"rmse", json_number(errors[j].value)},
                                             {"lower", json_number(errors[j].lower)},
                                             {"upper", json_number(errors[j].upper)}};
  JsonValue kinds = JsonValue::object();
  for (const auto& [kind, count] : failure_counts(open.campaign)) kinds[kind] = count;
  const Watch seen = watch(open.campaign, open.study.cost);
  return json_text({{"schema", 1},
                    {"campaign", open.folder.shown()},
                    {"state", state.name},
                    {"reason", state.reason},
                    {"runs",
                     {{"asked", open.campaign.asked()},
                      {"ok", counts.ok},
                      {"partial", counts.partial},
                      {"failed", counts.failed},
                      {"timed_out", counts.timed_out},
                      {"open", counts.open},
                      {"imported", open.campaign.imported()},
                      {"rejected", counts.rejected},
                      {"agreed", counts.agreed},
                      {"corrected", counts.corrected}}},
                    {"failures", kinds},
                    {"review", review_json(open.campaign)},
                    {"people", people_json(open)},
                    {"gold", gold_document(open)},
                    {"stream", stream_json(open.campaign)},
                    {"forecast", parsed_json(outlook_document(open, outlook_of(open)))},
                    {"cost", cost_json(open)},
                    {"random_design", random_design_json(open)},
                    {"watch", watch_json(seen, open.campaign)},
                    {"findings", findings_json(seen, open.campaign)},
                    {"segments", segments_json(open)},
                    {"outputs", outputs},
                    {"held_out", held},
                    {"model", open.campaign.promoted()},
                    {"seconds", state.seconds}},
                   2);
}

std::string status_text(OpenCampaign& open, bool running) {
  const State state = state_of(open, running);
  const Counts counts = counts_of(open.campaign);
  std::string text = fmt::format("campaign  {}{}\n", open.folder.shown(),
                                 open.study.title.empty() ? "" : ": " + open.study.title);
  text +=
      fmt::format("state     {}{}\n", state.name,
                  state.reason.empty() || state.reason == state.name ? "" : ": " + state.reason);
  text += fmt::format("runs      {} asked, {} ok", open.campaign.asked(), counts.ok);
  if (counts.partial > 0) text += fmt::format(" ({} of them without an output)", counts.partial);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.timed_out > 0) text += fmt::format(", {} timed out", counts.timed_out);
  if (counts.open > 0) text += fmt::format(", {} open", counts.open);
  if (counts.rejected > 0) text += fmt::format(", {} rejected", counts.rejected);
  if (counts.agreed > 0) text += fmt::format(", {} agreed on", counts.agreed);
  if (counts.corrected > 0) text += fmt::format(", {} corrected", counts.corrected);
  if (open.campaign.imported() > 0) text += fmt::format(", {} imported", open.campaign.imported());
  text += fmt::format("; {}\n", shown_time(state.seconds));
  text += cost_words(open);
  text += stream_words(open.campaign);
  std::string kinds;
  for (const auto& [kind, count] : failure_counts(open.campaign))
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, kind);
  if (!kinds.empty()) text += "failures  " + kinds + "\n";
  text += expert_words(open);
  for (const GoldDifference& one : gold_differences(open.campaign))
    text += "gold      " + gold_words(open, one) + "\n";
  if (open.campaign.promoted() > 0)
    text += fmt::format("model     {} answers, which was promoted; the table is of the newest\n",
                        open.campaign.promoted());
  const Vector spread = open.campaign.spread();
  const std::vector<Interval> errors = errors_held_out(open);
  for (std::size_t j = 0; j < errors.size(); ++j)
    text += fmt::format("held out  {}: error {}, on {} run{}\n", open.campaign.outputs()[j].name,
                        error_words(errors[j], spread[static_cast<Index>(j)]), errors[j].n,
                        errors[j].n == 1 ? "" : "s");
  text += outlook_text(open, outlook_of(open));
  text += random_design_words(open);
  for (const sonde::Finding& finding :
       findings(watch(open.campaign, open.study.cost), open.campaign))
    text += fmt::format("finding   {}: {}\n          {}\n", finding.kind, finding.words,
                        finding.measure);
  text += segments_text(open);
  const auto scores = scores_of(open.campaign);
  std::vector<std::vector<std::string>> rows{
      {"output", "unit", "error", "80 %", "left out", "inside 95 %"}};
  for (std::size_t j = 0; j < scores.size(); ++j) {
    const Output& output = open.campaign.outputs()[j];
    if (output.is_class()) {
      rows.push_back(class_row(open.campaign, static_cast<Index>(j)));
      continue;
    }
    const std::optional<StatedError> stated =
        scores[j] ? stated_of(open.campaign, static_cast<Index>(j)) : std::nullopt;
    rows.push_back(
        {output.name, output.unit, stated ? shown_percent(stated->value) : "-",
         stated ? shown_percent(stated->lower80) + " to " + shown_percent(stated->upper80) : "-",
         scores[j] ? shown_percent(scores[j]->nrmse) : "-",
         scores[j] ? shown_percent(scores[j]->coverage95) : "-"});
  }
  return text + text_table(rows) +
         "  error: expected RMSE / standard deviation over the domain, of classes the share of "
         "wrong "
         "ones; left out: that of leave-one-out predictions\n";
}

}  // namespace sonde::cli
