#include "cli/gold.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/ingredients.hpp"
#include "cli/text_table.hpp"
#include "run/csv.hpp"
#include "run/gold_queries.hpp"

namespace sonde::cli {
namespace {

Index gold_answered(const Campaign& campaign) {
  return std::count_if(
      campaign.queries().begin(), campaign.queries().end(),
      [&](const Query& query) { return is_gold(query) && campaign.answer(query.id); });
}

std::string moment(double seconds) {
  if (!std::isfinite(seconds)) return "an unknown time";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string changed_since(const Journal& journal, double before, double now) {
  const auto had = ingredients_at(journal, before);
  const auto has = ingredients_at(journal, now);
  if (!had || !has || has->empty() || !std::isfinite(before) || !std::isfinite(now)) return "";
  const std::vector<std::string> changed = differences(*had, *has);
  return changed.empty() ? "; its program and its files are the same"
                         : fmt::format("; changed since: {}", fmt::join(changed, ", "));
}

}  // namespace

std::string gold_words(const OpenCampaign& open, const GoldDifference& difference) {
  const Output& output = open.campaign.outputs()[static_cast<std::size_t>(difference.output)];
  const std::string unit = output.unit == "1" ? "" : " " + output.unit;
  const std::optional<Answer>& answer = open.campaign.answer(difference.id);
  std::string words =
      fmt::format("run {} asked a known point again: {} ", difference.id, output.name);
  words +=
      std::isnan(difference.now)
          ? fmt::format("did not come, it was {}{}",
                        output.is_class() ? format_value(difference.before, output)
                                          : shown(difference.before, 9),
                        unit)
      : output.is_class()
          ? fmt::format("is {}, it was {}", format_value(difference.now, output),
                        format_value(difference.before, output))
          : fmt::format("is {}{}, it was {}{}, and the noise is {}", shown(difference.now, 9), unit,
                        shown(difference.before, 9), unit, shown(difference.noise_sd, 3));
  words +=
      ". The simulator, or what it stands on, has changed since " + moment(difference.since.ended);
  if (answer && answer->host != difference.since.host)
    words += fmt::format("; it ran on {}, then on {}", difference.since.host, answer->host);
  if (answer) words += changed_since(open.journal, difference.since.ended, answer->ended);
  const int changes = study_changes(open.journal);
  if (changes > 0)
    words += fmt::format("; the study was changed {} time{} in this campaign", changes,
                         changes == 1 ? "" : "s");
  return words;
}

JsonValue gold_document(OpenCampaign& open) {
  JsonValue differences = JsonValue::array();
  for (const GoldDifference& one : gold_differences(open.campaign)) {
    const auto number = [](double value) {
      return std::isfinite(value) ? JsonValue(value) : JsonValue(nullptr);
    };
    differences.push_back(
        {{"id", one.id},
         {"output", open.campaign.outputs()[static_cast<std::size_t>(one.output)].name},
         {"before", number(one.before)},
         {"now", number(one.now)},
         {"words", gold_words(open, one)}});
  }
  return {{"asked",
           std::count_if(open.campaign.queries().begin(), open.campaign.queries().end(), is_gold)},
          {"differences", differences}};
}

std::vector<std::string> GoldWatch::look(OpenCampaign& open) {
  const Index answered = gold_answered(open.campaign);
  if (answered == seen_ || answered == 0) return {};
  const bool first = seen_ < 0;
  seen_ = answered;
  const std::vector<GoldDifference> all = gold_differences(open.campaign);
  std::vector<std::string> fresh;
  // What an earlier session has said is not said again; a further one may change an estimate.
  for (std::size_t i = std::min(said_, all.size()); i < all.size(); ++i)
    fresh.push_back(gold_words(open, all[i]));
  said_ = all.size();
  if (first && answered > 1) fresh.clear();
  return fresh;
}

}  // namespace sonde::cli
