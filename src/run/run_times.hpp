#pragma once

#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/scalar_field.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// The logarithm of the seconds that a run at x is expected to take: a Gaussian process of their
/// logarithms, with slopes. Of runs that were ended by a limit that long is a lower bound: each
/// stands at what it is expected to have taken beyond, found in a few rounds of fits
/// (Schmee & Hahn 1979, Technometrics 21(4)). O(n^3), of the last 200 runs.
/// \param x (n, d) \param seconds (n) > 0 \param ended (n) by a limit \pre n >= 4
ScalarField log_seconds(const Domain& domain, PointsView x, VectorView seconds,
                        const std::vector<bool>& ended, Rng rng);

}  // namespace sonde
