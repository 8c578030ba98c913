#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"
#include "sonde/run/cost.hpp"
#include "sonde/run/segments.hpp"

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
/// Every output that has a tolerance is known as well as that, by leave-one-out: RMSE in the
/// output's unit. Not before 2 (d + 2) answers. \param tolerances (m) NaN: none
StopRule within_tolerances(Vector tolerances);
/// The same on runs held out, where the upper end of the 95 % interval of the RMSE must be within
/// it: the surrogate is then that good, not only estimated so. Not before five runs are held out.
/// \see held_out_error()
StopRule within_tolerances_held_out(Vector tolerances);
/// The same in units of the spread of each output that is learnt.
StopRule below_error_held_out(double relative_error);
/// Leave-one-out RMSE over the spread of the whole output, of each that is learnt, where each of
/// the segments holds: by its name at most so much. Not before 2 (d + 2) answers, five of them in
/// each. \throws ArgumentError where a name is no segment's
StopRule below_error_in(Segments segments, std::vector<std::pair<std::string, double>> targets);
StopRule after_cost(const Cost& cost, double budget);  ///< spent()
/// The fall of the estimated error that the next run is expected to bring, in what an error costs,
/// is worth less than the run. Not before 2 (d + 2) answers. \pre cost.of_error > 0
StopRule costs_more_than_it_brings(const Cost& cost);
/// Nothing is worth asking any more: the worths of the last three queries that a criterion has made
/// are below `fraction` of the largest it has ever found, so with each criterion among the last
/// six. Of expected improvement, whose worth is a logarithm, differences count.
StopRule below_worth(double fraction);
/// The first that speaks; all are asked.
StopRule any_of(std::vector<StopRule> rules);
StopRule all_of(std::vector<StopRule> rules);  ///< when all speak

}  // namespace sonde
