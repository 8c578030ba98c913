#include "cli/status_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "cli/accuracy.hpp"
#include "cli/asking.hpp"
#include "cli/gold.hpp"
#include "cli/json_point.hpp"
#include "cli/outlook.hpp"
#include "cli/sessions.hpp"
#include "cli/text_table.hpp"
#include "cli/watching.hpp"
#include "sonde/base/error.hpp"
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

}  // namespace

std::string status_json(OpenCampaign& open, bool running) {
  const State state = state_of(open, running);
  const Counts counts = counts_of(open.campaign);
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
                    {"outputs", outputs_json(open.campaign)},
                    {"held_out", held_out_json(open)},
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
  text += held_out_words(open);
  text += outlook_text(open, outlook_of(open));
  text += random_design_words(open);
  text += findings_words(watch(open.campaign, open.study.cost), open.campaign);
  text += segments_words(open);
  return text + outputs_table(open.campaign);
}

}  // namespace sonde::cli
