#include "cli/watching.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/json_point.hpp"

namespace sonde::cli {
namespace {

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

}  // namespace

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

std::string findings_words(const Watch& seen, const Campaign& campaign) {
  std::string text;
  for (const sonde::Finding& finding : findings(seen, campaign))
    text += fmt::format("finding   {}: {}\n          {}\n", finding.kind, finding.words,
                        finding.measure);
  return text;
}

}  // namespace sonde::cli
