#include "sonde/gp/gaussian_process.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/matrix.hpp"
#include "gp/conditioning.hpp"
#include "gp/growing_factor.hpp"
#include "gp/trend.hpp"
#include "math/dense.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

namespace sonde {

using conditioning::Weights;

namespace {

constexpr Index block = 512;  // points predicted together: bounds the memory

/// c - a' b.
void subtract_product(const Matrix& a, const Matrix& b, Matrix& c) {
  dense::arithmetic().add_product(c.rows(), c.cols(), a.rows(), -1.0, a.data(), a.rows(), b.data(),
                                  b.rows(), c.data(), c.rows());
}

/// a' v, of the first `rows` rows.
Vector transposed_times(const Matrix& a, VectorView v, Index rows) {
  Vector product(a.cols());
  dense::arithmetic().transposed_times(rows, a.cols(), a.data(), a.rows(), v.data(),
                                       product.data());
  return product;
}

Vector squared_norms(const Matrix& a) {
  if (a.rows() == 0) return Vector::Zero(a.cols());
  Vector norms(a.cols());
  dense::arithmetic().squared_norms(a.rows(), a.cols(), a.data(), a.rows(), norms.data());
  return norms;
}

void check(const Noise& noise, PointsView x, VectorView y) {
  const Index n = x.rows();
  require(n == y.size() && n > 0, "GaussianProcess: expected as many values as ",
          "points, at least one; got ", y.size(), " and ", n);
  require(std::isfinite(noise.variance) && noise.variance >= 0.0,
          "GaussianProcess: expected a noise variance of zero or more, got ", noise.variance);
  require((noise.share.size() == 0 || noise.share.size() == n) &&
              (noise.known.size() == 0 || noise.known.size() == n),
          "GaussianProcess: expected noise for ", n, " observations, got ", noise.share.size(),
          " shares and ", noise.known.size(), " known variances");
  for (Index i = 0; i < n; ++i) {
    require(std::isfinite(y[i]) && x.row(i).allFinite(),
            "GaussianProcess: expected finite numbers, got y = ", y[i], " at [", x.row(i), "]");
    const double share = noise.share.size() > 0 ? noise.share[i] : 1.0;
    const double known = noise.known.size() > 0 ? noise.known[i] : 0.0;
    require(
        std::isfinite(share) && share > 0.0 && std::isfinite(known) && known >= 0.0,
        "GaussianProcess: expected a share of the noise above zero and a known variance of zero "
        "or more, got ",
        share, " and ", known, " of observation ", i);
  }
}

/// Of k further observations.
Noise further(const Noise& noise, Index k, VectorView share) {
  Noise its = noise.variance;
  its.share = share;
  its.known.setConstant(k, noise.further);
  return its;
}

Vector filled(const Vector& values, Index n, double with) {
  return values.size() > 0 ? values : Vector(Vector::Constant(n, with));
}

/// That of all, where k further observations came.
Noise grown(const Noise& noise, Index n, Index k, VectorView share) {
  Noise all = noise;
  if (noise.share.size() > 0 || share.size() > 0)
    all.share = joined(filled(noise.share, n, 1.0), filled(share, k, 1.0));
  if (noise.known.size() > 0 || noise.further > 0.0) {
    all.known = joined(filled(noise.known, n, 0.0), Vector::Constant(k, noise.further));
  }
  return all;
}

}  // namespace

struct GaussianProcess::State {
  Kernel kernel;
  Noise noise;
  Points x;
  Vector y;
  Trend trend;
  Basis basis;
  GrowingFactor factor;
  double jitter;
  Weights weights;
  Index told;  // rows that were observed; behind them stands what was supposed, with alpha zero

  Vector mean_of(PointsView at, const Matrix& k) const {
    return transposed_times(k, weights.alpha, told) + basis.rows(at) * weights.coefficients;
  }

  Matrix half_solved(Matrix b) const {
    dense::arithmetic().half_solve(b.rows(), b.cols(), factor.data(), factor.stride(), b.data(),
                                   b.rows());
    return b;
  }

  /// (q, n_b) whose squares are what the uncertainty of the trend adds to the variances.
  Matrix trend_rows(PointsView at, const Matrix& half) const {
    if (basis.size() == 0) return Matrix(0, half.cols());
    Matrix rows =
        weights.root.transpose().triangularView<Eigen::Lower>().solve(basis.rows(at).transpose());
    for (Index k = 0; k < rows.rows(); ++k)
      rows.row(k) -= transposed_times(half, weights.half_trend.col(k), half.rows()).transpose();
    return rows;
  }

  /// The factor with these rows as well. Where they repeat what stands there, a trifle on their
  /// diagonal keeps it positive definite.
  GrowingFactor factor_with(PointsView added, VectorView share) const {
    const Matrix across = half_solved(kernel->covariance(x, added));
    const Noise its = further(noise, added.rows(), share);
    const double scale = noise.variance + kernel->variance(added).maxCoeff();
    const std::optional<conditioning::Factor> corner = conditioning::factorised(
        [&](double more) {
          Matrix c = conditioning::observation_covariance(kernel, its, added, more);
          subtract_product(across, across, c);
          return c;
        },
        scale);
    if (!corner) {
      Points all(x.rows() + added.rows(), x.cols());
      all << x, added;
      conditioning::break_down(all);
    }
    return factor.appended(across, corner->lower);
  }

