#pragma once

#include <optional>

#include "sonde/base/random.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/forecast.hpp"

namespace sonde {

/// What a design drawn at random would have needed.
struct RandomDesign {
  Index held_out = 0;   ///< runs that were drawn at random, which tell
  double error = 0.0;   ///< of the campaign's surrogate on them, over the spread
  Index spent = 0;      ///< runs that it learnt from
  RunsForecast runs{};  ///< of a random design, until its error is the same
};

/// From the runs held out, which are a random design themselves: surrogates of parts of them, each
/// judged on the others, say how its error falls; where that is the campaign's own error on all of
/// them is forecast by ErrorTrend. Of several outputs the one of which the campaign's error is
/// largest. Nothing where fewer than 2 (d + 2) runs are held out, or either error is unknown. Some
/// twelve fits to less than that.
std::optional<RandomDesign> random_design_instead(Campaign& campaign, const ModelOptions& model,
                                                  Rng rng);

}  // namespace sonde
