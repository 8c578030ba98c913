#pragma once

#include "sonde/base/random.hpp"
#include "sonde/base/scalar_field.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// A function that the surrogate takes for possible: drawn from its posterior, through what was
/// observed. One process of the stack, by its weight, is drawn at `points` places of the domain
/// together, and is its own posterior mean between them: what varies over less than their distance
/// is smoothed. To rehearse a campaign on before it is paid for. Prepared once, O((n + points)^3);
/// a value costs O(n + points). \param output of the surrogate \throws ArgumentError: no such
/// output
ScalarField posterior_draw(const Surrogate& surrogate, Index output, Index points, Rng rng);

}  // namespace sonde
