#pragma once

#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// How predictions compare with the truth.
struct Scores {
  Index n = 0;
  double rmse = 0.0;        ///< root mean square error, in the output's unit
  double nrmse = 0.0;       ///< rmse / standard deviation of the truth
  double q2 = 0.0;          ///< 1 - nrmse^2
  double coverage50 = 0.0;  ///< share of the truth inside mean +- 0.674 sd
  double coverage90 = 0.0;  ///< inside mean +- 1.645 sd
  double coverage95 = 0.0;  ///< inside mean +- 1.960 sd
  /// Predictive variance adequacy: ln of the mean squared error in units of the variance. 0: as
  /// said; above: errors are larger. \see Bachoc (2013), Comput. Stat. Data Anal. 66
  double adequacy = 0.0;
  double log_score = 0.0;  ///< mean log predictive density
};
/// \param variance of an observation (noise included where the truth is noisy)
Scores scores(VectorView truth, VectorView mean, VectorView variance);
/// Of leave-one-out predictions against what was observed. In closed form: O(n^3). nrmse and q2 are
/// relative to Response::spread(), where that is above zero: runs that were chosen scatter more, or
/// less, than the output does over its domain.
Scores leave_one_out_scores(const Response& response);
Scores leave_one_out_scores(const Response& response, const LeaveOneOut& left);

}  // namespace sonde
