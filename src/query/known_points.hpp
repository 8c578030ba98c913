#pragma once

#include <utility>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/space/domain.hpp"

namespace sonde::query {

/// Points of the unit cube that are not to be proposed again.
class KnownPoints {
 public:
  KnownPoints(Domain domain, double same_point);

  void add(VectorView x);       ///< (d), natural units
  void add_rows(PointsView x);  ///< (n, d), natural units
  /// (d), unit cube: closer than same_point in every coordinate. O(log n) where points are apart.
  bool has(VectorView u) const;
  PointsView unit_rows() const;  ///< (n, d)
  Index size() const noexcept { return size_; }
  const Domain& domain() const noexcept { return domain_; }

 private:
  Domain domain_;
  double same_point_;
  Points rows_;  // the first size_ are taken
  Index size_ = 0;
  // Of each point its projection on one direction, and its row, ascending.
  std::vector<std::pair<double, Index>> along_{};
  Vector direction_;
  double reach_;  // of points that are the same, along it
};

}  // namespace sonde::query
