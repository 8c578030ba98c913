#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"

namespace sonde::space {

/// The next k points of the unit cube, (k, d), each coordinate in [0, 1).
using Source = std::function<Points(Index k)>;

Source independent(Index dim, Rng rng);
/// Halton (1960), each coordinate shifted by its own random amount (Cranley & Patterson 1976).
Source shifted_halton(Index dim, Rng rng);
/// Sobol points (directions of Joe & Kuo) with nested uniform scrambling: any 2^m points from the
/// start are still a net, and each alone is uniform. \see Owen (1995)
/// \throws ArgumentError above 3,667 dimensions.
Source scrambled_sobol(Index dim, Rng rng);

/// (n, dim): one point in each of the n strata of every coordinate, at a random place in it, or in
/// its middle. \see McKay, Beckman & Conover (1979)
enum class Within { Random, Middle };
Points latin_strata(Index n, Index dim, Within within, Rng rng);

/// A random order of 0 .. n - 1.
std::vector<Index> shuffled(Index n, Rng& rng);

}  // namespace sonde::space
