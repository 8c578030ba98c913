#pragma once

#include "sonde/base/types.hpp"
#include "sonde/space/domain.hpp"

namespace sonde::query {

/// Points of the unit cube that are not to be proposed again.
class KnownPoints {
 public:
  KnownPoints(Domain domain, double same_point);

  void add(VectorView x);        ///< (d), natural units
  void add_rows(PointsView x);   ///< (n, d), natural units
  bool has(VectorView u) const;  ///< (d), unit cube: closer than same_point in every coordinate
  PointsView unit_rows() const;  ///< (n, d)
  Index size() const noexcept { return size_; }
  const Domain& domain() const noexcept { return domain_; }

 private:
  Domain domain_;
  double same_point_;
  Points rows_;  // the first size_ are taken
  Index size_ = 0;
};

}  // namespace sonde::query
