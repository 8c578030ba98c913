#include "sonde/run/forecast.hpp"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"

namespace sonde {
namespace {

using Point = Eigen::Vector3d;  // level, slope, how far the estimate is off
using Covariance = Eigen::Matrix3d;

// Learnt: see the header. All of ln error, along ln runs.
struct Habits {
  double slope;  // before any data
  double slope_deviation;
  double slope_wanders;  // variance over a step of one
  double level_wanders;  // an estimate by so few runs jumps, and stays there
};
constexpr Habits of_few_inputs{-1.2, 1.0, 0.2, 4.6};   // up to 4
constexpr Habits of_many_inputs{-0.7, 0.8, 0.1, 1.7};  // from 6 on
constexpr double estimate_off = 0.1;                   // standard deviation
constexpr double lasts = 0.05;      // of what it is off, until a third of it is left
constexpr double own_noise = 1e-4;  // variance of an estimate by itself

Habits habits_of(Index inputs) {
  if (inputs <= 4) return of_few_inputs;
  if (inputs >= 6) return of_many_inputs;
  const auto between = [](double a, double b) { return 0.5 * (a + b); };
  const Habits &a = of_few_inputs, &b = of_many_inputs;
  return {between(a.slope, b.slope), between(a.slope_deviation, b.slope_deviation),
          between(a.slope_wanders, b.slope_wanders), between(a.level_wanders, b.level_wanders)};
}

struct Stride {
  Eigen::Matrix3d moves;
  Covariance adds;
};

Stride stride_of(const Habits& habits, double length) {
  const double kept = std::exp(-length / lasts);
  Stride step{Eigen::Matrix3d::Identity(), Covariance::Zero()};
  step.moves(0, 1) = length;
  step.moves(2, 2) = kept;
  const double bends = habits.slope_wanders * length;
  step.adds(0, 0) = habits.level_wanders * length + bends * length * length / 3.0;
  step.adds(0, 1) = step.adds(1, 0) = bends * length / 2.0;
  step.adds(1, 1) = bends;
  step.adds(2, 2) = estimate_off * estimate_off * (1.0 - kept * kept);
  return step;
}

}  // namespace

ErrorTrend::ErrorTrend(std::span<const ErrorAt> curve, Index inputs) : inputs_(inputs) {
  const Habits habits = habits_of(inputs);
  require(!curve.empty(), "ErrorTrend: expected at least one error");
  Point mean = Point::Zero();
  Covariance covariance = Covariance::Zero();
  double at = 0.0;
  for (const ErrorAt& seen : curve) {
    require(seen.runs > 0 && seen.error > 0.0 && std::isfinite(seen.error),
            "ErrorTrend: expected errors above 0 after runs, got ", seen.error, " after ",
            seen.runs);
    const double here = std::log(static_cast<double>(seen.runs));
    const double value = std::log(seen.error);
    if (&seen == &curve.front()) {
      mean = {value, habits.slope, 0.0};
      covariance.diagonal() << 1e2, habits.slope_deviation * habits.slope_deviation,
          estimate_off * estimate_off;
    } else {
      const Stride step = stride_of(habits, std::max(0.0, here - at));
      mean = step.moves * mean;
      covariance = step.moves * covariance * step.moves.transpose() + step.adds;
    }
    at = here;
    const Point seen_through = covariance.col(0) + covariance.col(2);
    const double variance = seen_through[0] + seen_through[2] + own_noise;
    mean += seen_through * ((value - mean[0] - mean[2]) / variance);
    covariance -= seen_through * seen_through.transpose() / variance;
  }
  runs_ = static_cast<double>(curve.back().runs);
  level_ = mean[0];
  slope_ = mean[1];
  off_ = mean[2];
  covariance.diagonal().array() += 1e-12;
  const Covariance root = covariance.llt().matrixL();
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) root_[i][j] = j <= i ? root(i, j) : 0.0;
}

double RunsForecast::chance_by(Index runs) const {
  const auto by = std::upper_bound(paths.begin(), paths.end(), runs) - paths.begin();
  return paths.empty() ? 0.0 : static_cast<double>(by) / static_cast<double>(paths.size());
}

double ErrorTrend::error_at(Index runs) const {
  const double length = std::max(0.0, std::log(static_cast<double>(runs) / runs_));
  return std::exp(level_ + slope_ * length);
}

RunsForecast ErrorTrend::runs_to(double target, Index most) const {
  require(target > 0.0, "ErrorTrend: expected a target above 0, got ", target);
  const Habits habits = habits_of(inputs_);
  // Run by run at first, then in steps of a fiftieth.
  std::vector<Index> after;
  std::vector<Stride> steps;
  std::vector<Covariance> roots;
  for (auto runs = static_cast<Index>(runs_); runs < most;) {
    const Index next = std::min(most, runs + std::max<Index>(1, runs / 50));
    steps.push_back(
        stride_of(habits, std::log(static_cast<double>(next) / static_cast<double>(runs))));
    roots.push_back(
        Covariance(Covariance(steps.back().adds + 1e-15 * Covariance::Identity()).llt().matrixL()));
    after.push_back(runs = next);
  }
  Eigen::Matrix3d root;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) root(i, j) = root_[i][j];
  constexpr int paths = 4000;
  Rng rng(1);
  const auto normal = [&rng] {
    Point z;
    for (double& one : z) one = rng.normal();
    return z;
  };
  const double wanted = std::log(target);
  std::vector<Index> reached;
  for (int path = 0; path < paths; ++path) {
    Point state = Point(level_, slope_, off_) + root * normal();
    Index first = RunsForecast::beyond;
    if (state[0] + state[2] <= wanted) first = static_cast<Index>(runs_);
    for (std::size_t i = 0; i < steps.size() && first == RunsForecast::beyond; ++i) {
      state = steps[i].moves * state + roots[i] * normal();
      if (state[0] + state[2] <= wanted) first = after[i];
    }
    reached.push_back(first);
  }
  std::sort(reached.begin(), reached.end());
  const auto at = [&](double share) {
    return reached[static_cast<std::size_t>(share * static_cast<double>(paths - 1))];
  };
  RunsForecast forecast{at(0.5), {at(0.1), at(0.9)}, {at(0.025), at(0.975)}};
  forecast.paths = std::move(reached);
  return forecast;
}

}  // namespace sonde
