#pragma once

#include <functional>
#include <optional>

#include "gp/trend.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"

namespace sonde::conditioning {

/// What follows from a Cholesky factor L of C = K + noise, the rows H of the trend's basis and the
/// observations y.
///
/// The coefficients of the trend have a flat prior and are estimated by generalised least squares.
/// With L^-1 H = Q R, Q orthonormal: coefficients = R^-1 Q' L^-1 y, and what their uncertainty adds
/// to a variance is |R'^-1 (h - H' C^-1 k)|^2. Without a trend Q has no columns.
struct Weights {
  Matrix half_basis;    ///< (n, q) L^-1 H
  Vector half_y;        ///< (n) L^-1 y
  Matrix half_trend;    ///< (n, q) Q
  Matrix solved_trend;  ///< (n, q) L'^-1 Q
  Matrix root;          ///< (q, q) R
  Vector coefficients;  ///< (q)
  Vector alpha;         ///< (n) C^-1 (y - H coefficients)
  double log_evidence;
};

/// O(n^2 q). \param basis (n, q) H
Weights weights(MatrixView factor, const Matrix& basis, VectorView y, const Noise& noise);
/// The same from what is half-solved already: L^-1 H and L^-1 y.
Weights weights_of_halves(MatrixView factor, Matrix half_basis, Vector half_y, const Noise& noise);

/// (n + k, c): rows b (k, c) that stand below, half-solved, where those above are already.
/// \param above (n, c) L^-1 of what stands above  \param factor (n + k)
Matrix half_solved_below(MatrixView factor, MatrixView above, MatrixView b);

/// C (n, n), lower triangle. \param more added to the diagonal
Matrix observation_covariance(const Kernel& kernel, const Noise& noise, PointsView x, double more);

/// (p + 1) derivative of the log evidence in the log parameters and the log noise; O(2 n^3 / 3).
/// \param factor used up
Vector evidence_gradient(const Kernel& kernel, const Noise& noise, PointsView x, Matrix factor,
                         const Weights& weights);

/// A Cholesky factor, and what had to be added to the diagonal to get it.
struct Factor {
  Matrix lower;  ///< (n, n); above the diagonal: zero
  double jitter;
};

/// Factorises what `assemble(jitter)` makes. Where that breaks down, once more with a larger part
/// of `scale` as jitter, up to 1e-6; nothing where all of it was in vain.
std::optional<Factor> factorised(const std::function<Matrix(double jitter)>& assemble,
                                 double scale);

/// The factor of K + noise. \throws NumericalError that names the closest pair of points.
Factor factorised(const Kernel& kernel, const Noise& noise, PointsView x);

/// \throws NumericalError: no factor; it names the closest pair of points.
[[noreturn]] void break_down(PointsView x);

}  // namespace sonde::conditioning
