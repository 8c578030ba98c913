#pragma once

#include <memory>

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

/// The prior mean: zero, or an unknown constant that is estimated by generalised least squares, its
/// uncertainty part of every variance (flat prior on the constant).
enum class Mean { Zero, Constant };

/// A Gaussian process given observations y = f(x) + noise. Immutable, cheap to copy, safe to share
/// between threads. There is no unfitted state: what exists can predict.
///
/// \see Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, alg. 2.1 and
/// section 2.7
class GaussianProcess {
 public:
  /// Factorises K + noise I: O(n^2 d + n^3/3).
  ///
  /// \param x (n, d)  \param y (n)  \param noise_variance >= 0, in y units squared
  /// \throws ArgumentError where shapes disagree or a value is not finite.
  /// Where rounding leaves K + noise I indefinite, as little as will do is added to its diagonal:
  /// jitter(), at most 1e-6 of the variance.
  /// \throws NumericalError where that is in vain; the message names the closest pair of points.
  GaussianProcess(Kernel kernel, double noise_variance, Points x, Vector y,
                  Mean mean = Mean::Constant);

  /// The process given these observations as well: O(n^2 m), no refactorisation. The constant mean
  /// is estimated anew. \throws as the constructor.
  GaussianProcess given(PointsView x, VectorView y) const;
  /// As if the values now predicted had been observed at `x` (k, d): means stay, variances fall.
  GaussianProcess supposing(PointsView x) const;

  Marginals predict(PointsView x) const;                ///< O(n^2) a point, in blocks
  Vector predict_mean(PointsView x) const;              ///< O(n d) a point
  LocalMarginal predict_at(VectorView x) const;         ///< with gradients, O(n^2 + n d)
  Matrix covariance(PointsView a, PointsView b) const;  ///< posterior, (n_a, n_b)
  LeaveOneOut leave_one_out() const;                    ///< closed form, O(n^3); Dubrule (1983)

  /// log p(y | x, theta); with a constant mean the restricted likelihood, which integrates it out.
  double log_evidence() const;
  Vector log_evidence_gradient() const;  ///< (p + 1): kernel parameters, then noise, all in logs

  const Kernel& kernel() const noexcept;
  double noise_variance() const noexcept;
  const Points& x() const noexcept;
  const Vector& y() const noexcept;
  double jitter() const noexcept;         ///< added to the diagonal, mostly 0
  double constant_mean() const noexcept;  ///< the estimate; 0 where the prior mean is zero
  Index size() const noexcept;

  const Vector& alpha() const noexcept;   ///< (n) (K + noise I)^-1 (y - mean)
  const Matrix& factor() const noexcept;  ///< (n, n) lower Cholesky factor of K + noise I
  /// L^-1 K(x_train, b), and below it a row m for the constant mean's uncertainty, (n + 1, n_b):
  /// the posterior covariance of a and b is k(a, b) - half(a)' half(b) + 2 m(a)' m(b), where the
  /// product is over all rows: the last one counts with the other sign. Cost O(n^2 n_b).
  Matrix half_covariance(PointsView b) const;
  /// (n) the last row of half_covariance(b) changes by this' dK(x_train, b).
  Vector mean_row_slope() const;

 private:
  struct State;
  explicit GaussianProcess(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
