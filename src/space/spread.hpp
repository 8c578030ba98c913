#pragma once

#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"

namespace sonde::space {

/// Exchanges entries within columns of `place` (n, d), rows of the unit cube, until the phi_p
/// distance criterion is small; the columns keep their entries. Returns, for each column, the row
/// whose entry row i has now, (n, d). \see Morris & Mitchell (1995)
std::vector<std::vector<Index>> spread_by_swaps(Points place, Rng rng);

/// What a choice of candidates is judged by.
enum class Spread {
  Strata,              ///< each coordinate's strata evenly filled, like a latin hypercube
  StrataAndDistances,  ///< also far apart by phi_p
};
/// Chooses n of the candidates (k, d), points of the unit cube, by exchanges; all where k <= n.
/// Strata hold equal shares of the candidates, equal values stay together.
std::vector<Index> choose_spread(PointsView candidates, Index n, Spread spread, Rng rng);

}  // namespace sonde::space
