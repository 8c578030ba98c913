#pragma once

#include <optional>

#include "gp/observations.hpp"
#include "gp/response_state.hpp"
#include "sonde/gp/surrogate.hpp"

/// One process of a stack.
namespace sonde::stack {

/// Parameters of the kernel: its variance, the lengths, the shares of an ANOVA form.
Index kernel_parameters(const MemberKind& kind, Index features);

/// (p) standard deviations of the prior of the kernel's log parameters.
Vector prior_deviations(const MemberKind& kind, Index features);

/// \param start where the search begins; none: the mean of the prior
/// \throws NumericalError where there is no factor.
Member fitted_member(const MemberKind& kind, const Features& features, const Observed& observed,
                     const ModelOptions& options, const std::optional<Vector>& start, Rng rng);

/// The parameters as they were given to the kernel: made from them again, it is the same to the
/// bit.
Member conditioned_member(const MemberKind& kind, const Features& features,
                          const Observed& observed, const Vector& parameters);

/// What a member foretells of each point without it.
struct LeftOut {
  /// (m) ln p(y of a point | those of all others), in the output's unit. Of replicates: of their
  /// mean z, where ln |dz/dy| is a mean too.
  Vector log_density;
  double error;  ///< root mean square of what the means miss, in the output's unit
};
LeftOut left_out(const Member& member, const Observed& observed);

}  // namespace sonde::stack
