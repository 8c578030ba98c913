#pragma once

#include <array>
#include <optional>
#include <vector>

#include "gp/noise.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde::stack {

/// (v - shift) / scale has mean 0 and variance 1. What does not vary, or by less than has a square
/// in double precision, is known to a billionth.
struct Standard {
  double shift;
  double scale;
  bool varies;
};
Standard standard_of(const Vector& values);

/// What has been observed of one output. Observations of one point, or of points so near that
/// rounding is all between them, are replicates.
struct Observed {
  std::vector<Index> rows;        ///< (n) of the data
  std::vector<Index> place;       ///< (n) which of the points each is an observation of
  std::vector<Index> point_rows;  ///< (m) of the data: the first observation of each point
  Points x;                       ///< (m, d)
  Vector y;                       ///< (n)
  Vector noise_sd;                ///< (n), or empty where it is not known
  Standard standard;              ///< of y
  bool of_classes = false;        ///< y are numbers of classes: one kind is enough
  /// By transform, of z: how the noise varies, where replicates say that it does.
  std::array<std::optional<VaryingNoise>, 3> varying{};

  const std::optional<VaryingNoise>& varying_noise(Transform transform) const {
    return varying[static_cast<std::size_t>(transform)];
  }
};
/// \throws ArgumentError where there are fewer than two values, or one is not finite.
Observed observed(const Domain& domain, const Output& output, const Dataset& data, Index column);

/// Observed::varying, for each transform of the stack that sees these values.
void find_varying_noise(const Domain& domain, const ModelOptions& options, Observed& observed);

/// (n) for each of these points in the unit cube which one it is, counted from 0 in the order in
/// which they first come; those within 1e-9 of each other in every input are one.
std::vector<Index> replicates(PointsView unit);

/// The observations of these points, rising.
Observed only(const Observed& observed, const std::vector<Index>& points);

/// Of z = (T(y) - shift) / scale at each observation.
struct Transformed {
  Vector z;      // (n)
  Vector noise;  // (n) variance where it is known, or empty
};
Transformed transformed(const MemberKind& kind, const Observed& observed);

/// The mean of each point's observations, weighted by what is known of their noise, and what is
/// left of that.
struct Averages {
  Vector z;        // (m)
  Vector weight;   // (m) sum of weights: number of observations, or sum of 1 / variance
  Vector scatter;  // (m) sum of squares about the mean
};
Averages averages(const Transformed& seen, const std::vector<Index>& place, Index points);

}  // namespace sonde::stack
