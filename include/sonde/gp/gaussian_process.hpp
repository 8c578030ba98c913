#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/kernel.hpp"

namespace sonde {

/// Posterior of the latent function, point by point: observation noise is not included.
struct Marginals {
  Vector mean;      ///< (n)
  Vector variance;  ///< (n), >= 0
};

/// Marginals of one point, with their slopes.
struct LocalMarginal {
  double mean = 0.0;
  double variance = 0.0;
  Vector mean_gradient{};      ///< (d)
  Vector variance_gradient{};  ///< (d)
};

/// What a process would say of an observation if it were not given it.
struct LeaveOneOut {
  Vector mean;      ///< (n)
  Vector variance;  ///< (n), of an observation: noise included
};

/// The prior mean: zero, or a polynomial of the inputs with unknown coefficients (a flat prior on
/// them), estimated by generalised least squares, their uncertainty part of every variance:
/// "simple", "ordinary" and "universal" kriging. The polynomial is whole: with all products of two
/// inputs. Of fewer observations than it has coefficients the next simpler one is taken, and of
/// terms that the observations do not tell apart (inputs on one plane) the first.
enum class Trend { Zero, Constant, Linear, Quadratic };

/// The errors of the observations: independent and normal, with variance
/// variance * share_i + known_i.
struct Noise {
  Noise(double its_variance = 0.0)  // NOLINT(google-explicit-constructor)
      : variance(its_variance) {}

  double variance;   ///< of one observation: what fit() estimates; >= 0, in y units squared
  Vector share{};    ///< (n) > 0; empty: 1. Of the mean of m replicates 1 / m
  Vector known{};    ///< (n) >= 0; empty: 0
  double further{};  ///< known part of the variance of one more observation

  /// Sum of squares of replicates about their means, of which y holds the means alone, and its
  /// degrees of freedom (observations less means). They are part of the evidence of `variance`.
  double scatter{};
  double scatter_freedom{};
};

/// The posterior mean of a process by itself, without what a variance takes. Immutable, cheap to
/// copy.
class PosteriorMean {
 public:
  Vector on_rows(PointsView x) const;                         ///< (n): O(n_train d) a point
  double operator()(VectorView x, VectorOut gradient) const;  ///< an empty gradient is not wanted

  const Kernel& kernel() const noexcept;
  const Vector& alpha() const noexcept;         ///< (n_train) (K + noise)^-1 (y - trend)
  const Vector& coefficients() const noexcept;  ///< (q) of the trend

 private:
  friend class GaussianProcess;
  struct State;
  PosteriorMean() = default;  // to be made by a process
  std::shared_ptr<const State> state_;
};

/// A Gaussian process given observations y = f(x) + noise. Immutable, cheap to copy, safe to share
/// between threads. There is no unfitted state: what exists can predict.
///
/// \see Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, alg. 2.1 and
/// section 2.7
class GaussianProcess {
 public:
  /// Factorises K + noise: O(n^2 d + n^3/3).
  ///
  /// \param x (n, d)  \param y (n)
  /// \throws ArgumentError where shapes disagree or a value is not finite.
  /// Where rounding leaves K + noise indefinite, as little as will do is added to its diagonal:
  /// jitter(), at most 1e-6 of the variance.
  /// \throws NumericalError where that is in vain; the message names the closest pair of points.
  GaussianProcess(Kernel kernel, Noise noise, Points x, Vector y, Trend trend = Trend::Constant);

  /// The process given these observations as well, each with the noise of a further one: O(n^2 m),
  /// no refactorisation. The trend's coefficients are estimated anew. It shares the factor's
  /// storage with the process it grew out of, the first of them; others copy it. \throws as the
  /// constructor.
  /// \param share (k) of the noise's variance, as in Noise; empty: 1
  GaussianProcess given(PointsView x, VectorView y, VectorView share = Vector()) const;
  /// As if the values now predicted had been observed at `x` (k, d): means stay, variances fall.
  GaussianProcess supposing(PointsView x, VectorView share = Vector()) const;

  /// O(n^2) a point, in blocks. The numbers do not depend on `threads`.
  Marginals predict(PointsView x, int threads = 1) const;
  Vector predict_mean(PointsView x, int threads = 1) const;  ///< O(n d) a point
  LocalMarginal predict_at(VectorView x) const;              ///< with gradients, O(n^2 + n d)
  Matrix covariance(PointsView a, PointsView b) const;       ///< posterior, (n_a, n_b)
  LeaveOneOut leave_one_out() const;  ///< closed form, O(n^3); Dubrule (1983)

  /// log p(y | x, theta); with a trend the restricted likelihood, which integrates it out (a flat
  /// prior of density 1 on the coefficients).
  double log_evidence() const;
  Vector log_evidence_gradient() const;  ///< (p + 1): kernel parameters, then noise, all in logs

  const Kernel& kernel() const noexcept;
  const Noise& noise() const noexcept;
  double noise_variance() const noexcept;  ///< of one further observation
  const Points& x() const noexcept;
  const Vector& y() const noexcept;
  double jitter() const noexcept;  ///< added to the diagonal, mostly 0
  Index size() const noexcept;

  Trend trend() const noexcept;
  /// (q) the inputs whose product each function of the trend is; -1 stands for a factor of one.
  std::vector<std::pair<Index, Index>> trend_terms() const;
  Matrix trend_basis(PointsView x) const;       ///< (n, q) functions of the trend: 1, x_j, x_i x_j
  const Vector& coefficients() const noexcept;  ///< (q) of trend_basis(): estimates

  PosteriorMean posterior_mean() const;
  const Vector& alpha() const noexcept;  ///< (n) (K + noise)^-1 (y - trend)
  MatrixView factor() const;             ///< (n, n) lower Cholesky factor of K + noise
  /// L^-1 K(x_train, b), and below it q rows t for the uncertainty of the trend, (n + q, n_b):
  /// the posterior covariance of a and b is k(a, b) - half(a)' half(b) + 2 t(a)' t(b), where the
  /// product is over all rows: the last q count with the other sign. Cost O(n^2 n_b).
  Matrix half_covariance(PointsView b) const;
  /// What the slope of those q rows at x is besides that of K(x_train, x): (d, q), and (n, q) for
  /// t(b) changes by this' dK(x_train, b).
  Matrix trend_slope(VectorView x) const;
  Matrix trend_slope_by_covariance() const;

 private:
  struct State;
  explicit GaussianProcess(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
