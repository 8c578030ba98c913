#pragma once

#include <limits>
#include <span>

#include "sonde/base/scalar_field.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

struct OptimizeOptions {
  int max_evaluations = 500;  ///< a start
  double max_seconds =
      std::numeric_limits<double>::infinity();  ///< a start; finite: not repeatable
  double x_tolerance = 1e-6;                    ///< relative to the width of the box
  double f_tolerance = 1e-9;                    ///< relative to the value
  int threads = 1;                              ///< starts run side by side
};

enum class Termination { Converged, OutOfEvaluations, OutOfTime, Stalled };

struct Maximum {
  Vector x;
  double value = -std::numeric_limits<double>::infinity();
  Termination termination = Termination::Stalled;
  int evaluations = 0;  ///< over all starts
};

/// The best local maximum of `f` in [lower, upper] with every `at_most_zero[k](x) <= 0`.
///
/// Climbs from each row of `starts` (s, d), clipped to the box: with gradients by L-BFGS, or under
/// constraints by SLSQP (augmented Lagrangian over L-BFGS above 30 dimensions); where any gradient
/// is missing by COBYLA. The best admissible point ever evaluated counts, not the last. Equal
/// maxima are resolved in favour of the earlier start, so the result does not depend on `threads`.
/// A start that ends outside the constraints counts for nothing; where all do, the result is the
/// best admissible start. A coordinate with lower == upper is held. NaN of `f` is the worst value
/// there.
///
/// \throws ArgumentError where shapes disagree or no start is admissible. What `f` throws passes
///   through NLopt unharmed.
/// \see Kraft (1994), ACM TOMS 20(3); Powell (1994), doi:10.1007/978-94-015-8330-5_4; Nocedal
/// (1980)
Maximum maximize(const ScalarField& f, VectorView lower, VectorView upper,
                 std::span<const ScalarField> at_most_zero, PointsView starts,
                 const OptimizeOptions& options = {});

}  // namespace sonde
