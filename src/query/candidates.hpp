#pragma once

#include "query/known_points.hpp"
#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"

namespace sonde::query {

/// About n admissible points (k, d) in natural units, none known, none twice: scrambled Sobol. None
/// where the domain is exhausted. \throws ArgumentError where nothing is admissible.
Points fresh_candidates(const KnownPoints& known, Index n, Rng rng);

/// Admissible points near the rows of `centres`, about n in all, none known.
Points candidates_near(const KnownPoints& known, PointsView centres, Index n, Rng rng);

/// Admissible points that differ from x (d, natural units) in one continuous coordinate, at a bound
/// or mirrored, or in two that changed places in the unit cube; none known. What climbing does not
/// come to where the worth rises towards many corners. Of more than 24 coordinates none changes
/// places. \see Meyer & Nachtsheim (1995), Technometrics 37(1), "coordinate exchange"
Points exchanged(const KnownPoints& known, VectorView x);

/// The candidate farthest from all known points in the unit cube. \pre candidates.rows() > 0
Index farthest(const KnownPoints& known, PointsView candidates);

}  // namespace sonde::query
