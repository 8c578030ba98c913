#include <fmt/format.h>

#include <cmath>

#include "report/sections.hpp"
#include "report/svg.hpp"
#include "sonde/gp/validate.hpp"

// Errors where the study's segments hold.

namespace sonde::report {
namespace {

std::string percent_or_none(double part) {
  return std::isfinite(part) ? number(100.0 * part, 3) + "\u202f%" : "\u2013";
}

std::string segment_cells(const SegmentScore::Of& score, double spread) {
  return fmt::format("<td>{}</td><td>{}</td><td>{}</td><td>{}</td>", score.runs,
                     std::isfinite(score.rmse) ? number(score.rmse, 3) : "\u2013",
                     percent_or_none(score.rmse / spread), percent_or_none(score.inside95));
}

std::string segment_head(bool held_out) {
  const std::string cells = "<th>RMSE</th><th>of the spread</th><th>inside 95\u202f%</th>";
  const std::string columns =
      "<th class=\"text\">where</th><th class=\"text\">output</th><th>runs learnt from</th>" +
      cells;
  return "<thead><tr>" + columns + (held_out ? "<th>runs held out</th>" + cells : "") +
         "</tr></thead>";
}

}  // namespace

std::string in_segments(Campaign& campaign, const Segments& segments) {
  const std::vector<SegmentScore> scores = segment_scores(campaign, segments);
  if (scores.empty()) return "";
  const Surrogate& surrogate = campaign.surrogate();
  const bool held_out = campaign.validation().size() > 0;
  std::string rows;
  for (const SegmentScore& score : scores) {
    const double spread = error_unit(surrogate, score.output);
    const Output& output = campaign.outputs()[static_cast<std::size_t>(score.output)];
    rows += "<tr><td class=\"text\">" + escaped(score.segment) + "</td><td class=\"text\">" +
            with_unit(output.name, output.unit) + "</td>" + segment_cells(score.left_out, spread) +
            (held_out ? segment_cells(score.held_out, spread) : "") + "</tr>\n";
  }
  return "<h2>Segments</h2><p>Errors where the study\u2019s segments hold: of runs as all others "
         "foretell them" +
         std::string(held_out ? ", and of runs that were held out" : "") +
         ". The spread is that of the whole output.</p><table class=\"inner\">" +
         segment_head(held_out) + "<tbody>\n" + rows + "</tbody></table>";
}

}  // namespace sonde::report
