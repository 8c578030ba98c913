#include "report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/sections.hpp"
#include "report/style.hpp"
#include "report/svg.hpp"
#include "sonde/base/error.hpp"

namespace sonde::report {
namespace {

std::string fact(const std::string& name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, value);
}

double estimated_error(Campaign& campaign) {
  try {
    return campaign.has_surrogate() ? campaign.estimated_error()
                                    : std::numeric_limits<double>::quiet_NaN();
  } catch (const Error&) {
    return std::numeric_limits<double>::quiet_NaN();
  }
}

std::string facts(Campaign& campaign) {
  double seconds = 0.0;
  Index timed_out = 0;
  for (const Query& query : campaign.queries()) {
    const auto& answer = campaign.answer(query.id);
    if (!answer) continue;
    if (std::isfinite(answer->seconds)) seconds += answer->seconds;
    if (answer->status == Answer::Status::TimedOut) ++timed_out;
  }
  const auto failed = static_cast<Index>(campaign.failed().size()) - timed_out;
  const double error = estimated_error(campaign);
  std::string items;
  items += fact("runs asked for", std::to_string(campaign.asked()));
  items += fact("answered", std::to_string(campaign.data().size()));
  items += fact("failed", std::to_string(failed));
  items += fact("timed out", std::to_string(timed_out));
  items += fact("open", std::to_string(campaign.asked() - campaign.answered()));
  items += fact("estimated error",
                std::isfinite(error) ? number(100.0 * error, 3) + "\u202f%" : "\u2013");
  items += fact("simulated", duration(seconds));
  return "<dl class=\"facts\">" + items + "</dl>";
}

std::string of_surrogate(Campaign& campaign, const Segments& segments) {
  if (!campaign.has_surrogate()) {
    return "<h2>The surrogate</h2><p class=\"soft\">There is none yet: it takes two answered "
           "runs.</p>";
  }
  try {
    const Surrogate& surrogate = campaign.surrogate();
    const auto is_number = [](const Output& output) { return !output.is_class(); };
    const bool numbers =
        std::any_of(campaign.outputs().begin(), campaign.outputs().end(), is_number);
    const std::string segmented = in_segments(campaign, segments);
    return (numbers ? predicted_against_observed(surrogate, campaign) + segmented +
                          slices(surrogate, campaign) + importance(surrogate)
                    : segmented) +
           classes(surrogate, campaign);
  } catch (const Error& failure) {
    return "<h2>The surrogate</h2><p class=\"soft\">There is none: " + escaped(failure.what()) +
           "</p>";
  }
}

std::string footer(const Preamble& preamble, const Campaign& campaign) {
  return fmt::format(
      "<footer><p>Criterion {}, seed {}. Begun {} with sonde {}; campaign "
      "<code>{}</code>.</p></footer>",
      escaped(campaign.criterion()), preamble.seed, escaped(preamble.created),
      escaped(preamble.version), escaped(preamble.uuid));
}

}  // namespace

std::string figure(const std::string& drawing, const std::string& caption) {
  return "<figure>" + drawing +
         (caption.empty() ? "" : "<figcaption>" + caption + "</figcaption>") + "</figure>";
}

std::string series(std::size_t i) {
  return "s" + std::to_string(i % 6);
}

std::string duration(double seconds) {
  if (seconds < 90.0) return fmt::format("{:.{}f}\u202fs", seconds, seconds < 10.0 ? 1 : 0);
  if (seconds < 5400.0) return fmt::format("{:.0f}\u202fmin", seconds / 60.0);
  if (seconds < 172800.0) return fmt::format("{:.1f}\u202fh", seconds / 3600.0);
  return fmt::format("{:.1f}\u202fd", seconds / 86400.0);
}

std::string with_unit(const std::string& name, const std::string& unit) {
  if (unit == "1" || unit.empty()) return escaped(name);
  return escaped(name) + " <span class=\"soft\">(" + escaped(unit) + ")</span>";
}

double median(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

std::string summary(const Preamble& preamble, Campaign& campaign, const Story& story) {
  const std::string title = story.title.empty() ? "Campaign " + preamble.uuid : story.title;
  std::string state = story.state.empty() ? "" : "<b>" + escaped(story.state) + "</b>";
  if (!story.reason.empty()) state += (state.empty() ? "" : ": ") + escaped(story.reason);
  return "<h1>" + escaped(title) + "</h1><p class=\"state\">" + state + "</p>" + facts(campaign);
}

std::string html(const Preamble& preamble, Campaign& campaign, const Story& story) {
  const std::string title = story.title.empty() ? "Sonde" : story.title;
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
         escaped(title) + "</title><style>" + style + "</style></head>\n<body><main>\n" +
         summary(preamble, campaign, story) + "\n" + learning(campaign, story) + "\n" +
         of_surrogate(campaign, story.segments) + "\n" + failures(campaign) + "\n" +
         runs(campaign) + "\n" + footer(preamble, campaign) + "\n</main></body></html>\n";
}

}  // namespace sonde::report
