#include "cli/metrics_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "cli/json_point.hpp"

namespace sonde::cli {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Backslash, double quote and line feed are escaped in a label's value.
std::string label_value(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n')
      escaped += "\\n";
    else
      escaped += c;
  }
  return escaped;
}

// Samples of one name after the other, each name with its help first.
class Exposition {
 public:
  explicit Exposition(std::string campaign) : campaign_(std::move(campaign)) {}

  void metric(const std::string& name, const std::string& help) {
    name_ = "sonde_" + name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name_, help, name_);
  }
  // Of null there is no sample.
  void sample(const JsonValue& value, const Labels& labels = {}) {
    if (!value.is_number() && !value.is_boolean()) return;
    text_ += fmt::format("{}{{campaign=\"{}\"", name_, label_value(campaign_));
    for (const auto& [key, label] : labels)
      text_ += fmt::format(",{}=\"{}\"", key, label_value(label));
    const double number =
        value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0) : value.get<double>();
    text_ += fmt::format("}} {}\n", number);
  }

  const std::string& text() const { return text_; }

 private:
  std::string campaign_;
  std::string name_;
  std::string text_;
};

void write_errors(Exposition& all, const JsonValue& status) {
  all.metric("error", "Estimated by leave-one-out, over the standard deviation of the output.");
  for (const auto& [output, scores] : status["outputs"].items())
    all.sample(scores["loo_nrmse"], {{"output", output}});
  all.metric("coverage95", "Share of left-out runs inside their 95 % interval.");
  for (const auto& [output, scores] : status["outputs"].items())
    all.sample(scores["coverage95"], {{"output", output}});
  all.metric("wrong_expected",
             "Of an output of classes: share of the domain told wrongly, expected.");
  for (const auto& [output, scores] : status["outputs"].items())
    if (scores.contains("classes"))
      all.sample(scores["classes"]["wrong_expected"], {{"output", output}});
  all.metric("error_held_out",
             "On runs held out, in the unit of the output; lower and upper end of 95 %.");
  for (const auto& [output, error] : status["held_out"].items())
    for (const auto& [bound, key] :
         {std::pair{"middle", "rmse"}, std::pair{"lower", "lower"}, std::pair{"upper", "upper"}})
      all.sample(error[key], {{"output", output}, {"bound", bound}});
}

void write_forecast(Exposition& all, const JsonValue& status) {
  const JsonValue& forecast = status["forecast"];
  if (!forecast.is_object()) return;
  all.metric("forecast_runs", "Runs still needed for the target; bounds hold 80 and 95 %.");
  for (const char* bound : {"middle", "lower80", "upper80", "lower95", "upper95"})
    all.sample(forecast["runs"][bound], {{"bound", bound}});
}

// By what became of them: each in one state.
void write_runs(Exposition& all, const JsonValue& runs) {
  all.metric("runs", "By what became of them; each has one state.");
  const auto count = [&](const char* state) { return runs[state].get<Index>(); };
  all.sample(count("ok") - count("partial"), {{"state", "ok"}});
  for (const char* state : {"partial", "failed", "timed_out", "rejected", "agreed", "open"})
    all.sample(runs[state], {{"state", state}});
  all.metric("runs_asked", "All that were ever asked, earlier runs that were imported among them.");
  all.sample(runs["asked"]);
  all.metric("runs_imported", "Earlier runs that were imported, whatever their state.");
  all.sample(runs["imported"]);
  all.metric("corrections", "Of answers that had been told.");
  all.sample(runs["corrected"]);
}

void write_segments(Exposition& all, const JsonValue& segments) {
  if (segments.empty()) return;
  for (const bool held_out : {false, true}) {
    all.metric(held_out ? "segment_error_held_out" : "segment_error",
               held_out ? "On runs held out where the segment holds, in the unit of the output."
                        : "By leave-one-out where the segment holds, in the unit of the output.");
    for (const auto& [segment, outputs] : segments.items())
      for (const auto& [output, score] : outputs.items())
        all.sample((held_out ? score["held_out"] : score)["rmse"],
                   {{"segment", segment}, {"output", output}});
  }
}

void write_watch(Exposition& all, const JsonValue& seen) {
  all.metric("surprise", "Mean squared miss of the last runs over the variance foretold.");
  all.sample(seen["surprise"]);
  all.metric("drift",
             "How far a point asked again is from what it was at first, in the unit of the "
             "output, where that is more than chance.");
  for (const auto& [output, drift] : seen["drift"].items())
    if (drift["now"].is_number())
      all.sample(std::abs(drift["now"].get<double>() - drift["first"].get<double>()),
                 {{"output", output}});
  const std::pair<const char*, const char*> figures[] = {
      {"cost", "Of the runs of this part of the campaign, in the study's unit, else in seconds."},
      {"halvings", "Of the estimated error, by the runs of this part."},
      {"cost_of_halving", "Of the estimated error, in this part; absent where it did not fall."}};
  for (const auto& [key, help] : figures) {
    all.metric(std::string("part_") + key, help);
    for (const char* part : {"earlier", "latest"})
      if (seen[part].is_object()) all.sample(seen[part][key], {{"part", part}});
  }
}

}  // namespace

std::string metrics_text(const std::string& text) {
  const JsonValue status = parsed_json(text);
  Exposition all(status["campaign"]);
  all.metric("running", "1 while a process runs the campaign.");
  all.sample(status["state"] == "running");
  write_runs(all, status["runs"]);
  all.metric("failures", "By kind.");
  for (const auto& [kind, count] : status["failures"].items()) all.sample(count, {{"kind", kind}});
  all.metric("seconds", "Of all sessions.");
  all.sample(status["seconds"]);
  if (status["cost"].is_object()) {
    all.metric("cost", "Spent, in the study's unit.");
    all.sample(status["cost"]["spent"]);
  }
  write_errors(all, status);
  write_forecast(all, status);
  write_segments(all, status["segments"]);
  write_watch(all, status["watch"]);
  all.metric("finding", "1 for each thing that is found wrong.");
  std::set<std::string> kinds;
  for (const JsonValue& finding : status["findings"]) kinds.insert(finding["kind"]);
  for (const std::string& kind : kinds) all.sample(1, {{"kind", kind}});
  if (status["stream"].is_object()) {
    all.metric("arrivals", "Points that arrived, and how many of them were asked.");
    all.sample(status["stream"]["arrived"], {{"what", "arrived"}});
    all.sample(status["stream"]["asked"], {{"what", "asked"}});
  }
  return all.text();
}

}  // namespace sonde::cli
