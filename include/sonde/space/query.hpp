#pragma once

#include <limits>
#include <string>

#include "sonde/base/types.hpp"

namespace sonde {

/// What a search chose a point among.
struct Selection {
  Index candidates = 0;   ///< screened, or visited in a pool; 0: there was no search
  Index rank = 0;         ///< among them of the one that was climbed from; 1: the most worthy
  int evaluations = 0;    ///< of the criterion, in that climb
  std::string outcome{};  ///< of the optimiser: "converged", "out of evaluations", "stalled"; of a
                          ///< pool "chosen", "drawn", "nearest"
  Vector runner_up{};  ///< (d) most worthy elsewhere, by a tenth of some range; empty: nothing is
  double runner_up_worth = std::numeric_limits<double>::quiet_NaN();
  Index row = -1;  ///< of the pool, from 0; -1: it is no candidate of a pool
};

/// A point to be asked, and why.
struct Query {
  Index id = 0;       ///< dense, from 0
  Vector x;           ///< (d), natural units
  std::string why{};  ///< "design", the criterion's name, "imported", or why there was a fallback
  double worth = std::numeric_limits<double>::quiet_NaN();  ///< acquisition when it was chosen
  Vector mean{};       ///< (m) predicted when it was chosen; empty in a design
  Vector deviation{};  ///< (m) likewise, standard deviation
  int attempts = 0;    ///< those that failed by no fault of the point, so far
  Selection selection{};
};

}  // namespace sonde
