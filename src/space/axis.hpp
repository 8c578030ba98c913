#pragma once

#include "sonde/space/domain.hpp"

namespace sonde::space {

/// One parameter as a coordinate: natural units, place in [0, 1] along the scale, quantile.
///
/// Levels of a discrete parameter stand at (v - lower) / (upper - lower) in the unit cube, so the
/// outer ones own half as much of it as the inner ones. Draws therefore come from quantiles, of
/// which every level owns the same share.
class Axis {
 public:
  /// \throws ArgumentError where the parameter is none: bounds, labels, distribution.
  explicit Axis(const Parameter& parameter);

  double to_unit(double x) const;
  double relaxed(double u) const;        ///< inverse of to_unit, discrete levels not rounded
  double from_unit(double u) const;      ///< rounded, inside the bounds
  double unit_slope(double x) const;     ///< du/dx
  double from_quantile(double u) const;  ///< of the distribution, rounded, inside the bounds
  double outside(double x) const;  ///< distance to the bounds or to a whole number; 0: admissible

  bool discrete() const { return scale_ == Scale::Integer || scale_ == Scale::Choice; }
  double levels() const { return upper_ - lower_ + 1.0; }  ///< \pre discrete()

 private:
  double within(double x) const;
  double normal_quantile_at(double u) const;

  Scale scale_;
  double lower_;
  double upper_;
  double start_;  // bounds along the scale: logarithms of a Log parameter
  double end_;
  bool normal_ = false;
  double mean_ = 0.0;
  double sd_ = 1.0;
  double below_ = 0.0;  // probabilities of the uncut normal below, above and within the bounds
  double above_ = 0.0;
  double mass_ = 1.0;
};

}  // namespace sonde::space
