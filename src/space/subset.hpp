#pragma once

#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/space/domain.hpp"

namespace sonde::space {

/// How far a point is from being admissible: the largest excess over its tolerance, each in units
/// of its median over a sample of the box; 0 where admissible, infinite where not a number.
class ScaledExcess {
 public:
  ScaledExcess(const Domain& domain, PointsView sample);

  Vector of_rows(PointsView x) const;  ///< (n, d), natural units, inside the box -> (n)

 private:
  std::vector<Constraint> constraints_;
  Vector scales_;
};

struct Subset {
  double share = 0.0;           ///< probability of the admissible region; 0: none was found
  double relative_error = 0.0;  ///< standard error / share
  Index samples = 0;            ///< points drawn in all
  Points quantiles{};  ///< (k, d) of admissible points, spread as the input distribution is
};

/// Probability that a draw of the input distribution is admissible, however small: nested regions
/// of falling excess, each holding a tenth of the one before, explored by Markov chains.
///
/// Moves are along random coordinates, along differences of known points of the region (thin
/// slanted regions are followed by these), and to other levels of discrete parameters.
/// Where the excess has no slope to descend (a yes or no that is rarely yes), nothing is found.
/// \param quantiles (n, d) independent or stratified draws of the unit cube, n >= 100
/// \see Au & Beck (2001), Probabilistic Engineering Mechanics 16(4); ter Braak (2006), Statistics
/// and Computing 16(3), for the differences
Subset subset_simulation(const Domain& domain, Points quantiles, Rng rng);

}  // namespace sonde::space
