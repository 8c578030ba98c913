#pragma once

#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"

namespace sonde {

/// The approximate posterior of g ~ N(0, K) given that run i succeeded, of probability
/// (1 - s) Phi(g_i + mean), or failed.
struct Propagated {
  Vector weights;    ///< (n) b: the posterior mean at x is k(x)' b
  Matrix spread;     ///< (n, n) R: the posterior variance at x is k(x, x) - k(x)' R k(x)
  Marginals cavity;  ///< (n) the posterior of g_i without label i
  double log_evidence = 0.0;
  double mean_slope = 0.0;     ///< d log_evidence / d mean
  double speckle_slope = 0.0;  ///< d log_evidence / d s
  // d log_evidence / d theta = sum_ij w_ij dK_ij / d theta with w = (b b' - R) / 2.
};

/// Sites are renewed all at once, damped, until they stand: some ten Cholesky factors of (n, n). A
/// failure's likelihood is not log-concave where s > 0: sites of negative precision are cut at 0.
/// \param k (n, n), symmetric  \param s in [0, 1)
/// \throws NumericalError where a factor breaks down.
/// \see Minka (2001), UAI 17; Rasmussen & Williams (2006), section 3.6
Propagated propagated(MatrixView k, const std::vector<bool>& succeeded, double mean, double s);

}  // namespace sonde
