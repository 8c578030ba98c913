#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/matrix.hpp"
#include "report/sections.hpp"
#include "report/style.hpp"
#include "report/svg.hpp"

namespace sonde::report {
namespace {

/// Median and extent over the repeats, at each count of runs that all of them have.
struct Spread {
  std::vector<double> runs{}, low{}, middle{}, high{};
};

Spread spread_of(const Strategy& strategy) {
  Spread spread;
  if (strategy.repeats.empty()) return spread;
  const Curve& first = strategy.repeats.front();
  for (std::size_t i = 0; i < first.runs.size(); ++i) {
    std::vector<double> errors;
    for (const Curve& repeat : strategy.repeats) {
      const auto at = std::find(repeat.runs.begin(), repeat.runs.end(), first.runs[i]);
      if (at == repeat.runs.end()) continue;
      const double error = repeat.error[static_cast<std::size_t>(at - repeat.runs.begin())];
      if (std::isfinite(error)) errors.push_back(error);
    }
    const auto [low, high] = std::minmax_element(errors.begin(), errors.end());
    spread.runs.push_back(first.runs[i]);
    spread.low.push_back(errors.empty() ? nan : *low);
    spread.middle.push_back(median(errors));
    spread.high.push_back(errors.empty() ? nan : *high);
  }
  return spread;
}

/// After how many runs the error fell to `target`, along the logarithm of the error between two
/// points of the curve; NaN where it never did.
double runs_to(const Spread& spread, double target) {
  for (std::size_t i = 0; i < spread.runs.size(); ++i) {
    if (!(spread.middle[i] <= target)) continue;
    if (i == 0 || !(spread.middle[i - 1] > target)) return spread.runs[i];
    const double fall = std::log(spread.middle[i - 1] / spread.middle[i]);
    const double part = std::log(spread.middle[i - 1] / target) / fall;
    return spread.runs[i - 1] + part * (spread.runs[i] - spread.runs[i - 1]);
  }
  return nan;
}

std::string name_of(const Strategy& strategy) {
  if (strategy.own) return strategy.name + " (this study)";
  return strategy.model == "standard" ? strategy.name + ", standard surrogate" : strategy.name;
}

struct Series {
  const Strategy* strategy;
  Spread spread;
  std::size_t colour;
};

/// The study's own way first, and in the first colour.
std::vector<Series> series_of(const Comparison& comparison, const std::string& output) {
  std::vector<Series> all;
  for (const bool own : {true, false}) {
    for (const Strategy& strategy : comparison.strategies) {
      if (strategy.own != own || strategy.output != output || strategy.repeats.empty()) continue;
      all.push_back(
          {&strategy, spread_of(strategy), own ? 0 : std::max<std::size_t>(1, all.size())});
    }
  }
  return all;
}

std::string legend(const std::vector<Series>& all) {
  std::string items;
  for (const Series& one : all) {
    items +=
        fmt::format("<li{}><i class=\"{}\"></i>{}</li>", one.strategy->own ? " class=\"own\"" : "",
                    series(one.colour), escaped(name_of(*one.strategy)));
  }
  return "<ul class=\"legend\">" + items + "</ul>";
}

std::string comparison_chart(const std::vector<Series>& all, const Output& output) {
  std::vector<double> runs, errors;
  for (const Series& one : all) {
    runs.insert(runs.end(), one.spread.runs.begin(), one.spread.runs.end());
    errors.insert(errors.end(), one.spread.low.begin(), one.spread.low.end());
    errors.insert(errors.end(), one.spread.high.begin(), one.spread.high.end());
  }
  Chart chart(520, 340, covering(runs, false, 0.02), {"runs", "1", true, {}},
              covering(errors, true), {"error of " + output.name, "NRMSE"});
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    chart.band(one->spread.runs, one->spread.low, one->spread.high, "band " + series(one->colour));
  }
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    const std::string own = one->strategy->own ? " own" : "";
    chart.line(one->spread.runs, one->spread.middle, "line " + series(one->colour) + own);
  }
  return chart.str();
}

/// What the baselines' whole budget buys, and when the study's own way had bought it.
std::string verdict(const std::vector<Series>& all) {
  if (all.size() < 2 || !all.front().strategy->own) return "";
  std::string words;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Spread& other = all[i].spread;
    if (other.runs.empty() || !std::isfinite(other.middle.back())) continue;
    const double target = other.middle.back();
    const double own = runs_to(all.front().spread, target);
    const std::string took =
        std::isfinite(own) ? fmt::format("<b>{:.0f}</b>", std::ceil(own - 1e-9)) : "more";
    words +=
        fmt::format("<tr><td class=\"text\">{}</td><td>{:.0f}</td><td>{}</td><td>{}</td></tr>",
                    escaped(name_of(*all[i].strategy)), other.runs.back(), number(target, 3), took);
  }
  if (words.empty()) return "";
  return "<table class=\"inner\"><thead><tr><th class=\"text\">compared with</th><th>its "
         "runs</th><th>its error</th><th>runs of this study for that "
         "error</th></tr></thead><tbody>" +
         words + "</tbody></table>";
}

