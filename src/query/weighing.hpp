#pragma once

#include "sonde/query/acquisition.hpp"

namespace sonde::query {

/// What a criterion finds worth asking, where runs succeed, for what they cost: as choices are made
/// by it.
Acquisition wanted(const Criterion& criterion, const Surrogate& surrogate, Rng rng);

/// The worth of what is asked for its own sake, where it counts: times the importance of x.
Acquisition where_it_counts(Acquisition worth, const Surrogate& surrogate);

}  // namespace sonde::query
