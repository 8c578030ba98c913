#include "sonde/run/gold.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "base/matrix.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr double false_alarm = 1e-3;  // of a comparison
constexpr double rounding = 1e-9;     // of the value
constexpr std::size_t enough_replicates = 3;

struct Replicate {
  Index id;
  double value;  // NaN: none came
  const Answer* answer;
};

bool alike(double a, double b) {
  return std::abs(a - b) <= rounding * std::max(std::abs(a), std::abs(b));
}

// Most that follow one another are alike: there is no noise, and what differs has changed.
bool is_deterministic(const std::vector<Replicate>& all) {
  std::size_t pairs = 0, equal = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (std::isnan(all[i].value) || std::isnan(all[i - 1].value)) continue;
    ++pairs;
    equal += alike(all[i].value, all[i - 1].value) ? 1 : 0;
  }
  return pairs >= 1 && 3 * equal >= 2 * pairs;
}

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

// How far one more may be from the mean of so many, of normal noise; infinite of too few.
double tolerated(const std::vector<double>& values, bool deterministic) {
  if (deterministic) return 0.0;
  if (values.size() < enough_replicates) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(values.size());
  const boost::math::students_t distribution(n - 1.0);
  return boost::math::quantile(complement(distribution, 0.5 * false_alarm)) * deviation_of(values) *
         std::sqrt(1.0 + 1.0 / n);
}

std::vector<Replicate> replicates(const Campaign& campaign, Index known, Index output) {
  std::vector<Replicate> all;
  for (const Query& query : campaign.queries()) {
    const std::optional<Answer>& answer = campaign.answer(query.id);
    if ((query.id != known && !is_gold(query)) || !answer || answer->transient) continue;
    const bool ok = answer->status == Answer::Status::Ok;
    all.push_back({query.id, ok ? answer->y[output] : nan, &*answer});
  }
  return all;
}

void compare(const std::vector<Replicate>& all, Index output,
             std::vector<GoldDifference>& differences) {
  if (all.empty() || std::isnan(all.front().value)) return;
  const bool deterministic = is_deterministic(all);
  std::vector<double> agreeing = {all.front().value};
  const Answer* last = all.front().answer;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto& [id, now, answer] = all[i];
    const double before = mean_of(agreeing);
    const double limit = tolerated(agreeing, deterministic);
    const bool differs = std::isnan(now) || (std::abs(now - before) > limit && !alike(now, before));
    if (differs) {
      const double sd = deterministic || agreeing.size() < 2 ? 0.0 : deviation_of(agreeing);
      differences.push_back({id, output, before, now, sd, *last});
      if (std::isnan(now)) continue;
      agreeing.clear();
    }
    agreeing.push_back(now);
    last = answer;
  }
}

}  // namespace

std::vector<GoldDifference> gold_differences(const Campaign& campaign) {
  std::vector<GoldDifference> differences;
  const std::optional<Index> known = known_query(campaign);
  if (!known) return differences;
  for (Index j = 0; j < static_cast<Index>(campaign.outputs().size()); ++j)
    compare(replicates(campaign, *known, j), j, differences);
  std::stable_sort(differences.begin(), differences.end(),
                   [](const GoldDifference& a, const GoldDifference& b) { return a.id < b.id; });
  return differences;
}

}  // namespace sonde
