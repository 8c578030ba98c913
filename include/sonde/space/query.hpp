#pragma once

#include <limits>
#include <string>

#include "sonde/base/types.hpp"

namespace sonde {

/// A point to be asked, and why.
struct Query {
  Index id = 0;       ///< dense, from 0
  Vector x;           ///< (d), natural units
  std::string why{};  ///< "design", the criterion's name, "imported", or why there was a fallback
  double worth = std::numeric_limits<double>::quiet_NaN();  ///< acquisition when it was chosen
  Vector mean{};       ///< (m) predicted when it was chosen; empty in a design
  Vector deviation{};  ///< (m) likewise, standard deviation
  int attempts = 0;    ///< those that failed by no fault of the point, so far
};

}  // namespace sonde
