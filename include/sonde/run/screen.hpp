#pragma once

#include <functional>
#include <vector>

#include "sonde/oracle/oracle.hpp"
#include "sonde/run/stop.hpp"

namespace sonde {

/// When a cheap simulator is believed.
struct Screen {
  /// (m) > 0, in the outputs' units: no output lies farther from what was foretold; of classes it
  /// is the one foretold.
  Vector tolerances{};
  /// Nor was any foretold with a standard deviation of more than so many tolerances, > 0, or a
  /// class with a probability below 0.9: what is hardly known agrees by chance.
  double agree = 3.0;
  std::vector<Index> learnt{};  ///< outputs that count; none: all
  /// Whether the cheap simulator should not be believed there; none: it always may.
  std::function<bool(VectorView x, VectorView y)> unsure{};
};

/// Cheap first, expensive where they disagree: what a criterion asks for goes to `cheap`, and where
/// that fails, is unsure, or contradicts what the surrogate foretold when it asked (Query::mean and
/// deviation), `expensive` answers. Otherwise the answer is of agreed_kind. What is asked for
/// another reason (the design, validation, gold runs) goes to `expensive` at once.
///
/// Saves runs where the surrogate is right already, and spends them where it errs. What both get
/// wrong alike stays wrong: hold some runs out to see it.
/// \pre both have the same outputs
Oracle screened(Oracle cheap, Oracle expensive, Screen screen);

/// The last so many queries of a criterion were all answered as was foretold: there is nothing that
/// the surrogate could be taught where it asks.
StopRule after_agreed(Index queries);

}  // namespace sonde
