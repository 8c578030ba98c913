#pragma once

#include <string>

#include "query/known_points.hpp"
#include "sonde/query/acquisition.hpp"

namespace sonde::query {

/// What makes given points worthy, and what it is called.
struct Measure {
  Acquisition worth;
  std::string why;
  bool fallback = false;  ///< it is no criterion, but a distance
};

/// The distance in the unit cube from what is known.
Measure distance_from(const KnownPoints& known, const std::string& reason);

/// The criterion, where runs succeed; where it breaks down the distance from what is known.
Measure measure_of(const Surrogate& surrogate, const Criterion& criterion, const KnownPoints& known,
                   Rng rng);

/// (k, d) -> (k) on so many cores, the same on any number.
Vector scored(const Acquisition& worth, PointsView x, int threads);

}  // namespace sonde::query
