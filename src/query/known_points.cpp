#include "query/known_points.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sonde::query {

KnownPoints::KnownPoints(Domain domain, double same_point)
    : domain_(std::move(domain)),
      same_point_(same_point),
      rows_(8, domain_.dim()),
      direction_(domain_.dim()) {
  // No two points of a grid project on the same place: parts of the golden ratio's multiples.
  constexpr double golden = 0.6180339887498949;
  for (Index j = 0; j < direction_.size(); ++j)
    direction_[j] = 0.5 + std::fmod(golden * static_cast<double>(j + 1), 1.0);
  reach_ = (same_point_ * (1.0 + 1e-9) + 1e-15) * direction_.sum();
}

void KnownPoints::add(VectorView x) {
  if (size_ == rows_.rows()) rows_.conservativeResize(2 * rows_.rows(), Eigen::NoChange);
  rows_.row(size_) = domain_.to_unit(x);
  const std::pair<double, Index> place{rows_.row(size_).dot(direction_), size_};
  // What is no number is the same as nothing.
  if (!std::isnan(place.first))
    along_.insert(std::upper_bound(along_.begin(), along_.end(), place), place);
  ++size_;
}

void KnownPoints::add_rows(PointsView x) {
  for (Index i = 0; i < x.rows(); ++i) add(x.row(i));
}

bool KnownPoints::has(VectorView u) const {
  const double place = u.dot(direction_);
  for (auto at = std::lower_bound(along_.begin(), along_.end(),
                                  std::pair<double, Index>{place - reach_, 0});
       at != along_.end() && at->first <= place + reach_; ++at) {
    const double* row = rows_.data() + at->second * rows_.cols();
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
