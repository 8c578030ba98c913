#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sonde/math/expression.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde {

/// Conditions on the inputs by their names: [segments] of a study.
using Segments = std::vector<std::pair<std::string, Expression>>;

/// How well one output is known where one condition holds.
struct SegmentScore {
  struct Of {
    Index runs = 0;
    double rmse =
        std::numeric_limits<double>::quiet_NaN();  ///< in the output's unit, of classes
                                                   ///< the share of wrong ones; NaN: no runs
    double inside95 = std::numeric_limits<double>::quiet_NaN();  ///< share inside 95 % intervals
  };
  std::string segment{};
  Index output = 0;
  Of left_out{};  ///< runs that are learnt from, as all others foretell them
  Of held_out{};  ///< runs that nothing is learnt from
};

/// Of each segment, in their order, one an output. Empty without a surrogate.
/// O(n^2) an output \throws NumericalError where the surrogate cannot be had.
std::vector<SegmentScore> segment_scores(Campaign& campaign, const Segments& segments);

}  // namespace sonde
