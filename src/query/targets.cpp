#include "sonde/query/targets.hpp"

#include <cmath>

#include "query/integrated.hpp"
#include "query/pointwise.hpp"
#include "sonde/base/error.hpp"
#include "sonde/math/normal.hpp"

namespace sonde::criteria {
namespace {

using query::pointwise;
using query::Value;

// The worth is of the output's unit where it has one: in units of the spread it has none.
double scale_of(const Response& response) {
  const double spread = response.spread();
  return std::isfinite(spread) && spread > 0.0 ? spread : 1.0;
}

void check_level(double level) {
  require(std::isfinite(level), "criteria: expected a finite level, got ", level);
}

Value feasibility(double mean, double sd, double level) {
  constexpr double width = 2.0;  // of the band, in standard deviations to either side
  const double u = (level - mean) / sd;
  const double sides = 2.0 * normal_cdf(u) - normal_cdf(u - width) - normal_cdf(u + width);
  const double inside = normal_cdf(u + width) - normal_cdf(u - width);
  const double bends = 2.0 * normal_pdf(u) - normal_pdf(u - width) - normal_pdf(u + width);
  const double relative = -u * sides - bends + width * inside;
  // Its slope in u is -sides, and du = -dmean / sd - u dsd / sd.
  return {sd * relative, sides, relative + u * sides};
}

// log(phi(z) + z Phi(z)), and its slope in z.
std::pair<double, double> log_improvement(double z) {
  constexpr double far = -30.0;  // beyond it the sum cancels, and then vanishes
  if (z > far) {
    const double h = normal_pdf(z) + z * normal_cdf(z);
    return {std::log(h), normal_cdf(z) / h};
  }
  // phi(z) / z^2 (1 - 3 / z^2 + 15 / z^4 - ...): the upper tail integrated once more.
  const double s = 1.0 / (z * z);
  const double series = 1.0 - 3.0 * s + 15.0 * s * s - 105.0 * s * s * s;
  const double slope_of_series = (6.0 - 60.0 * s + 630.0 * s * s) * s / z;
  constexpr double log_root_two_pi = 0.9189385332046727;
  return {-0.5 * z * z - log_root_two_pi + std::log(s) + std::log(series),
          -z - 2.0 / z + slope_of_series / series};
}

Value improvement(double gain, double sd, double toward_mean) {
  const double z = gain / sd;
  const auto [log_h, slope] = log_improvement(z);
  return {std::log(sd) + log_h, toward_mean * slope / sd, (1.0 - z * slope) / sd};
}

}  // namespace

Criterion deviation_number(double level) {
  check_level(level);
  return {"deviation number", [level](const Surrogate& surrogate, Rng) -> Acquisition {
            return pointwise(surrogate[0], [level](double mean, double sd) {
              const double off = mean - level;
              return Value{-std::abs(off) / sd, (off > 0.0 ? -1.0 : 1.0) / sd,
                           std::abs(off) / (sd * sd)};
            });
          }};
}

Criterion expected_feasibility(double level) {
  check_level(level);
  return {"expected feasibility", [level](const Surrogate& surrogate, Rng) -> Acquisition {
            const double scale = scale_of(surrogate[0]);
            return pointwise(surrogate[0], [level, scale](double mean, double sd) {
              const Value its = feasibility(mean, sd, level);
              return Value{its.worth / scale, its.by_mean / scale, its.by_deviation / scale};
            });
          }};
}

Criterion targeted_integrated_variance(double level, Index reference_points) {
  check_level(level);
  require(reference_points > 0,
          "criteria: targeted integrated variance needs at least one reference point, got ",
          reference_points);
  const auto density = [level](const Response& response, PointsView reference) {
    // A level wider than nothing, so that a contour between the reference points is seen.
    constexpr double width = 0.05;  // of the spread
    const double band = width * scale_of(response);
    const Marginals at = response.predict(reference);
    Vector weights(reference.rows());
    for (Index r = 0; r < weights.size(); ++r) {
      const double sd = std::sqrt(std::max(0.0, at.variance[r]) + band * band);
      weights[r] = normal_pdf((at.mean[r] - level) / sd) * band / sd;
    }
    return Vector(weights.array() + 1e-9);
  };
  return {"targeted integrated variance",
          [reference_points, density](const Surrogate& surrogate, Rng rng) -> Acquisition {
            return query::integrated(surrogate.only({0}), reference_points, density,
                                     rng.child("reference"));
          }};
}

Criterion expected_improvement(Extreme extreme) {
  return {"expected improvement",
          [extreme](const Surrogate& surrogate, Rng) -> Acquisition {
            const Response& response = surrogate[0];
            const double sign = extreme == Extreme::Smallest ? 1.0 : -1.0;
            const double scale = scale_of(response);
            const double best = (sign * response.predict(response.x()).mean).minCoeff();
            return pointwise(response, [sign, scale, best](double mean, double sd) {
              const Value its = improvement((best - sign * mean) / scale, sd / scale, -sign);
              return Value{its.worth, its.by_mean / scale, its.by_deviation / scale};
            });
          },
          {},
          /*logarithmic=*/true};
}

Criterion confidence_bound(Extreme extreme, double deviations) {
  require(std::isfinite(deviations) && deviations >= 0.0,
          "criteria: expected a number of deviations of 0 or more, got ", deviations);
  return {
      "confidence bound", [extreme, deviations](const Surrogate& surrogate, Rng) -> Acquisition {
        const double sign = extreme == Extreme::Smallest ? 1.0 : -1.0;
        const double scale = scale_of(surrogate[0]);
        return pointwise(surrogate[0], [=](double mean, double sd) {
          return Value{(deviations * sd - sign * mean) / scale, -sign / scale, deviations / scale};
        });
      }};
}

std::vector<std::string> names_of_level() {
  return {"targeted integrated variance", "expected feasibility", "deviation number"};
}

std::vector<std::string> names_of_extreme() {
  return {"expected improvement", "confidence bound"};
}

Criterion named_of_level(std::string_view name, double level) {
  if (name == "targeted integrated variance") return targeted_integrated_variance(level);
  if (name == "expected feasibility") return expected_feasibility(level);
  if (name == "deviation number") return deviation_number(level);
  throw ArgumentError(
      concat("criteria: expected 'targeted integrated variance', 'expected "
             "feasibility' or 'deviation number' of a level, got '",
             name, "'"));
}

Criterion named_of_extreme(std::string_view name, Extreme extreme) {
  if (name == "expected improvement") return expected_improvement(extreme);
  if (name == "confidence bound") return confidence_bound(extreme);
  throw ArgumentError(
      concat("criteria: expected 'expected improvement' or 'confidence bound' of an "
             "extreme, got '",
             name, "'"));
}

}  // namespace sonde::criteria
