#pragma once

#include <functional>
#include <vector>

#include "sonde/query/acquisition.hpp"

namespace sonde::query {

/// (m) what makes outputs comparable: the variance of each between places, or between observations
/// where the surrogate sees no place as different.
std::vector<double> units_of(const Surrogate& surrogate);

/// How much points (r, d) of the domain count for a response: (r), any positive scale.
using ReferenceWeights = std::function<Vector(const Response&, PointsView)>;

/// (r) how much points (r, d) count for an output: less where runs fail, or it does not arrive, and
/// by the surrogate's importance().
Vector importance(const Surrogate& surrogate, Index output, PointsView reference);

/// Drop of the weighted mean variance over the domain, summed over outputs in units_of(), by
/// `counted` and importance().
Acquisition integrated(const Surrogate& surrogate, Index reference_points,
                       const ReferenceWeights& counted, Rng rng);

}  // namespace sonde::query