std::string comparison_figures(const Campaign& campaign, const Comparison& comparison) {
  std::string figures;
  for (const Output& output : campaign.outputs()) {
    const std::vector<Series> all = series_of(comparison, output.name);
    if (all.empty()) continue;
    std::size_t repeats = 0;
    for (const Series& one : all) repeats = std::max(repeats, one.strategy->repeats.size());
    const std::string spread =
        repeats > 1 ? fmt::format(
                          "Lines are the median of {} repeats with seeds of their own, bands "
                          "reach from the best to the worst.",
                          repeats)
                    : "One repeat each.";
    figures += "<figure>" + legend(all) + comparison_chart(all, output) + verdict(all) +
               "<figcaption>" + escaped(comparison.measure) + ". " + spread +
               "</figcaption></figure>";
  }
  return figures;
}

std::string own_figure(const Campaign& campaign, const std::vector<MetricsRow>& rows) {
  std::vector<double> runs, all;
  for (const MetricsRow& row : rows) {
    runs.push_back(static_cast<double>(row.runs));
    for (const double error : row.loo_nrmse) all.push_back(error);
  }
  Chart chart(520, 320, covering(runs, false, 0.02), {"runs", "1", true, {}}, covering(all, true),
              {"estimated error", "NRMSE"});
  std::string items;
  for (std::size_t j = 0; j < campaign.outputs().size(); ++j) {
    std::vector<double> errors;
    for (const MetricsRow& row : rows) {
      const auto at = static_cast<Index>(j);
      errors.push_back(at < row.loo_nrmse.size() ? row.loo_nrmse[at] : nan);
    }
    chart.line(runs, errors, "line " + series(j));
    for (std::size_t i = 0; i < runs.size(); ++i) {
      chart.dot(runs[i], errors[i], 2.4, "dot " + series(j),
                fmt::format("{:.0f} runs: {}", runs[i], number(errors[i])));
    }
    items += fmt::format("<li><i class=\"{}\"></i>{}</li>", series(j),
                         escaped(campaign.outputs()[j].name));
  }
  return "<figure><ul class=\"legend\">" + items + "</ul>" + chart.str() +
         "<figcaption>By leave-one-out: each run predicted from the others, relative to the "
         "standard deviation over the domain. While the campaign looks for what it knows least, "
         "this is harder "
         "than an average point.</figcaption></figure>";
}

// Beside the curves, where there is room while errors fall.
std::string legend_in_picture(const std::vector<Series>& all) {
  constexpr double left = 312, top = 40, apart = 18;
  std::string items;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double y = top + apart * static_cast<double>(i);
    items += fmt::format(
        "<path class=\"line {}{}\" d=\"M{} {}h20\"/><text class=\"tick\" x=\"{}\" "
        "y=\"{}\">{}</text>",
        series(all[i].colour), all[i].strategy->own ? " own" : "", left, y, left + 27, y + 4,
        escaped(name_of(*all[i].strategy)));
  }
  return items;
}

}  // namespace

std::string comparison_svg(const Output& output, const Comparison& comparison) {
  const std::vector<Series> all = series_of(comparison, output.name);
  if (all.empty()) return "";
  std::string picture = comparison_chart(all, output);
  picture.insert(picture.find("<svg") + 4, " xmlns=\"http://www.w3.org/2000/svg\"");
  picture.insert(picture.find('>') + 1,
                 "<style><![CDATA[" + std::string(style) +
                     "]]></style><rect width=\"100%\" height=\"100%\" fill=\"var(--card)\"/>");
  picture.insert(picture.rfind("</svg>"), legend_in_picture(all));
  return picture;
}

std::string learning(const Campaign& campaign, const Story& story) {
  std::string figures;
  if (story.comparison) figures += comparison_figures(campaign, *story.comparison);
  if (story.learning.size() >= 2) figures += own_figure(campaign, story.learning);
  std::string text = "<h2>How the error fell</h2>";
  text += figures.empty() ? "<p class=\"soft\">Nothing to show yet: it takes two surrogates.</p>"
                          : "<div class=\"grid two\">" + figures + "</div>";
  if (story.comparison) return text;
  return text +
         "<p class=\"soft small\">To see it beside a random design: <code>sonde compare</code>, "
         "then "
         "this report again.</p>";
}

}  // namespace sonde::report
