#include "sonde/run/forecast.hpp"

#include <cmath>
#include <vector>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"

namespace sonde {
namespace {

std::vector<ErrorAt> power_law(double rate, Index last) {
  std::vector<ErrorAt> curve;
  for (Index n = 6; n <= last; n += 1 + n / 10)
    curve.push_back({n, std::pow(static_cast<double>(n) / 6.0, -rate)});
  return curve;
}

TEST_CASE("an error that falls as a power of the runs is forecast where the power says",
          "[forecast]") {
  for (const double rate : {0.7, 1.2, 1.8}) {
    const ErrorTrend trend(power_law(rate, 60), 2);
    const double half_more = 60.0 * 1.5;
    const double target = std::pow(half_more / 6.0, -rate);
    INFO("rate " << rate);
    CHECK(trend.error_at(90) == Approx(target).epsilon(0.35));
    const RunsForecast forecast = trend.runs_to(target, 1000);
    CHECK(forecast.range80.lower <= 90);
    CHECK(forecast.range80.upper >= 90);
    CHECK(forecast.range95.lower <= forecast.range80.lower);
    CHECK(forecast.range95.upper >= forecast.range80.upper);
    CHECK(forecast.middle >= forecast.range80.lower);
    CHECK(forecast.middle <= forecast.range80.upper);
  }
}

TEST_CASE("a forecast is the same whenever it is made", "[forecast]") {
  const std::vector<ErrorAt> curve = power_law(1.0, 40);
  const RunsForecast one = ErrorTrend(curve, 2).runs_to(0.05, 400);
  const RunsForecast other = ErrorTrend(curve, 2).runs_to(0.05, 400);
  CHECK(one.middle == other.middle);
  CHECK(one.range95.upper == other.range95.upper);
}

TEST_CASE("a target that is met is met now, one out of reach beyond all that is looked at",
          "[forecast]") {
  const std::vector<ErrorAt> curve = power_law(1.0, 40);
  const ErrorTrend trend(curve, 2);
  const RunsForecast met = trend.runs_to(100.0, 400);
  CHECK(met.range95.upper == curve.back().runs);
  const RunsForecast never = trend.runs_to(1e-12, 400);
  CHECK(never.middle == RunsForecast::beyond);
  CHECK(never.range95.lower == RunsForecast::beyond);
  CHECK_THROWS_AS(trend.runs_to(0.0, 400), ArgumentError);
}

TEST_CASE("one error alone is a wide forecast, and no error none", "[forecast]") {
  const std::vector<ErrorAt> one{{8, 0.5}};
  const RunsForecast wide = ErrorTrend(one, 2).runs_to(0.25, 4000);
  CHECK(wide.range95.lower < 14);
  CHECK(wide.range95.upper > 30);
  CHECK_THROWS_AS(ErrorTrend(std::vector<ErrorAt>{}, 2), ArgumentError);
  CHECK_THROWS_AS(ErrorTrend(std::vector<ErrorAt>{{8, 0.0}}, 2), ArgumentError);
}

}  // namespace
}  // namespace sonde
