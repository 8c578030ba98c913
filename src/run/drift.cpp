#include "sonde/run/drift.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/matrix.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr double chance_of_alarm = 1e-3;
constexpr double of_rounding = 1e-9;  // of the value
constexpr std::size_t fewest_replicates = 3;
constexpr std::size_t fewest_of_noise = 6;

using Coordinates = std::vector<double>;
using Replicates = std::vector<Index>;

// Answered queries of the points that were asked more than once, in the order of their ids.
std::vector<Replicates> replicated(const Campaign& campaign) {
  std::map<Coordinates, Replicates> places;
  for (const Query& query : campaign.queries()) {
    const std::optional<Answer>& answer = campaign.answer(query.id);
    if (!answer || answer->transient || is_no_run(*answer)) continue;
    const Vector& x = campaign.point(query.id);
    places[Coordinates(x.begin(), x.end())].push_back(query.id);
  }
  std::vector<Replicates> all;
  for (auto& [place, ids] : places)
    if (ids.size() >= fewest_replicates) all.push_back(std::move(ids));
  return all;
}

double replicate_value(const Campaign& campaign, Index id, Index output) {
  const std::optional<Answer>& answer = campaign.answer(id);
  return answer->status == Answer::Status::Ok ? answer->y[output] : nan;
}

double mean_between(const std::vector<double>& values, std::size_t from, std::size_t count) {
  double sum = 0.0;
  for (std::size_t i = from; i < from + count; ++i) sum += values[i];
  return sum / static_cast<double>(count);
}

// Deviation of one run, by the steps from each to the next: of normal ones the median of their
// sizes is 0.954 of it.
double scatter(const std::vector<double>& values) {
  constexpr double of_normal = 0.9538725524089896;  // sqrt(2) times the upper quartile
  std::vector<double> steps;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double step = std::abs(values[i] - values[i - 1]);
    const double size = std::max(std::abs(values[i]), std::abs(values[i - 1]));
    steps.push_back(step <= of_rounding * size ? 0.0 : step);
  }
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle / of_normal;
}

// \param values the replicates of one point that have one
std::optional<Drift> drift_of(const std::vector<double>& values) {
  if (values.size() < fewest_replicates) return std::nullopt;
  const double sd = scatter(values);
  if (sd > 0.0 && values.size() < fewest_of_noise) return std::nullopt;
  const std::size_t part = values.size() / 3;
  Drift drift{.first = mean_between(values, 0, part),
              .now = mean_between(values, values.size() - part, part)};
  if (sd == 0.0) {
    // One that is another suffices.
    drift.first = values.front();
    drift.now = values.back();
    drift.allowed = of_rounding * std::max(std::abs(drift.first), std::abs(drift.now));
    return drift;
  }
  const boost::math::students_t distribution(static_cast<double>(values.size() - 1) / 2.0);
  drift.allowed = boost::math::quantile(complement(distribution, 0.5 * chance_of_alarm)) * sd *
                  std::sqrt(2.0 / static_cast<double>(part));
  return drift;
}

double times_allowed(const Drift& drift) {
  constexpr double most = std::numeric_limits<double>::infinity();
  if (std::isnan(drift.now)) return most;
  const double off = std::abs(drift.now - drift.first);
  return drift.allowed > 0.0 ? off / drift.allowed : off > 0.0 ? most : 0.0;
}

// At one point, of one output; none where it is within what is allowed.
std::optional<Drift> drift_at(const Campaign& campaign, const Replicates& ids, Index output) {
  std::vector<double> values;
  for (const Index id : ids) {
    const double value = replicate_value(campaign, id, output);
    if (std::isfinite(value)) values.push_back(value);
  }
  // A point that was answered each time but the last is no longer the same to the simulator.
  const bool fails = std::isnan(replicate_value(campaign, ids.back(), output)) &&
                     values.size() + 1 == ids.size() && values.size() >= 2;
  std::optional<Drift> drift = drift_of(values);
  if (fails) drift = Drift{.first = mean_between(values, 0, values.size()), .now = nan};
  if (!drift || !(times_allowed(*drift) > 1.0)) return std::nullopt;
  drift->output = output;
  drift->query = ids.back();
  drift->replicates = static_cast<Index>(ids.size());
  return drift;
}

}  // namespace

std::vector<Drift> drifts(const Campaign& campaign) {
  std::vector<Drift> all;
  const std::vector<Replicates> points = replicated(campaign);
  for (Index j = 0; j < static_cast<Index>(campaign.outputs().size()); ++j) {
    std::optional<Drift> farthest;
    for (const Replicates& ids : points) {
      const std::optional<Drift> its = drift_at(campaign, ids, j);
      if (its && (!farthest || times_allowed(*its) > times_allowed(*farthest))) farthest = its;
    }
    if (farthest) all.push_back(*farthest);
  }
  return all;
}

}  // namespace sonde