  State with_rows(PointsView added, VectorView values, VectorView share) const {
    State next{kernel,
               grown(noise, x.rows(), added.rows(), share),
               Points(x.rows() + added.rows(), x.cols()),
               joined(y, values),
               trend,
               basis,
               factor_with(added, share),
               jitter,
               {},
               told};
    next.x << x, added;
    next.weights = conditioning::weights_of_halves(
        next.factor.view(),
        conditioning::half_solved_below(next.factor.view(), weights.half_basis, basis.rows(added)),
        conditioning::half_solved_below(next.factor.view(), weights.half_y, values), next.noise);
    return next;
  }
};

struct PosteriorMean::State {
  Kernel kernel;
  Points x;
  Basis basis;
  Vector alpha;
  Vector coefficients;
};

Vector PosteriorMean::on_rows(PointsView x) const {
  const State& s = *state_;
  Vector mean = s.basis.rows(x) * s.coefficients;
  for (Index first = 0; first < x.rows(); first += block) {
    const Index n = std::min(block, x.rows() - first);
    const Matrix k = s.kernel->covariance(s.x, x.middleRows(first, n));
    mean.segment(first, n) += transposed_times(k, s.alpha, s.alpha.size());
  }
  return mean;
}

double PosteriorMean::operator()(VectorView x, VectorOut gradient) const {
  const State& s = *state_;
  if (gradient.size() > 0) {
    gradient = s.kernel->input_gradient(x, s.x, s.alpha).col(0) + s.basis.slope(x) * s.coefficients;
  }
  return on_rows(x.transpose())[0];
}

const Kernel& PosteriorMean::kernel() const noexcept {
  return state_->kernel;
}
const Vector& PosteriorMean::alpha() const noexcept {
  return state_->alpha;
}
const Vector& PosteriorMean::coefficients() const noexcept {
  return state_->coefficients;
}

PosteriorMean GaussianProcess::posterior_mean() const {
  const State& s = *state_;
  PosteriorMean mean;
  mean.state_ = std::make_shared<const PosteriorMean::State>(
      PosteriorMean::State{s.kernel, s.x, s.basis, s.weights.alpha, s.weights.coefficients});
  return mean;
}

GaussianProcess::GaussianProcess(std::shared_ptr<const State> state) : state_(std::move(state)) {}

GaussianProcess::GaussianProcess(Kernel kernel, Noise noise, Points x, Vector y, Trend trend) {
  check(noise, x, y);
  Basis basis(trend, x);
  conditioning::Factor factor = conditioning::factorised(kernel, noise, x);
  Weights weights = conditioning::weights(factor.lower, basis.rows(x), y, noise);
  const Index told = y.size();
  state_ = std::make_shared<const State>(State{
      std::move(kernel), std::move(noise), std::move(x), std::move(y), trend, std::move(basis),
      GrowingFactor(std::move(factor.lower)), factor.jitter, std::move(weights), told});
}

GaussianProcess GaussianProcess::given(PointsView x, VectorView y, VectorView share) const {
  if (x.rows() == 0 && y.size() == 0) return *this;
  check(further(state_->noise, x.rows(), share), x, y);
  State next = state_->with_rows(x, y, share);
  next.told = next.y.size();
  return GaussianProcess(std::make_shared<const State>(std::move(next)));
}

GaussianProcess GaussianProcess::supposing(PointsView x, VectorView share) const {
  if (x.rows() == 0) return *this;
  const Vector values = predict_mean(x);
  check(further(state_->noise, x.rows(), share), x, values);
  State next = state_->with_rows(x, values, share);
  // What was predicted teaches nothing: the means stay to the last bit.
  next.weights.coefficients = state_->weights.coefficients;
  next.weights.alpha << state_->weights.alpha, Vector::Zero(x.rows());
  return GaussianProcess(std::make_shared<const State>(std::move(next)));
}

Marginals GaussianProcess::predict(PointsView x, int threads) const {
  const State& s = *state_;
  Marginals result{Vector(x.rows()), Vector(x.rows())};
  parallel_for((x.rows() + block - 1) / block, threads, [&](Index b) {
    const Index n = std::min(block, x.rows() - b * block);
    const PointsView here = x.middleRows(b * block, n);
    Matrix k = s.kernel->covariance(s.x, here);
    result.mean.segment(b * block, n) = s.mean_of(here, k);
    const Matrix half = s.half_solved(std::move(k));
    result.variance.segment(b * block, n) =
        (s.kernel->variance(here) - squared_norms(half) + squared_norms(s.trend_rows(here, half)))
            .cwiseMax(0.0);
  });
  return result;
}

Vector GaussianProcess::predict_mean(PointsView x, int threads) const {
  const State& s = *state_;
  Vector mean(x.rows());
  parallel_for((x.rows() + block - 1) / block, threads, [&](Index b) {
    const Index n = std::min(block, x.rows() - b * block);
    const PointsView here = x.middleRows(b * block, n);
    mean.segment(b * block, n) = s.mean_of(here, s.kernel->covariance(s.x, here));
  });
  return mean;
}

LocalMarginal GaussianProcess::predict_at(VectorView x) const {
  const State& s = *state_;
  const Points here = x.transpose();
  const Matrix k = s.kernel->covariance(s.x, here);
  const Matrix half = s.half_solved(k);
  const Vector from_trend = s.trend_rows(here, half).col(0);

  // variance = k(x, x) - k' C^-1 k + |t|^2, t = R'^-1 (h - H' C^-1 k)
  Matrix w(s.x.rows(), 2);
  w.col(0) = s.weights.alpha;
  w.col(1) = half.col(0);
  dense::arithmetic().half_solve_transposed(w.rows(), 1, s.factor.data(), s.factor.stride(),
                                            w.col(1).data(), w.rows());
  w.col(1) *= -2.0;
  w.col(1) -= 2.0 * s.weights.solved_trend * from_trend;
  const Matrix slopes = s.kernel->input_gradient(x, s.x, w);

  LocalMarginal result;
  result.mean = s.mean_of(here, k)[0];
  result.variance =
      std::max(0.0, s.kernel->variance(here)[0] - half.squaredNorm() + from_trend.squaredNorm());
  result.mean_gradient = slopes.col(0) + s.basis.slope(x) * s.weights.coefficients;
  // k is symmetric: d k(x, x) / dx is twice the slope in the first argument.
  result.variance_gradient = slopes.col(1) +
                             2.0 * s.kernel->input_gradient(x, here, Matrix::Ones(1, 1)).col(0) +
                             2.0 * trend_slope(x) * from_trend;
  return result;
}

Matrix GaussianProcess::covariance(PointsView a, PointsView b) const {
  const State& s = *state_;
  Matrix c = s.kernel->covariance(a, b);
  const Matrix half_a = s.half_solved(s.kernel->covariance(s.x, a));
  const Matrix half_b = s.half_solved(s.kernel->covariance(s.x, b));
  subtract_product(half_a, half_b, c);
  if (s.basis.size() > 0)
    c.noalias() += s.trend_rows(a, half_a).transpose() * s.trend_rows(b, half_b);
  return c;
}

Matrix GaussianProcess::half_covariance(PointsView b) const {
  const State& s = *state_;
  const Matrix half = s.half_solved(s.kernel->covariance(s.x, b));
  Matrix result(half.rows() + s.basis.size(), half.cols());
  result.topRows(half.rows()) = half;
  result.bottomRows(s.basis.size()) = s.trend_rows(b, half);
  return result;
}

Matrix GaussianProcess::trend_slope(VectorView x) const {
  const State& s = *state_;
  if (s.basis.size() == 0) return Matrix(x.size(), 0);
  const Matrix slope = s.basis.slope(x).transpose();
  return s.weights.root.transpose().triangularView<Eigen::Lower>().solve(slope).transpose();
}

Matrix GaussianProcess::trend_slope_by_covariance() const {
  return -state_->weights.solved_trend;
}

LeaveOneOut GaussianProcess::leave_one_out() const {
  const State& s = *state_;
  require(s.basis.size() < size(), "GaussianProcess: leaving one out takes ", s.basis.size() + 1,
          " observations, got ", size());
  Matrix inverse = s.factor.view();
  dense::arithmetic().inverse(size(), inverse.data(), size());
  const Vector precision = inverse.diagonal() - s.weights.solved_trend.rowwise().squaredNorm();
  return {s.y - s.weights.alpha.cwiseQuotient(precision), precision.cwiseInverse()};
}

double GaussianProcess::log_evidence() const {
  return state_->weights.log_evidence;
}

Vector GaussianProcess::log_evidence_gradient() const {
  return conditioning::evidence_gradient(state_->kernel, state_->noise, state_->x,
                                         state_->factor.view(), state_->weights);
}

const Kernel& GaussianProcess::kernel() const noexcept {
  return state_->kernel;
}
const Noise& GaussianProcess::noise() const noexcept {
  return state_->noise;
}
double GaussianProcess::noise_variance() const noexcept {
  return state_->noise.variance + state_->noise.further;
}
const Points& GaussianProcess::x() const noexcept {
  return state_->x;
}
const Vector& GaussianProcess::y() const noexcept {
  return state_->y;
}
Trend GaussianProcess::trend() const noexcept {
  return state_->trend;
}
std::vector<std::pair<Index, Index>> GaussianProcess::trend_terms() const {
  return state_->basis.terms();
}
Matrix GaussianProcess::trend_basis(PointsView x) const {
  return state_->basis.rows(x);
}
const Vector& GaussianProcess::coefficients() const noexcept {
  return state_->weights.coefficients;
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
MatrixView GaussianProcess::factor() const {
  return state_->factor.view();
}

}  // namespace sonde
