#pragma once

#include <vector>

#include "query/known_points.hpp"
#include "sonde/base/scalar_field.hpp"
#include "sonde/math/optimize.hpp"
#include "space/axis.hpp"

namespace sonde::query {

/// A point in natural units and its worth.
struct Worthy {
  Vector x;
  double worth;
  Index rank = 0;  ///< of the candidate it was climbed from
  int evaluations = 0;
  Termination termination = Termination::Converged;
};

/// Climbs an acquisition inside a domain, from one admissible point to a better one.
///
/// Works in the unit cube. Integers are climbed as if they were continuous, then rounded both ways,
/// checked and compared; choices are held, then changed one at a time; what is continuous is
/// climbed again after each change.
class Ascent {
 public:
  /// The acquisition and the known points must outlive the ascent.
  Ascent(const ScalarField& worth, const KnownPoints& known, const OptimizeOptions& options);

  /// \param x (d) admissible  \returns an admissible point, not known unless x is; at least as
  /// worthy as x.
  Worthy from(const Vector& x) const;

 private:
  Vector relaxed(VectorView u) const;  ///< (d) unit -> natural, integers not rounded
  ScalarField unit_worth() const;
  ScalarField unit_excess(const Constraint& constraint) const;
  Worthy climbed(const Worthy& from, bool hold_integers) const;
  Worthy inside(const Vector& u, const Vector& start) const;
  Worthy rounded(const Vector& u, const Worthy& from) const;
  Worthy best_of(PointsView x, const Worthy& from) const;
  Points neighbours(const Vector& x) const;

  const ScalarField& worth_;
  const KnownPoints& known_;
  const Domain domain_;
  OptimizeOptions options_;
  std::vector<space::Axis> axes_;
  std::vector<Index> integers_;
  std::vector<Index> choices_;
  std::vector<ScalarField> constraints_;
};

}  // namespace sonde::query
