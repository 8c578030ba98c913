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

/// The error that is estimated of an output, relative to error_unit(): nrmse of
/// leave_one_out_scores(), or of classes the expected_misclassification(); NaN where one class
/// alone was seen.
double estimated_error(const Surrogate& surrogate, Index output);
/// What errors of an output are relative to: Response::spread(); of classes 1, as an error is then
/// a share of wrong ones.
double error_unit(const Surrogate& surrogate, Index output);

/// A number and the ends of its 95 % interval.
struct Interval {
  Index n = 0;  ///< runs that it comes from
  double value = 0.0;
  double lower = 0.0;
  double upper = 0.0;
};
/// Root mean square error on runs drawn at random, of those that have a value. The interval is that
/// of the logarithm of the mean squared error by the delta method, with Student's t of n - 1
/// degrees of freedom: positive, and wide where there are few; of fewer than two it is [0, inf).
/// \param x (n, d) natural units \param y (n) NaN: no value
Interval held_out_error(const Response& response, PointsView x, VectorView y);
/// The same of an output of classes: the share of wrong ones, by class_scores(); [0, 1] where one
/// class alone was seen.
Interval held_out_error(const Surrogate& surrogate, Index output, PointsView x, VectorView y);
/// What may be said of a root mean square error that nobody has seen, relative to the spread.
struct StatedError {
  double value = 0.0;  ///< as likely above as below
  double lower80 = 0.0, upper80 = 0.0;
  double lower95 = 0.0, upper95 = 0.0;
};
/// Of a response over its domain, from what leaving out missed and from its own variances there:
/// leave-one-out alone says twice as much and more where runs were chosen to be far apart. The
/// logarithm is a line in those of both, of n / (d + 2) and of d, with the quantiles of what it
/// missed by in campaigns by the criterion "auto" on published and random functions of 1 to 10
/// inputs; of others see tests/bench/efficiency/forecast.cpp. O(n^2) 256 times a member. \pre the
/// spread is above 0
StatedError stated_error(const Domain& domain, const Response& response);

/// Root mean square error of `b` over that of `a` on the same runs: above 1 where b is worse. The
/// interval is that of the logarithm, by the delta method on the pairs; of fewer than two runs it
/// is [0, inf).
Interval held_out_ratio(const Response& a, const Response& b, PointsView x, VectorView y);

}  // namespace sonde
