#include "sonde/run/gold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/matrix.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr double most_deviations = 4.0;
constexpr double rounding = 1e-9;  // of the value
constexpr Index most_fitted = 400;
constexpr std::size_t enough_replicates = 3;

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  const double mean = mean_of(values);
  double sum = 0.0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

// What the surrogate takes for noise, of each output; infinite where there is none.
Vector estimated_noise(Campaign& campaign) {
  const auto m = static_cast<Index>(campaign.outputs().size());
  Vector noise = Vector::Constant(m, std::numeric_limits<double>::infinity());
  if (!campaign.has_surrogate() || campaign.data().size() > most_fitted) return noise;
  try {
    for (Index j = 0; j < m; ++j) noise[j] = campaign.surrogate()[j].noise_sd();
  } catch (const Error&) {
    return noise;
  }
  return noise;
}

// Those that agree, of one output, and the last of them.
struct Agreeing {
  std::vector<double> values;
  Answer last;
};

}  // namespace

std::vector<GoldDifference> gold_differences(Campaign& campaign) {
  std::vector<GoldDifference> differences;
  const std::optional<Index> known = known_query(campaign);
  const bool any = std::any_of(campaign.queries().begin(), campaign.queries().end(), is_gold);
  if (!known || !any) return differences;
  const Answer& first = *campaign.answer(*known);
  const Vector noise = estimated_noise(campaign);
  for (Index j = 0; j < first.y.size(); ++j) {
    if (std::isnan(first.y[j])) continue;
    Agreeing agreeing{{first.y[j]}, first};
    for (const Query& query : campaign.queries()) {
      const std::optional<Answer>& answer = campaign.answer(query.id);
      if (!is_gold(query) || !answer || answer->transient) continue;
      const double now = answer->status == Answer::Status::Ok ? answer->y[j] : nan;
      const double before = mean_of(agreeing.values);
      double sd = noise[j];
      if (agreeing.values.size() >= enough_replicates)
        sd = std::min(sd, deviation_of(agreeing.values));
      const double share = 1.0 + 1.0 / static_cast<double>(agreeing.values.size());
      const double tolerated = most_deviations * std::sqrt(share) * sd +
                               rounding * std::max(std::abs(before), std::abs(now));
      if (std::isnan(now) || std::abs(now - before) > tolerated) {
        differences.push_back({query.id, j, before, now, sd, agreeing.last});
        if (std::isnan(now)) continue;
        agreeing.values.clear();
      }
      agreeing.values.push_back(now);
      agreeing.last = *answer;
    }
  }
  std::stable_sort(differences.begin(), differences.end(),
                   [](const GoldDifference& a, const GoldDifference& b) { return a.id < b.id; });
  return differences;
}

}  // namespace sonde
