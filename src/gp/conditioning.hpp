#pragma once

#include <functional>
#include <optional>

#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"

namespace sonde::conditioning {

/// What follows from a Cholesky factor L of C = K + noise I and the observations.
///
/// An unknown constant mean with a flat prior is estimated by generalised least squares:
/// constant = 1' C^-1 y / precision, precision = 1' C^-1 1. Without it the vectors of ones are zero
/// and the precision is one, so that the same formulas hold.
struct Weights {
  Vector alpha;        ///< (n) C^-1 (y - constant)
  Vector half_ones;    ///< (n) L^-1 1
  Vector solved_ones;  ///< (n) C^-1 1
  double precision;
  double constant;
  double log_evidence;
};

Weights weights(const Matrix& lower, VectorView y, Mean mean);

/// C (n, n), lower triangle.
Matrix observation_covariance(const Kernel& kernel, double noise_variance, PointsView x);

/// (p + 1) derivative of the log evidence in the log parameters and the log noise; O(2 n^3 / 3).
/// \param lower the factor, used up
Vector evidence_gradient(const Kernel& kernel, double noise_variance, PointsView x, Matrix lower,
                         const Weights& weights);

/// A Cholesky factor, and what had to be added to the diagonal to get it.
struct Factor {
  Matrix lower;  ///< (n, n); above the diagonal: anything
  double jitter;
};

/// Factorises what `assemble(jitter)` makes. Where that breaks down, once more with a larger part
/// of `scale` as jitter, up to 1e-6; nothing where all of it was in vain.
std::optional<Factor> factorised(const std::function<Matrix(double jitter)>& assemble,
                                 double scale);

/// The factor of K + noise I. \throws NumericalError that names the closest pair of points.
Factor factorised(const Kernel& kernel, double noise_variance, PointsView x);

/// \throws NumericalError: no factor; it names the closest pair of points.
[[noreturn]] void break_down(PointsView x);

}  // namespace sonde::conditioning
