#include "sonde/math/normal.hpp"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace sonde {
namespace {

const double half_log_two_pi = 0.5 * std::log(2.0 * std::numbers::pi);

// Asymptotic series of the Mills ratio, Abramowitz & Stegun (1964), 26.2.12: six terms leave 2e-15
// at z = -36.
double log_far_tail(double z) {
  const double r = 1.0 / (z * z);
  const double series =
      -r * (1.0 - r * (3.0 - r * (15.0 - r * (105.0 - r * (945.0 - r * 10395.0)))));
  const double value = -0.5 * z * z - std::log(-z) - half_log_two_pi + std::log1p(series);
  return std::isfinite(z) ? std::max(value, std::numeric_limits<double>::lowest()) : value;
}

}  // namespace

double normal_pdf(double z) {
  return std::exp(-0.5 * z * z - half_log_two_pi);
}

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_log_cdf(double z) {
  if (z < -36.0) return log_far_tail(z);
  return z > 0.0 ? std::log1p(-normal_cdf(-z)) : std::log(normal_cdf(z));
}

double normal_quantile(double p) {
  if (std::isnan(p)) return p;
  if (p <= 0.0) return -std::numeric_limits<double>::infinity();
  if (p >= 1.0) return std::numeric_limits<double>::infinity();
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2.0 * p);
}

}  // namespace sonde
