#pragma once

#include <string>
#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/math/optimize.hpp"
#include "sonde/query/acquisition.hpp"
#include "sonde/query/batch.hpp"

namespace sonde {

struct SynthesisOptions {
  Index candidates = 512;  ///< screened before climbing
  Index starts = 6;        ///< best candidates to climb from
  /// Of each continuous range, kept off both bounds: in [0, 0.45]. \see usable_margin
  double margin = 0.0;
  /// Two points closer than this in every coordinate of the unit cube are the same point.
  double same_point = 1e-6;
  OptimizeOptions optimize{.max_evaluations = 60, .x_tolerance = 1e-4, .f_tolerance = 1e-6};
};

/// k queries, chosen one after the other, each supposing those before it and all of `asked`.
///
/// Candidates are screened by the row path, the best are climbed from under all constraints;
/// integers and choices are climbed relaxed or held, rounded, checked and compared again. Where the
/// criterion breaks down (throws a NumericalError, or is nowhere finite) the query is the candidate
/// farthest from all others in the unit cube, and `why` says so; a mistake of its author (any other
/// exception) passes to the caller. A domain whose admissible points are exhausted gives fewer than
/// k.
///
/// \param asked (q, d) queries without an answer: open or failed; may have no rows.
/// \param taken (t, d) further points never to be proposed again: the data.
Batch synthesize(const Surrogate& surrogate, const Criterion& criterion, Index k, PointsView asked,
                 PointsView taken, const SynthesisOptions& options, Rng rng);

/// The margin, or half of it, a quarter, ...: the largest at which anything of the domain is
/// admissible; 0 where that is below a hundredth. What synthesize() keeps off the bounds.
double usable_margin(const Domain& domain, double margin);

/// k admissible points, each as far as possible in the unit cube from the `taken` (t, d) and from
/// those before it. What a campaign falls back to without a surrogate.
Points space_filling(const Domain& domain, Index k, PointsView taken, Rng rng);

}  // namespace sonde
