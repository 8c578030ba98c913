#pragma once

#include <span>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// How good the surrogate was after so many runs.
struct MetricsRow {
  Index runs;            ///< answered Ok
  Vector loo_nrmse;      ///< (m) by leave-one-out, relative to Response::spread(); NaN: unknown
  Vector holdout_nrmse;  ///< (m) on runs held out, relative to their spread; NaN: there are none
};

/// RMSE / standard deviation of the truth, of the rows of y (n) that have a value; NaN where there
/// are fewer than two. \param x (n, d) natural units
double holdout_nrmse(const Response& response, PointsView x, VectorView y);
/// The same; of an output of classes the share of wrong ones.
double holdout_error(const Surrogate& surrogate, Index output, PointsView x, VectorView y);

/// Of one surrogate. \param holdout runs that it has not learnt from; NaN where one has no value
MetricsRow metrics(const Surrogate& surrogate, Index runs, const Dataset& holdout = {});

/// The learning curve of a campaign, from its events: at up to `rows` of its proposals, the
/// surrogate with the parameters that were recorded then, given the data of then. No search: O(n^3)
/// a row and output.
///
/// \param holdout runs that no surrogate has learnt from; none: their error is NaN
std::vector<MetricsRow> learning_curve(const Domain& domain, const std::vector<Output>& outputs,
                                       const ModelOptions& options, std::span<const Event> events,
                                       Index rows = 40, const Dataset& holdout = {});

}  // namespace sonde
