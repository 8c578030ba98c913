#pragma once

#include "gp/member.hpp"

/// What the members of a stack foretell of observations that they have not seen.
namespace sonde::stack {

/// Of each point without it.
struct LeftOut {
  /// (m) ln p(y of a point | those of others), in the output's unit. Of replicates: of their
  /// mean z, where ln |dz/dy| is a mean too.
  Vector log_density;
  double error;  ///< root mean square of what the means miss, in the output's unit
};

/// Leave-one-out with the parameters as they are, which have seen all points. O(m^2).
LeftOut left_out(const Member& member, const Observed& observed);

/// The same with variances `factor` times as large; noise that replicates or the user know stays.
Member inflated(const Member& member, const Features& features, const Observed& observed,
                const ModelOptions& options, double factor);

/// A member whose variance is as large as what it missed says, and what it then foretells.
struct Calibrated {
  Member member;
  LeftOut left;
};

/// Five-fold: each fifth of the points is foretold by a member fitted anew to the others, with one
/// start. Where that begins at the parameters found with all points, bends remember what is to be
/// foretold, so those of a warped kind begin halfway to the prior's mean.
///
/// Where the squares of the misses, over the variances foretold, have a mean above 1, variances are
/// multiplied by it: few points of many inputs let parameters fit too well. It counts as if three
/// further squares were 1.
/// \throws NumericalError where a fold has no factor.
Calibrated cross_validated(const Member& member, const Features& features, const Observed& observed,
                           const ModelOptions& options, Rng rng);

}  // namespace sonde::stack
