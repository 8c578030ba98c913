#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// Why to stop, or nothing. Asked before each proposal.
using StopRule = std::function<std::optional<std::string>(Campaign&)>;

StopRule after_queries(Index queries);  ///< Campaign::spent()
StopRule after_seconds(double seconds,
                       double before = 0.0);  ///< of wall time, from the first time it is asked
/// Campaign::estimated_error(), not before 2 (d + 2) answers: fewer tell little of it.
StopRule below_error(double relative_error);
/// No fall of the estimated error by more than `fraction` within the last `queries` answered ones.
StopRule plateau(Index queries, double fraction = 0.02);
StopRule any_of(std::vector<StopRule> rules);  ///< the first that speaks

}  // namespace sonde
