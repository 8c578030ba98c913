#include "gp/conditioning.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde::conditioning {

namespace {

Vector half_solved(const Matrix& lower, Vector b) {
  dense::arithmetic().half_solve(b.size(), 1, lower.data(), lower.rows(), b.data(), b.size());
  return b;
}

Vector half_solved_transposed(const Matrix& lower, Vector b) {
  dense::arithmetic().half_solve_transposed(b.size(), 1, lower.data(), lower.rows(), b.data(),
                                            b.size());
  return b;
}

}  // namespace

Weights weights(const Matrix& lower, VectorView y, Mean mean) {
  const Index n = y.size();
  const bool constant = mean == Mean::Constant;
  Weights w;
  w.half_ones = constant ? half_solved(lower, Vector::Ones(n)) : Vector(Vector::Zero(n));
  w.precision = constant ? w.half_ones.squaredNorm() : 1.0;
  Vector half_y = half_solved(lower, y);
  w.constant = w.half_ones.dot(half_y) / w.precision;
  half_y -= w.constant * w.half_ones;
  w.alpha = half_solved_transposed(lower, half_y);
  w.solved_ones = constant ? half_solved_transposed(lower, w.half_ones) : Vector(Vector::Zero(n));
  const double log_2pi = std::log(2.0 * std::numbers::pi);
  w.log_evidence = -0.5 * half_y.squaredNorm() - lower.diagonal().array().log().sum() -
                   0.5 * std::log(w.precision) -
                   0.5 * static_cast<double>(constant ? n - 1 : n) * log_2pi;
  return w;
}

Matrix observation_covariance(const Kernel& kernel, double noise_variance, PointsView x) {
  Matrix c = kernel->lower_covariance(x, 1.0);
  c.diagonal().array() += noise_variance;
  return c;
}

Vector evidence_gradient(const Kernel& kernel, double noise_variance, PointsView x, Matrix lower,
                         const Weights& weights) {
  const Index n = lower.rows();
  // d log p / dt = tr(W dC/dt) / 2, W = alpha alpha' - C^-1 + C^-1 1 1' C^-1 / precision.
  Matrix& w = lower;
  dense::arithmetic().inverse(n, w.data(), n);
  const Vector& alpha = weights.alpha;
  const Vector& ones = weights.solved_ones;
  for (Index j = 0; j < n; ++j) {
    const Index m = n - j;
    w.col(j).tail(m) =
        alpha[j] * alpha.tail(m) - w.col(j).tail(m) + (ones[j] / weights.precision) * ones.tail(m);
  }
  const Vector contracted = kernel->contracted(x, w);
  Vector gradient(contracted.size());
  gradient.head(contracted.size() - 1) = 0.5 * contracted.tail(contracted.size() - 1);
  gradient[contracted.size() - 1] = 0.5 * noise_variance * w.trace();
  return gradient;
}

std::optional<Factor> factorised(const std::function<Matrix(double)>& assemble, double scale) {
  for (const double part : {0.0, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6}) {
    Factor factor{assemble(part * scale), part * scale};
    const Index n = factor.lower.rows();
    if (dense::arithmetic().cholesky(n, factor.lower.data(), n)) return factor;
  }
  return std::nullopt;
}

Factor factorised(const Kernel& kernel, double noise_variance, PointsView x) {
  const double scale = noise_variance + kernel->variance(x).maxCoeff();
  std::optional<Factor> factor = factorised(
      [&](double jitter) { return observation_covariance(kernel, noise_variance + jitter, x); },
      scale);
  if (!factor) break_down(x);
  return std::move(*factor);
}

void break_down(PointsView x) {
  double closest = std::numeric_limits<double>::infinity();
  std::pair<Index, Index> pair{0, 0};
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < i; ++j) {
      const double distance = (x.row(i) - x.row(j)).norm();
      if (!(distance < closest)) continue;
      closest = distance;
      pair = {j, i};
    }
  }
  throw NumericalError(concat("GaussianProcess: K + noise I is not positive definite; rows ",
                              pair.first, " and ", pair.second, " of x are ", closest,
                              " apart. Raise the noise variance or drop one."));
}

}  // namespace sonde::conditioning
