#include "run/surprise.hpp"

#include <algorithm>
#include <cmath>

#include "base/matrix.hpp"
#include "run/campaign_state.hpp"
#include "sonde/run/watch.hpp"

// What answers say of the predictions that were made before.

namespace sonde {

bool was_chosen(const Query& query) {
  return query.mean.size() > 0 && query.why != "validation" && query.why != "random" &&
         query.why != "picked";
}

double squared_surprise(const Query& query, const Answer& answer, Index j, double spread) {
  constexpr double trifle = 1e-3;
  const double off = (answer.y[j] - query.mean[j]) / std::max(query.deviation[j], trifle * spread);
  return off * off;
}

double Campaign::State::surprise(Index window) const {
  const Vector spread = this->spread();
  double sum = 0.0;
  Index values = 0, runs = 0;
  for (auto query = queries.rbegin(); query != queries.rend() && runs < window; ++query) {
    const std::optional<Answer>& answer = answers[static_cast<std::size_t>(query->id)];
    if (!was_chosen(*query) || !answer || answer->status != Answer::Status::Ok) continue;
    ++runs;
    for (Index j = 0; j < query->mean.size(); ++j) {
      const double square = squared_surprise(*query, *answer, j, spread[j]);
      if (!is_learnt(j) || !std::isfinite(square) || is_class(j)) continue;
      sum += square;
      ++values;
    }
  }
  return runs < window || values == 0 ? nan : sum / static_cast<double>(values);
}

bool Campaign::State::is_surprised() const {
  return options.countermeasures && !options.design_only && surprise(Watch::window) > surprising;
}

double Campaign::surprise(Index window) const {
  return state_->surprise(window);
}

bool Campaign::countermeasures() const noexcept {
  return state_->options.countermeasures;
}

}  // namespace sonde
