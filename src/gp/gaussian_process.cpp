#include "sonde/gp/gaussian_process.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/conditioning.hpp"
#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

using conditioning::Weights;

namespace {

constexpr Index block = 512;  // points predicted together: bounds the memory

Matrix half_solved(const Matrix& lower, Matrix b) {
  dense::arithmetic().half_solve(b.rows(), b.cols(), lower.data(), lower.rows(), b.data(),
                                 b.rows());
  return b;
}

/// c - a' b.
void subtract_product(const Matrix& a, const Matrix& b, Matrix& c) {
  dense::arithmetic().add_product(c.rows(), c.cols(), a.rows(), -1.0, a.data(), a.rows(), b.data(),
                                  b.rows(), c.data(), c.rows());
}

/// a' v, of the first `rows` rows.
Vector transposed_times(const Matrix& a, const Vector& v, Index rows) {
  Vector product(a.cols());
  dense::arithmetic().transposed_times(rows, a.cols(), a.data(), a.rows(), v.data(),
                                       product.data());
  return product;
}

Vector squared_norms(const Matrix& a) {
  Vector norms(a.cols());
  dense::arithmetic().squared_norms(a.rows(), a.cols(), a.data(), a.rows(), norms.data());
  return norms;
}

Matrix cleared(Matrix lower) {
  for (Index j = 1; j < lower.cols(); ++j) lower.col(j).head(j).setZero();
  return lower;
}

void check(double noise_variance, PointsView x, VectorView y) {
  require(x.rows() == y.size() && x.rows() > 0, "GaussianProcess: expected as many values as ",
          "points, at least one; got ", y.size(), " and ", x.rows());
  require(std::isfinite(noise_variance) && noise_variance >= 0.0,
          "GaussianProcess: expected a noise variance of zero or more, got ", noise_variance);
  for (Index i = 0; i < x.rows(); ++i) {
    require(std::isfinite(y[i]) && x.row(i).allFinite(),
            "GaussianProcess: expected finite numbers, got y = ", y[i], " at [", x.row(i), "]");
  }
}

}  // namespace

struct GaussianProcess::State {
  Kernel kernel;
  double noise_variance;
  Points x;
  Vector y;
  Mean mean;
  Matrix lower;
  double jitter;
  Weights weights;
  Index told;  // rows that were observed; behind them stands what was supposed, with alpha zero

  Vector mean_of(const Matrix& k) const {
    return transposed_times(k, weights.alpha, told).array() + weights.constant;
  }

  /// (n_b) what the uncertainty of the constant mean adds to a standard deviation.
  Vector mean_row(const Matrix& half) const {
    if (mean == Mean::Zero) return Vector::Zero(half.cols());
    return ((1.0 - transposed_times(half, weights.half_ones, half.rows()).array()) /
            std::sqrt(weights.precision))
        .matrix();
  }

  /// The factor with these rows as well. Where they repeat what stands there, a trifle on their
  /// diagonal keeps it positive definite.
  Matrix grown(PointsView added) const {
    const Index n = x.rows();
    const Index k = added.rows();
    const Matrix across = half_solved(lower, kernel->covariance(x, added));
    const double scale = noise_variance + kernel->variance(added).maxCoeff();
    const std::optional<conditioning::Factor> corner = conditioning::factorised(
        [&](double more) {
          Matrix c = conditioning::observation_covariance(kernel, noise_variance + more, added);
          subtract_product(across, across, c);
          return c;
        },
        scale);
    if (!corner) {
      Points all(n + k, x.cols());
      all << x, added;
      conditioning::break_down(all);
    }
    Matrix whole(n + k, n + k);
    whole.topLeftCorner(n, n) = lower;
    whole.topRightCorner(n, k).setZero();
    whole.bottomLeftCorner(k, n) = across.transpose();
    whole.bottomRightCorner(k, k) = cleared(corner->lower);
    return whole;
  }

  State with_rows(PointsView added, VectorView values) const {
    const Index n = x.rows();
    State next{kernel,
               noise_variance,
               Points(n + added.rows(), x.cols()),
               Vector(n + added.rows()),
               mean,
               grown(added),
               jitter,
               {},
               told};
    next.x << x, added;
    next.y << y, values;
    return next;
  }
};

GaussianProcess::GaussianProcess(std::shared_ptr<const State> state) : state_(std::move(state)) {}

GaussianProcess::GaussianProcess(Kernel kernel, double noise_variance, Points x, Vector y,
                                 Mean mean) {
  check(noise_variance, x, y);
  conditioning::Factor factor = conditioning::factorised(kernel, noise_variance, x);
  Matrix lower = cleared(std::move(factor.lower));
  Weights weights = conditioning::weights(lower, y, mean);
  const Index told = y.size();
  state_ = std::make_shared<const State>(State{std::move(kernel), noise_variance, std::move(x),
                                               std::move(y), mean, std::move(lower), factor.jitter,
                                               std::move(weights), told});
}

GaussianProcess GaussianProcess::given(PointsView x, VectorView y) const {
  if (x.rows() == 0 && y.size() == 0) return *this;
  check(state_->noise_variance, x, y);
  State next = state_->with_rows(x, y);
  next.weights = conditioning::weights(next.lower, next.y, next.mean);
  next.told = next.y.size();
  return GaussianProcess(std::make_shared<const State>(std::move(next)));
}

