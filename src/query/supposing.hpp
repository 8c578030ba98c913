#pragma once

#include "sonde/gp/surrogate.hpp"

namespace sonde::query {

/// The surrogate supposing the rows of x (k, d); where they cannot be supposed together, those that
/// can be one by one.
Surrogate supposing_what_it_can(Surrogate surrogate, PointsView x);

}  // namespace sonde::query
