#include "gp/transform.hpp"

#include <cmath>
#include <numbers>

#include "support/catch.hpp"

namespace sonde {
namespace {

const auto kinds = {Transform::None, Transform::SquareRoot, Transform::Log};

double back(Transform kind, double z) {
  if (kind == Transform::None) return z;
  return kind == Transform::SquareRoot ? z * z : std::exp(z);
}

/// E f(z) of a normal z, by the trapezium rule, which converges faster than any power here.
template <class F>
double expected(double m, double v, F f) {
  double sum = 0.0;
  constexpr double step = 0.05;
  for (double u = -12.0; u <= 12.0; u += step)
    sum += step * std::exp(-0.5 * u * u) * f(m + std::sqrt(v) * u);
  return sum / std::sqrt(2.0 * std::numbers::pi);
}

TEST_CASE("moments of the output are those of a transformed normal", "[transform]") {
  for (const Transform kind : kinds) {
    for (const double m : {-0.4, 0.3, 1.7}) {
      for (const double v : {0.01, 0.2, 0.6}) {
        const transform::Moments y = transform::moments(kind, m, v);
        const double mean = expected(m, v, [&](double z) { return back(kind, z); });
        const double square = expected(m, v, [&](double z) { return std::pow(back(kind, z), 2); });
        CHECK(y.mean == Approx(mean).epsilon(1e-10));
        CHECK(y.variance == Approx(square - mean * mean).epsilon(1e-8));
      }
    }
  }
}

TEST_CASE("slopes of the moments are central differences", "[transform]") {
  constexpr double h = 1e-5;
  for (const Transform kind : kinds) {
    const double m = 0.8;
    const double v = 0.3;
    const transform::Moments y = transform::moments(kind, m, v);
    const auto more_m = transform::moments(kind, m + h, v);
    const auto less_m = transform::moments(kind, m - h, v);
    const auto more_v = transform::moments(kind, m, v + h);
    const auto less_v = transform::moments(kind, m, v - h);
    CHECK(y.mean_by_m == Approx((more_m.mean - less_m.mean) / (2 * h)).margin(1e-8));
    CHECK(y.mean_by_v == Approx((more_v.mean - less_v.mean) / (2 * h)).margin(1e-8));
    CHECK(y.variance_by_m == Approx((more_m.variance - less_m.variance) / (2 * h)).margin(1e-8));
    CHECK(y.variance_by_v == Approx((more_v.variance - less_v.variance) / (2 * h)).margin(1e-8));
  }
}

TEST_CASE("covariances of the output are those of two transformed normals", "[transform]") {
  // z_b = m_b + (c / v_a) (z_a - m_a) + an independent rest.
  const double m_a = 0.5, v_a = 0.3, m_b = -0.2, v_b = 0.4, c = 0.15;
  for (const Transform kind : kinds) {
    const double rest = v_b - c * c / v_a;
    const double product = expected(m_a, v_a, [&](double a) {
      const double center = m_b + c / v_a * (a - m_a);
      return back(kind, a) * expected(center, rest, [&](double b) { return back(kind, b); });
    });
    const double both =
        transform::moments(kind, m_a, v_a).mean * transform::moments(kind, m_b, v_b).mean;
    CHECK(transform::covariance(kind, m_a, v_a, m_b, v_b, c) == Approx(product - both));
    // With itself: the variance.
    CHECK(transform::covariance(kind, m_a, v_a, m_a, v_a, v_a) ==
          Approx(transform::moments(kind, m_a, v_a).variance));
  }
}

TEST_CASE("a transform and its way back undo each other, and slopes fit", "[transform]") {
  for (const Transform kind : kinds) {
    for (const double y : {1e-6, 0.4, 3e5}) {
      const double z = transform::forward(kind, y);
      CHECK(back(kind, z) == Approx(y));
      // dz/dy and dy/dz are reciprocal.
      CHECK(std::exp(transform::log_slope(kind, y)) * transform::slope_back(kind, z) ==
            Approx(1.0));
    }
  }
}

TEST_CASE("moments stay finite however far from all data", "[transform]") {
  for (const Transform kind : kinds) {
    const transform::Moments y = transform::moments(kind, 1e3, 1e2);
    CHECK(std::isfinite(y.mean));
    CHECK(std::isfinite(y.variance));
  }
}

}  // namespace
}  // namespace sonde
