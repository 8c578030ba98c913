#pragma once

#include "sonde/run/campaign.hpp"

namespace sonde {

/// Above it predictions that were made before runs are called wrong: of normal errors the mean of a
/// dozen squares exceeds it once in 10^9.
constexpr double surprising = 6.0;

/// Asked for its criterion's sake, by a surrogate that foretold it.
bool was_chosen(const Query& query);

/// ((y - predicted) / predicted deviation)^2 of output j; NaN where either is unknown.
/// \param spread of the output: what is missed by less than a thousandth of it is no surprise
double squared_surprise(const Query& query, const Answer& answer, Index j, double spread);

}  // namespace sonde
