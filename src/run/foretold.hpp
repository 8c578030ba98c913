#pragma once

#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// What a surrogate says of points before they are run, a column an output.
struct Foretold {
  Matrix value;  ///< (k, m) mean; of classes the number of the most likely one
  /// (k, m) standard deviation; of classes how likely it is another: NaN where one class alone was
  /// seen.
  Matrix deviation;
};
Foretold foretold(const Surrogate& surrogate, PointsView x, int threads);

}  // namespace sonde
