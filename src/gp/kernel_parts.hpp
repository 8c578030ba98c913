#pragma once

#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// The kernel of a member as numbers: variance * (correlation + line (u - 1/2)'(w - 1/2)) of
/// features u and w, which are bent before all else.
struct KernelParts {
  double variance;
  Vector lengths;     ///< (features)
  Vector shares{};    ///< (features) of ANOVA s = a / (1 + a): the product of 1 + s (k - 1)
  double line = 0.0;  ///< variance of the slopes of a straight line beside; 0: there is none
  Vector bends{};     ///< (features) of warped inputs
};

/// \param log_parameters of the kernel: the variance, a length a feature, of ANOVA a share a
/// feature, the variance of a straight line's slopes, of warped inputs a bend a feature
KernelParts kernel_parts(const MemberKind& kind, Index features, VectorView log_parameters);

}  // namespace sonde
