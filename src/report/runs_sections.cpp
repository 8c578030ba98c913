#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/sections.hpp"
#include "report/svg.hpp"

namespace sonde::report {
namespace {

constexpr std::size_t most_rows = 5000;  // a page that browsers open at once

std::string kind_of(const Answer& answer) {
  if (!answer.kind.empty()) return answer.kind;
  return answer.status == Answer::Status::TimedOut ? "timeout" : "other";
}

std::string cell_of(const Parameter& parameter, double value) {
  if (parameter.labels.empty()) return "<td>" + number(value) + "</td>";
  const auto label = static_cast<std::size_t>(std::max(0.0, std::round(value)));
  const bool known = label < parameter.labels.size();
  return "<td class=\"text\">" + (known ? escaped(parameter.labels[label]) : number(value)) +
         "</td>";
}

std::string status_of(const std::optional<Answer>& answer) {
  if (!answer) return "open";
  if (is_no_run(*answer)) return answer->kind;
  switch (answer->status) {
    case Answer::Status::Ok:
      return "ok";
    case Answer::Status::TimedOut:
      return "timed out";
    default:
      return "failed";
  }
}

std::string value_of(double value, const Output& output) {
  const auto place = static_cast<std::size_t>(value);
  const bool named = value >= 0.0 && place < output.values.size();
  return named ? escaped(output.values[place]) : number(value);
}

std::string row_of(const Campaign& campaign, const Query& query) {
  const auto& answer = campaign.answer(query.id);
  const bool bad = answer && answer->status != Answer::Status::Ok && !is_no_run(*answer);
  std::string row =
      fmt::format("<tr{}><td>{}</td><td class=\"text\">{}</td><td class=\"text{}\">{}</td>",
                  bad ? " class=\"bad\"" : "", query.id, escaped(query.why), bad ? " wrong" : "",
                  status_of(answer));
  for (Index j = 0; j < static_cast<Index>(campaign.outputs().size()); ++j) {
    const bool has = answer && j < answer->y.size();
    row += "<td><b>" +
           (has ? value_of(answer->y[j], campaign.outputs()[static_cast<std::size_t>(j)])
                : std::string()) +
           "</b></td>";
  }
  const auto& parameters = campaign.domain().parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    row += cell_of(parameters[i], campaign.point(query.id)[static_cast<Index>(i)]);
  }
  row += "<td>" + (answer ? number(answer->seconds, 3) : std::string()) + "</td>";
  const bool said = bad || (answer && !answer->message.empty());  // an output may be missing
  const std::string words = said ? escaped(kind_of(*answer)) +
                                       (answer->message.empty() ? "" : ": ") +
                                       escaped(shortened(answer->message, 400))
                                 : std::string();
  return row + "<td class=\"words\">" + words + "</td></tr>\n";
}

std::string head_of(const std::string& name, const std::string& unit, bool text = false) {
  return fmt::format("<th{}>{}<small>{}</small></th>", text ? " class=\"text\"" : "", escaped(name),
                     unit == "1" ? "&nbsp;" : escaped(unit));
}

std::string table_head(const Campaign& campaign) {
  std::string head = head_of("run", "1") + head_of("why", "1", true) + head_of("status", "1", true);
  for (const Output& output : campaign.outputs()) head += head_of(output.name, output.unit);
  for (const Parameter& p : campaign.domain().parameters()) {
    head += head_of(p.name, p.unit, !p.labels.empty());
  }
  return "<thead><tr>" + head + head_of("time", "s") + head_of("", "1", true) + "</tr></thead>";
}

}  // namespace

std::string failures(const Campaign& campaign) {
  const std::vector<Query> failed = campaign.failed();
  std::string text = "<h2>Failures</h2>";
  if (failed.empty()) {
    return text + fmt::format("<p>None: {} of {} runs were answered.</p>", campaign.data().size(),
                              campaign.answered());
  }
  std::map<std::string, Index> counts;
  for (const Query& query : failed) ++counts[kind_of(*campaign.answer(query.id))];
  std::vector<std::pair<std::string, Index>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string rows;
  for (const auto& [kind, count] : order) {
    rows += fmt::format(
        "<span>{}</span><div><i class=\"bad\" style=\"width:{:.1f}%\"></i></div><em>{}</em>",
        escaped(kind),
        100.0 * static_cast<double>(count) / static_cast<double>(order.front().second), count);
  }
  text += fmt::format(
      "<p>{} of {} finished runs gave no result. The surrogate takes their places as explored and "
      "goes "
      "around them.</p>",
      failed.size(), campaign.answered());
  return text + "<div class=\"grid two\">" + figure("<div class=\"bars\">" + rows + "</div>", "") +
         "</div>";
}

std::string runs(const Campaign& campaign) {
  const std::vector<Query>& queries = campaign.queries();
  std::string text = "<h2>All runs</h2>";
  if (queries.empty()) return text + "<p class=\"soft\">None yet.</p>";
  const std::size_t skipped = queries.size() > most_rows ? queries.size() - most_rows : 0;
  if (skipped > 0) {
    text +=
        fmt::format("<p class=\"soft\">The last {}; all {} are in the campaign's HDF5 file.</p>",
                    most_rows, queries.size());
  }
  std::string rows;
  for (std::size_t i = skipped; i < queries.size(); ++i) rows += row_of(campaign, queries[i]);
  return text + "<div class=\"scroll\"><table>" + table_head(campaign) + "<tbody>\n" + rows +
         "</tbody></table></div>";
}

}  // namespace sonde::report
