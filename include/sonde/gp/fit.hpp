#pragma once

#include <optional>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"
#include "sonde/math/optimize.hpp"

namespace sonde {

/// A weak normal prior on each log parameter, which keeps irrelevant inputs in reach.
struct LogPrior {
  Vector mean;  ///< (p), or (p + 1) with that of the log noise variance
  Vector sd;    ///< likewise, > 0; infinite: flat
  /// Likewise, in place of sd above the mean: two halves of normals. Empty: sd.
  Vector sd_above{};

  /// \returns the log prior at these, up to a constant  \param gradient becomes its own
  double operator()(VectorView at, Vector& gradient) const;
};

struct FitOptions {
  int starts =
      3;  ///< the given parameters, the prior's mean, then spread ones; equal ones count once
  double log_range = 5.0;  ///< search within +- this of the prior's mean (or the given parameters)
  double min_noise = 1e-10;  ///< lower bound of the noise variance, relative to the variance of y
  double max_noise = 1.0;    ///< upper bound, likewise
  std::optional<double> noise{};  ///< fixed noise variance in y units squared; none: estimated
  Trend trend = Trend::Constant;
  OptimizeOptions optimize{.max_evaluations = 100, .x_tolerance = 1e-3, .f_tolerance = 1e-5};
};

struct Fit {
  GaussianProcess process;
  Maximum evidence;  ///< .x: (p + 1) log parameters and log noise, .value: log evidence + log prior
};

/// Maximises log evidence + log prior over the parameters of `kernel` and the noise variance.
///
/// A parameter vector whose covariance cannot be factorised counts as evidence -infinity.
/// \param noise where the search for its variance begins
/// \param x (n, d)  \param y (n)  \throws NumericalError where no start can be factorised.
/// \see Rasmussen & Williams (2006), eq. 5.8, 5.9
Fit fit(const Kernel& kernel, const LogPrior& prior, Noise noise, PointsView x, VectorView y,
        const FitOptions& options, Rng rng);

}  // namespace sonde
