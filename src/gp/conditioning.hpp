#pragma once

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

/// Factorises C in place. Where that breaks down, once more with a larger and larger part of
/// `scale` on the diagonal, up to 1e-6: what was added, or nothing where all of it was in vain.
std::optional<double> factorise(Matrix& c, double scale);

/// The message for a process that cannot be factorised: it names the closest pair of points.
std::string closest_pair(PointsView x);

}  // namespace sonde::conditioning
