#include "cli/metrics_text.hpp"

#include <fmt/format.h>

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

}  // namespace

std::string metrics_text(const std::string& text) {
  const JsonValue status = parsed_json(text);
  Exposition all(status["campaign"]);
  all.metric("running", "1 while a process runs the campaign.");
  all.sample(status["state"] == "running");
  all.metric("runs", "By what became of them.");
  for (const auto& [state, count] : status["runs"].items()) all.sample(count, {{"state", state}});
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
  all.metric("surprise", "Mean squared miss of the last runs over the variance foretold.");
  all.sample(status["watch"]["surprise"]);
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