GaussianProcess GaussianProcess::supposing(PointsView x) const {
  if (x.rows() == 0) return *this;
  const Vector values = predict_mean(x);
  check(state_->noise_variance, x, values);
  State next = state_->with_rows(x, values);
  next.weights = conditioning::weights(next.lower, next.y, next.mean);
  // What was predicted teaches nothing: the means stay to the last bit.
  next.weights.constant = state_->weights.constant;
  next.weights.alpha << state_->weights.alpha, Vector::Zero(x.rows());
  return GaussianProcess(std::make_shared<const State>(std::move(next)));
}

Marginals GaussianProcess::predict(PointsView x) const {
  const State& s = *state_;
  Marginals result{Vector(x.rows()), Vector(x.rows())};
  for (Index first = 0; first < x.rows(); first += block) {
    const Index n = std::min(block, x.rows() - first);
    const PointsView here = x.middleRows(first, n);
    const Matrix k = s.kernel->covariance(s.x, here);
    result.mean.segment(first, n) = s.mean_of(k);
    const Matrix half = half_solved(s.lower, k);
    result.variance.segment(first, n) =
        (s.kernel->variance(here) - squared_norms(half) + s.mean_row(half).cwiseAbs2())
            .cwiseMax(0.0);
  }
  return result;
}

Vector GaussianProcess::predict_mean(PointsView x) const {
  const State& s = *state_;
  Vector mean(x.rows());
  for (Index first = 0; first < x.rows(); first += block) {
    const Index n = std::min(block, x.rows() - first);
    const Matrix k = s.kernel->covariance(s.x, x.middleRows(first, n));
    mean.segment(first, n) = s.mean_of(k);
  }
  return mean;
}

LocalMarginal GaussianProcess::predict_at(VectorView x) const {
  const State& s = *state_;
  const Points here = x.transpose();
  const Matrix k = s.kernel->covariance(s.x, here);
  const Matrix half = half_solved(s.lower, k);
  const double from_mean = s.mean_row(half)[0];

  // variance = k(x, x) - k' C^-1 k + (1 - 1' C^-1 k)^2 / precision
  Matrix w(s.x.rows(), 2);
  w.col(0) = s.weights.alpha;
  w.col(1) = half.col(0);
  dense::arithmetic().half_solve_transposed(w.rows(), 1, s.lower.data(), w.rows(), w.col(1).data(),
                                            w.rows());
  w.col(1) *= -2.0;
  w.col(1) -= (2.0 * from_mean / std::sqrt(s.weights.precision)) * s.weights.solved_ones;
  const Matrix slopes = s.kernel->input_gradient(x, s.x, w);

  LocalMarginal result;
  result.mean = s.mean_of(k)[0];
  result.variance =
      std::max(0.0, s.kernel->variance(here)[0] - half.squaredNorm() + from_mean * from_mean);
  result.mean_gradient = slopes.col(0);
  // k is symmetric: d k(x, x) / dx is twice the slope in the first argument.
  result.variance_gradient =
      slopes.col(1) + 2.0 * s.kernel->input_gradient(x, here, Matrix::Ones(1, 1)).col(0);
  return result;
}

Matrix GaussianProcess::covariance(PointsView a, PointsView b) const {
  const State& s = *state_;
  Matrix c = s.kernel->covariance(a, b);
  const Matrix half_a = half_solved(s.lower, s.kernel->covariance(s.x, a));
  const Matrix half_b = half_solved(s.lower, s.kernel->covariance(s.x, b));
  subtract_product(half_a, half_b, c);
  if (s.mean == Mean::Constant) c.noalias() += s.mean_row(half_a) * s.mean_row(half_b).transpose();
  return c;
}

Matrix GaussianProcess::half_covariance(PointsView b) const {
  const State& s = *state_;
  const Matrix half = half_solved(s.lower, s.kernel->covariance(s.x, b));
  Matrix result(half.rows() + 1, half.cols());
  result.topRows(half.rows()) = half;
  result.bottomRows(1) = s.mean_row(half).transpose();
  return result;
}

Vector GaussianProcess::mean_row_slope() const {
  return -state_->weights.solved_ones / std::sqrt(state_->weights.precision);
}

LeaveOneOut GaussianProcess::leave_one_out() const {
  const State& s = *state_;
  require(s.mean == Mean::Zero || size() > 1,
          "GaussianProcess: leaving one out takes two observations, got ", size());
  Matrix inverse = s.lower;
  dense::arithmetic().inverse(size(), inverse.data(), size());
  const Vector& ones = s.weights.solved_ones;
  const Vector precision = inverse.diagonal() - ones.cwiseAbs2() / s.weights.precision;
  return {s.y - s.weights.alpha.cwiseQuotient(precision), precision.cwiseInverse()};
}

double GaussianProcess::log_evidence() const {
  return state_->weights.log_evidence;
}

Vector GaussianProcess::log_evidence_gradient() const {
  return conditioning::evidence_gradient(state_->kernel, state_->noise_variance, state_->x,
                                         state_->lower, state_->weights);
}

const Kernel& GaussianProcess::kernel() const noexcept {
  return state_->kernel;
}
double GaussianProcess::noise_variance() const noexcept {
  return state_->noise_variance;
}
const Points& GaussianProcess::x() const noexcept {
  return state_->x;
}
const Vector& GaussianProcess::y() const noexcept {
  return state_->y;
}
double GaussianProcess::constant_mean() const noexcept {
  return state_->weights.constant;
}
double GaussianProcess::jitter() const noexcept {
  return state_->jitter;
}
Index GaussianProcess::size() const noexcept {
  return state_->y.size();
}
const Vector& GaussianProcess::alpha() const noexcept {
  return state_->weights.alpha;
}
const Matrix& GaussianProcess::factor() const noexcept {
  return state_->lower;
}

}  // namespace sonde
