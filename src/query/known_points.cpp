#include "query/known_points.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sonde::query {

KnownPoints::KnownPoints(Domain domain, double same_point)
    : domain_(std::move(domain)), same_point_(same_point), rows_(8, domain_.dim()) {}

void KnownPoints::add(VectorView x) {
  if (size_ == rows_.rows()) rows_.conservativeResize(2 * rows_.rows(), Eigen::NoChange);
  rows_.row(size_++) = domain_.to_unit(x);
}

void KnownPoints::add_rows(PointsView x) {
  for (Index i = 0; i < x.rows(); ++i) add(x.row(i));
}

bool KnownPoints::has(VectorView u) const {
  for (Index i = 0; i < size_; ++i) {
    const double* row = rows_.data() + i * rows_.cols();
    Index j = 0;
    while (j < u.size() && std::abs(row[j] - u[j]) < same_point_) ++j;
    if (j == u.size()) return true;
  }
  return false;
}

PointsView KnownPoints::unit_rows() const {
  return rows_.topRows(size_);
}

}  // namespace sonde::query
