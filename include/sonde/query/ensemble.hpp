#pragma once

#include <utility>
#include <vector>

#include "sonde/query/acquisition.hpp"

namespace sonde::criteria {

/// The criterion, told of these outputs alone. \see Surrogate::only()
Criterion on_outputs(Criterion criterion, std::vector<Index> outputs);

/// One after another: of n of them, the one whose number is how many queries there have been,
/// modulo n; open ones and those of the same batch count. `why` is the name of the one whose turn
/// it was. \throws ArgumentError where there is none.
Criterion in_turn(std::vector<Criterion> criteria);

/// The weighted mean of ranks: what share of `reference_points` of the domain is worth less.
/// Criteria of different units are thus compared; prefer it where a point must be good for several
/// things at once, and in_turn() where each should be served in full. Has a gradient where all have
/// one; beyond the best and the worst of the points a rank goes on along its own slope. \param
/// criteria with their weights, >= 0, not all 0
Criterion rank_sum(std::vector<std::pair<Criterion, double>> criteria,
                   Index reference_points = 256);

}  // namespace sonde::criteria
