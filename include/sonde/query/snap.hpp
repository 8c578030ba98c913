#pragma once

#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/query/pool.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// A row of a pool, and how far it is from where it was looked for.
struct Neighbour {
  Index row = 0;
  Vector x;               ///< (d)
  double distance = 0.0;  ///< Euclidean, in the unit cube
};

/// For each row of x (k, d) the `count` rows of the pool that are nearest, the nearest first, of
/// those that are admissible and not `taken` (t, d): fewer where there are no more. One visit,
/// O(k d) a row. A point that stands in several rows is the first of them.
std::vector<std::vector<Neighbour>> nearest_in(const Pool& pool, const Domain& domain, PointsView x,
                                               Index count, PointsView taken,
                                               double same_point = 1e-6);

/// Rows of the pool in place of the rows of x (k, d): of each, in order, the nearest one that none
/// before it has. Fewer than k where the pool has no more.
std::vector<Neighbour> snapped_to(const Pool& pool, const Domain& domain, PointsView x,
                                  PointsView taken, double same_point = 1e-6);

}  // namespace sonde
