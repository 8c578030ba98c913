#pragma once

#include <limits>
#include <span>
#include <vector>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// Runs in all, those there are among them, when an error is first at its target.
struct RunsForecast {
  /// Stands for a number beyond all that was looked at.
  static constexpr Index beyond = std::numeric_limits<Index>::max();

  struct Range {
    Index lower = beyond;
    Index upper = beyond;
  };
  Index middle = beyond;  ///< as likely before as after
  Range range80{};        ///< with 10 % to each side of it
  Range range95{};        ///< with 2.5 %
  /// Of the paths it was made of, ascending.
  std::vector<Index> paths{};

  double chance_by(Index runs) const;  ///< that so many suffice
};

/// How an estimated error falls: its logarithm along the logarithm of the runs, a line of which the
/// slope wanders, seen through errors of the estimate that last for a while. The slope before any
/// data, how fast it wanders and how far estimates are off were learnt from campaigns on published
/// functions of 1 to 10 inputs (tests/bench/efficiency/forecast.cpp), with other functions held
/// out. \see Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter,
/// "local linear trend"
class ErrorTrend {
 public:
  /// \param curve in the order of runs, errors above 0, at least one \param inputs of the domain
  /// \throws ArgumentError
  ErrorTrend(std::span<const ErrorAt> curve, Index inputs);

  /// Expected after so many runs, as many as the last of the curve or more: the median.
  double error_at(Index runs) const;

  /// When estimates first say at most `target`, by 4,000 paths into the future, always the same.
  /// \param most runs that are looked at
  RunsForecast runs_to(double target, Index most) const;

 private:
  Index inputs_;
  double runs_;           // of the last of the curve
  double level_, slope_;  // of ln error along ln runs, expected
  double off_;            // of the estimate from it
  double root_[3][3];     // of their covariance, lower
};

}  // namespace sonde
