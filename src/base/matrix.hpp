#pragma once

#include <limits>

#include "sonde/base/types.hpp"

namespace sonde {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Of the same shape, with the same values.
inline bool same(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && a == b;
}

/// One after the other.
inline Vector joined(const Vector& left, const Vector& right) {
  Vector both(left.size() + right.size());
  both << left, right;
  return both;
}

/// (n, d) above (m, d).
inline Points stacked(PointsView above, PointsView below) {
  Points both(above.rows() + below.rows(), below.cols());
  both << above, below;
  return both;
}

}  // namespace sonde
