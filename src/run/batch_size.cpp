#include "sonde/run/batch_size.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "run/surprise.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr double calm = 1.5;
constexpr double surprised = 3.0;

// Of the answers to some queries.
struct Judged {
  bool open = false;    // one is not answered
  bool failed = false;  // one did, by its point's fault
  double sum = 0.0;
  double values = 0.0;

  double mean() const {
    return values > 0.0 ? sum / values : std::numeric_limits<double>::quiet_NaN();
  }

  void see(const Campaign& campaign, const Query& query, const Vector& spread,
           const std::vector<Index>& learnt) {
    const std::optional<Answer>& answer = campaign.answer(query.id);
    open = open || !answer;
    if (!answer) return;
    if (answer->status != Answer::Status::Ok) {
      failed = failed || !(answer->transient || is_no_run(*answer));
      return;
    }
    for (const Index j : learnt) {
      const double square = squared_surprise(query, *answer, j, spread[j]);
      if (!std::isfinite(square) || campaign.outputs()[static_cast<std::size_t>(j)].is_class())
        continue;
      sum += square;
      values += 1.0;
    }
  }
};

}  // namespace

BatchSize batch_size(const Campaign& campaign, const BatchRule& rule) {
  require(
      rule.least >= 1 && rule.least <= rule.most,
      "batch_size: expected batches of at least one query, the least no more than the most; got ",
      rule.least, " to ", rule.most);
  BatchSize now{rule.least, std::numeric_limits<double>::quiet_NaN()};
  if (rule.least == rule.most) return now;
  const Vector spread = campaign.spread();
  const std::vector<Index> learnt = campaign.learnt();
  Judged batch;
  Index seen = 0;
  for (const Query& query : campaign.queries()) {
    if (!was_chosen(query)) continue;
    batch.see(campaign, query, spread, learnt);
    if (++seen < now.queries) continue;
    if (batch.open) return now;
    now.surprise = batch.mean();
    if (batch.failed || now.surprise > surprised)
      now.queries = std::max(rule.least, now.queries / 2);
    else if (now.surprise <= calm)
      now.queries = std::min(rule.most, 2 * now.queries);
    batch = {};
    seen = 0;
  }
  return now;
}

}  // namespace sonde
