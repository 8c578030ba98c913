#include "sonde/run/screen.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "run/surprise.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr double least_doubt = 0.1;  // about a class that is believed

bool counts(const Screen& screen, Index output) {
  const std::vector<Index>& some = screen.learnt;
  return some.empty() || std::find(some.begin(), some.end(), output) != some.end();
}

// "value = 1.2, foretold 1.1 +- 0.2"; empty: they disagree.
std::string agreement(const Screen& screen, const std::vector<Output>& outputs, const Query& query,
                      const Vector& y) {
  std::string words;
  for (Index j = 0; j < y.size(); ++j) {
    if (!counts(screen, j)) continue;
    const Output& output = outputs[static_cast<std::size_t>(j)];
    const double off = std::abs(y[j] - query.mean[j]);
    const double tolerance = screen.tolerances[j];
    const bool agrees = output.is_class()
                            ? off == 0.0 && query.deviation[j] <= least_doubt
                            : off <= tolerance && query.deviation[j] <= screen.agree * tolerance;
    if (!agrees) return "";
    words +=
        (words.empty() ? "" : "; ") +
        (output.is_class() ? output.name + " is " + output.values[static_cast<std::size_t>(y[j])]
                           : concat(output.name, " = ", y[j], ", foretold ", query.mean[j], " +- ",
                                    query.deviation[j]));
  }
  return words;
}

}  // namespace

Oracle screened(Oracle cheap, Oracle expensive, Screen screen) {
  require(cheap.outputs().size() == expensive.outputs().size(),
          "screened: expected simulators of the same outputs, got ", cheap.outputs().size(),
          " and ", expensive.outputs().size());
  require(screen.agree > 0.0 && std::isfinite(screen.agree),
          "screened: expected a number of tolerances above 0, got ", screen.agree);
  require(screen.tolerances.size() == static_cast<Index>(expensive.outputs().size()),
          "screened: expected a tolerance of each of ", expensive.outputs().size(),
          " outputs, got ", screen.tolerances.size());
  const std::vector<Output> outputs = expensive.outputs();
  return Oracle(outputs,
                [cheap = std::move(cheap), expensive = std::move(expensive),
                 screen = std::move(screen), outputs](const Query& query) -> Answer {
                  if (!was_chosen(query)) return expensive.ask(query);
                  Answer first = cheap.ask(query);
                  if (first.status == Answer::Status::Abandoned) return first;
                  const bool whole = first.status == Answer::Status::Ok && first.y.allFinite();
                  if (!whole || (screen.unsure && screen.unsure(query.x, first.y)))
                    return expensive.ask(query);
                  const std::string words = agreement(screen, outputs, query, first.y);
                  if (words.empty()) return expensive.ask(query);
                  first.status = Answer::Status::Failed;
                  first.kind = agreed_kind;
                  first.message = words;
                  return first;
                });
}

StopRule after_agreed(Index queries) {
  require(queries > 0, "after_agreed: expected a number of queries, got ", queries);
  return [queries](Campaign& campaign) -> std::optional<std::string> {
    Index agreed = 0;
    const std::vector<Query>& all = campaign.queries();
    for (auto query = all.rbegin(); query != all.rend() && agreed < queries; ++query) {
      const std::optional<Answer>& answer = campaign.answer(query->id);
      if (!was_chosen(*query) || !answer) continue;
      if (answer->kind != agreed_kind) return std::nullopt;
      ++agreed;
    }
    if (agreed < queries) return std::nullopt;
    return concat("the cheap simulator agrees with the last ", queries, " predictions");
  };
}

}  // namespace sonde
