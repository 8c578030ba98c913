#include "sonde/math/normal.hpp"

#include <cmath>
#include <limits>

#include "support/matchers.hpp"

using namespace sonde;

TEST_CASE("the normal density and distribution have their tabulated values", "[normal]") {
  // Abramowitz & Stegun (1964), table 26.1.
  CHECK(normal_pdf(0) == Approx(0.398942280401433).epsilon(1e-14));
  CHECK(normal_pdf(2) == Approx(0.053990966513188).epsilon(1e-13));
  CHECK(normal_cdf(0) == 0.5);
  CHECK(normal_cdf(1) == Approx(0.841344746068543).epsilon(1e-14));
  CHECK(normal_cdf(-2) == Approx(0.022750131948179).epsilon(1e-13));
}

TEST_CASE("the density is the slope of the distribution", "[normal]") {
  for (double z = -30; z <= 8; z += 0.37) {
    const double h = 1e-5;
    const double slope = (normal_cdf(z + h) - normal_cdf(z - h)) / (2 * h);
    CHECK(slope == Approx(normal_pdf(z)).epsilon(1e-6).margin(1e-11));
    const double log_slope = (normal_log_cdf(z + h) - normal_log_cdf(z - h)) / (2 * h);
    CHECK(log_slope == Approx(normal_pdf(z) / normal_cdf(z)).epsilon(1e-6).margin(1e-11));
  }
}

TEST_CASE("the logarithm of the distribution is finite and monotone far out", "[normal]") {
  // Mills' bounds: phi(z) / |z| (1 - 1 / z^2) < Phi(z) < phi(z) / |z| for z < 0.
  double last = normal_log_cdf(-20);
  for (double z = -20; z > -1e6; z *= 1.01) {
    const double value = normal_log_cdf(z);
    const double upper = -0.5 * z * z - 0.5 * std::log(2 * std::acos(-1.0)) - std::log(-z);
    CHECK(value <= upper);
    CHECK(value >= upper + std::log1p(-1 / (z * z)) - 1e-15 * std::abs(upper));
    CHECK(value <= last);
    last = value;
  }
  CHECK(std::isfinite(normal_log_cdf(-std::numeric_limits<double>::max())));
  CHECK(normal_log_cdf(-std::numeric_limits<double>::infinity()) ==
        -std::numeric_limits<double>::infinity());
  CHECK(normal_log_cdf(40) == Approx(0).margin(1e-300));
  CHECK(normal_log_cdf(8) < 0);
}

TEST_CASE("both branches of the logarithm meet", "[normal]") {
  CHECK(normal_log_cdf(std::nextafter(-36.0, -40.0)) ==
        Approx(normal_log_cdf(-36.0)).epsilon(1e-14));
  CHECK(normal_log_cdf(1e-300) == Approx(std::log(0.5)).epsilon(1e-15));
}

TEST_CASE("quantiles invert the distribution", "[normal]") {
  for (double z = -37; z < 6; z += 0.61) {
    CHECK(normal_quantile(normal_cdf(z)) == Approx(z).epsilon(1e-8));
  }
  CHECK(normal_quantile(0.5) == 0);
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-14));
  CHECK(normal_quantile(0) == -std::numeric_limits<double>::infinity());
  CHECK(normal_quantile(1) == std::numeric_limits<double>::infinity());
}
