#pragma once

#include <optional>

#include "gp/observations.hpp"
#include "gp/response_state.hpp"
#include "sonde/gp/surrogate.hpp"

/// One process of a stack.
namespace sonde::stack {

/// Parameters of the kernel: its variance, the lengths, the shares of an ANOVA form.
Index kernel_parameters(const MemberKind& kind, Index features);

/// (p + 1) of the kernel's log parameters and the log noise variance.
Vector prior_mean(const MemberKind& kind, Index features);

/// (p) standard deviations of the prior of the kernel's log parameters, on the side of these.
Vector prior_deviations(const MemberKind& kind, Index features, const Vector& log_parameters);

/// \param start where the search begins; none: the mean of the prior
/// \throws NumericalError where there is no factor.
Member fitted_member(const MemberKind& kind, const Features& features, const Observed& observed,
                     const ModelOptions& options, const std::optional<Vector>& start, Rng rng);

/// The parameters as they were given to the kernel: made from them again, it is the same to the
/// bit.
Member conditioned_member(const MemberKind& kind, const Features& features,
                          const Observed& observed, const Vector& parameters);

}  // namespace sonde::stack
