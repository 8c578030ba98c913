#pragma once

#include <string>
#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"
#include "sonde/gp/stationary.hpp"

namespace sonde::testing_support {

/// (n, d) points, uniform in the unit cube.
inline Points uniform_points(Index n, Index d, Rng rng) {
  Points x(n, d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) x(i, j) = rng.uniform();
  }
  return x;
}

/// (n) a smooth function of the rows that depends on every input.
inline Vector wavy(PointsView x) {
  Vector y(x.rows());
  for (Index i = 0; i < x.rows(); ++i) {
    double sum = 0.3;
    for (Index j = 0; j < x.cols(); ++j) {
      const double weight = 1.0 / static_cast<double>(1 + j);
      sum += weight * std::sin(3.0 * x(i, j) + static_cast<double>(j)) + 0.2 * x(i, 0) * x(i, j);
    }
    y[i] = sum;
  }
  return y;
}

inline Vector random_vector(Index n, Rng rng) {
  Vector v(n);
  for (Index i = 0; i < n; ++i) v[i] = rng.normal();
  return v;
}

inline Matrix random_matrix(Index n, Index m, Rng rng) {
  Matrix a(n, m);
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < n; ++i) a(i, j) = rng.normal();
  }
  return a;
}

/// A profile from outside the library.
struct RationalQuadratic {
  double alpha = 1.0;
  double value(double s) const { return std::pow(1.0 + s / (2.0 * alpha), -alpha); }
  double slope(double s) const { return -0.5 * std::pow(1.0 + s / (2.0 * alpha), -alpha - 1.0); }
};

/// Lengths that differ, about 1.
inline Vector some_lengths(Index d) {
  Vector lengths(d);
  for (Index i = 0; i < d; ++i) lengths[i] = 0.6 + 0.3 * static_cast<double>(i % 4);
  return lengths;
}

struct NamedKernel {
  std::string name;
  Kernel kernel;
};

/// Every kernel there is, and some made of them, for d inputs.
inline std::vector<NamedKernel> all_kernels(Index d) {
  const Vector lengths = some_lengths(d);
  const Kernel radial = matern52(lengths);
  const Kernel product = matern32(1.3 * lengths, Form::Product);
  return {{"matern32 radial", matern32(lengths)},
          {"matern32 product", product},
          {"matern52 radial", radial},
          {"matern52 product", matern52(lengths, Form::Product)},
          {"squared exponential", squared_exponential(lengths)},
          {"matern32 anova", anova(Family::Matern32, lengths, 0.5 * lengths)},
          {"matern52 anova", matern52(lengths, Form::Anova)},
          {"squared exponential anova",
           anova(Family::SquaredExponential, lengths, Vector::LinSpaced(d, 0.1, 30.0))},
          {"matern of free smoothness", matern(1.8, lengths)},
          {"linear", linear(lengths, Vector::Constant(d, 0.3))},
          {"linear of one variance", linear(0.7, Vector::Constant(d, 0.3))},
          {"of one input", on_inputs(matern52(lengths.tail(1), Form::Anova), {d - 1})},
          {"warped", warped(radial, Vector::LinSpaced(d, -2.0, 3.0))},
          {"own profile", stationary(RationalQuadratic{2.0}, lengths)},
          {"scaled", 1.7 * radial},
          {"sum", 1.7 * radial + 0.4 * product},
          {"product", radial * product},
          {"with a constant", (0.7 * radial) * (constant(2.0) + 0.3 * product) + constant(0.5)}};
}

}  // namespace sonde::testing_support
