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
  Index runs;        ///< answered Ok
  Vector loo_nrmse;  ///< (m) by leave-one-out, relative to the spread of the data; NaN: unknown
};

/// The learning curve of a campaign, from its events: at up to `rows` of its proposals, the
/// surrogate with the parameters that were recorded then, given the data of then. No search: O(n^3)
/// a row and output.
std::vector<MetricsRow> learning_curve(const Domain& domain, const std::vector<Output>& outputs,
                                       const ModelOptions& options, std::span<const Event> events,
                                       Index rows = 40);

}  // namespace sonde
