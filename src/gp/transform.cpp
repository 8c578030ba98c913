#include "gp/transform.hpp"

#include <algorithm>
#include <cmath>

namespace sonde::transform {
namespace {

// e^z stays a double, and its square too, however far from all data a point lies. Where ln y is
// known to a factor of e^sqrt(3) no better, e^(v / 2) says nothing about y any more.
constexpr double most_log = 300.0;
constexpr double most_log_variance = 3.0;

}  // namespace

double forward(Transform kind, double y) {
  switch (kind) {
    case Transform::None:
      return y;
    case Transform::SquareRoot:
      return std::sqrt(y);
    case Transform::Log:
      break;
  }
  return std::log(y);
}

double log_slope(Transform kind, double y) {
  switch (kind) {
    case Transform::None:
      return 0.0;
    case Transform::SquareRoot:
      return -0.5 * std::log(y) - std::log(2.0);
    case Transform::Log:
      break;
  }
  return -std::log(y);
}

Moments moments(Transform kind, double m, double v) {
  switch (kind) {
    case Transform::None:
      return {m, v, 1.0, 0.0, 0.0, 1.0};
    case Transform::SquareRoot:
      return {m * m + v, 2.0 * v * (v + 2.0 * m * m), 2.0 * m, 1.0, 8.0 * m * v, 4.0 * (v + m * m)};
    case Transform::Log:
      break;
  }
  const double by_m = m < most_log ? 1.0 : 0.0;
  const double by_v = v < most_log_variance ? 1.0 : 0.0;
  const double cut = std::min(v, most_log_variance);
  const double mean = std::exp(std::min(m, most_log) + 0.5 * cut);
  const double growth = std::expm1(cut);
  const double square = mean * mean;
  return {mean,
          growth * square,
          by_m * mean,
          by_v * 0.5 * mean,
          by_m * 2.0 * growth * square,
          by_v * (2.0 * growth + 1.0) * square};
}

double covariance(Transform kind, double mean_a, double variance_a, double mean_b,
                  double variance_b, double c) {
  switch (kind) {
    case Transform::None:
      return c;
    case Transform::SquareRoot:
      return 2.0 * c * (c + 2.0 * mean_a * mean_b);
    case Transform::Log:
      break;
  }
  const Moments a = moments(kind, mean_a, variance_a);
  const Moments b = moments(kind, mean_b, variance_b);
  return a.mean * b.mean * std::expm1(std::min(c, most_log_variance));
}

double slope_back(Transform kind, double z) {
  switch (kind) {
    case Transform::None:
      return 1.0;
    case Transform::SquareRoot:
      return 2.0 * z;
    case Transform::Log:
      break;
  }
  return std::exp(std::min(z, most_log));
}

}  // namespace sonde::transform
