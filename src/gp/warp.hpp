#pragma once

#include "sonde/base/types.hpp"

namespace sonde {

/// A warped input w(u) = ln(1 + (e^c - 1) u) / c and its slopes in the input and in the bend c.
struct Bent {
  double value;
  double by_input;
  double by_bend;
};

/// Outside 0 <= u <= 1 on along the tangent.
Bent bent(double u, double c);

/// \param points (n, d)  \param bends (d)
Points bent(PointsView points, VectorView bends);

}  // namespace sonde
