#include "gp/conditioning.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde::conditioning {

namespace {

Matrix half_solved_transposed(MatrixView factor, Matrix b) {
  dense::arithmetic().half_solve_transposed(b.rows(), b.cols(), factor.data(), factor.outerStride(),
                                            b.data(), b.rows());
  return b;
}

const double log_2pi = std::log(2.0 * std::numbers::pi);

/// Of the noise of observation i, this share is estimated.
double share_of(const Noise& noise, Index i) {
  return i < noise.share.size() ? noise.share[i] : 1.0;
}

/// The density of the scatter of replicates about their means, of which `y` holds the means alone.
double scatter_evidence(const Noise& noise) {
  if (!(noise.scatter_freedom > 0.0) || !(noise.variance > 0.0)) return 0.0;
  return -0.5 * (noise.scatter_freedom * (log_2pi + std::log(noise.variance)) +
                 noise.scatter / noise.variance) +
         0.5 * noise.share.array().log().sum();
}

double scatter_slope(const Noise& noise) {
  if (!(noise.scatter_freedom > 0.0) || !(noise.variance > 0.0)) return 0.0;
  return 0.5 * (noise.scatter / noise.variance - noise.scatter_freedom);
}

}  // namespace

Weights weights(MatrixView factor, const Matrix& basis, VectorView y, const Noise& noise) {
  const Index q = basis.cols();
  Matrix halves(y.size(), q + 1);
  halves.leftCols(q) = basis;
  halves.col(q) = y;
  dense::arithmetic().half_solve(halves.rows(), halves.cols(), factor.data(), factor.outerStride(),
                                 halves.data(), halves.rows());
  return weights_of_halves(factor, halves.leftCols(q), halves.col(q), noise);
}

Weights weights_of_halves(MatrixView factor, Matrix half_basis, Vector half_y, const Noise& noise) {
  const Index n = half_y.size();
  const Index q = half_basis.cols();
  Weights w;
  w.half_trend = half_basis;
  w.root = orthonormalise(w.half_trend);
  const Vector along = w.half_trend.transpose() * half_y;
  w.coefficients = along;
  if (q > 0) w.root.triangularView<Eigen::Upper>().solveInPlace(w.coefficients);
  Matrix right(n, q + 1);
  right.col(0) = half_y - w.half_trend * along;
  right.rightCols(q) = w.half_trend;
  const double square = right.col(0).squaredNorm();
  right = half_solved_transposed(factor, std::move(right));
  w.alpha = right.col(0);
  w.solved_trend = right.rightCols(q);
  double log_determinant = w.root.diagonal().array().log().sum();
  log_determinant += factor.diagonal().array().log().sum();
  w.log_evidence = -0.5 * square - log_determinant - 0.5 * static_cast<double>(n - q) * log_2pi +
                   scatter_evidence(noise);
  w.half_basis = std::move(half_basis);
  w.half_y = std::move(half_y);
  return w;
}

Matrix half_solved_below(MatrixView factor, MatrixView above, MatrixView b) {
  const Index n = above.rows();
  const Index k = b.rows();
  const Index c = b.cols();
  Matrix whole(n + k, c);
  whole.topRows(n) = above;
  whole.bottomRows(k) = b;
  for (Index i = n; i < n + k; ++i) {
    const Vector row = factor.row(i).head(i + 1).transpose();
    for (Index j = 0; j < c; ++j)
      whole(i, j) = (whole(i, j) - row.head(i).dot(whole.col(j).head(i))) / row[i];
  }
  return whole;
}

Matrix observation_covariance(const Kernel& kernel, const Noise& noise, PointsView x, double more) {
  Matrix c = kernel->lower_covariance(x, 1.0);
  for (Index i = 0; i < c.rows(); ++i) {
    const double known = i < noise.known.size() ? noise.known[i] : 0.0;
    c(i, i) += noise.variance * share_of(noise, i) + known + more;
  }
  return c;
}

Vector evidence_gradient(const Kernel& kernel, const Noise& noise, PointsView x, Matrix factor,
                         const Weights& weights) {
  const Index n = factor.rows();
  Matrix& w = factor;
  // d log p / dt = tr(W dC/dt) / 2, W = alpha alpha' - C^-1 + S S', S = L'^-1 Q.
  dense::arithmetic().inverse(n, w.data(), n);
  const Vector& alpha = weights.alpha;
  const Matrix& trend = weights.solved_trend;
  double by_noise = 0.0;
  for (Index j = 0; j < n; ++j) {
    const Index m = n - j;
    auto column = w.col(j).tail(m);
    column = alpha[j] * alpha.tail(m) - column;
    for (Index k = 0; k < trend.cols(); ++k) column += trend(j, k) * trend.col(k).tail(m);
    by_noise += w(j, j) * share_of(noise, j);
  }
  const Vector contracted = kernel->contracted(x, w);
  Vector gradient(contracted.size());
  gradient.head(contracted.size() - 1) = 0.5 * contracted.tail(contracted.size() - 1);
  gradient[contracted.size() - 1] = 0.5 * noise.variance * by_noise + scatter_slope(noise);
  return gradient;
}

std::optional<Factor> factorised(const std::function<Matrix(double)>& assemble, double scale) {
  for (const double part : {0.0, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6}) {
    Factor factor{assemble(part * scale), part * scale};
    const Index n = factor.lower.rows();
    if (!dense::arithmetic().cholesky(n, factor.lower.data(), n)) continue;
    for (Index j = 1; j < n; ++j) factor.lower.col(j).head(j).setZero();
    return factor;
  }
  return std::nullopt;
}

Factor factorised(const Kernel& kernel, const Noise& noise, PointsView x) {
  const double scale = noise.variance + kernel->variance(x).maxCoeff();
  std::optional<Factor> factor = factorised(
      [&](double jitter) { return observation_covariance(kernel, noise, x, jitter); }, scale);
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
