#pragma once

#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// Of the member, those that matter at the reference points: p + 1 times O(n^3), of more than 128
/// points about ten times.
/// \param deviations (p) of the prior of the kernel's log parameters
/// \param reference (r, p) features
Alternatives alternatives(const GaussianProcess& process, const Vector& deviations,
                          PointsView reference);

/// The same parameters, given what this process is given. \pre its kernel is of theirs
Alternatives reconditioned(const Alternatives& alternatives, const GaussianProcess& process);

/// (n) what they add to variances. \param mean (n) of the process itself
Vector scatter_of(const Alternatives& alternatives, PointsView x, const Vector& mean);

/// The same at one point, and its gradient. \param slope (p) of the process's own mean
double scatter_of(const Alternatives& alternatives, VectorView x, double mean, const Vector& slope,
                  Vector& gradient);

}  // namespace sonde
