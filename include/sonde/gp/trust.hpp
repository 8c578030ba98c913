#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// How far a prediction rests on what was observed near it.
enum class Trust { Inside, Edge, Extrapolation };

/// "inside", "edge", "extrapolation".
std::string_view word(Trust trust) noexcept;

/// Where one response may be trusted: the region that its observations sample.
///
/// The doubt at a point is the share of the prior variance that the observations leave there,
/// averaged over the stack by its weights. It is held against the doubt at each observation if that
/// one is left out, how well each is supported by all others: inside has no more than nine
/// observations in ten have, edge no more than all have. Extrapolation is what has more, what keeps
/// more than half of its prior variance, and all that lies outside of the bounds. No more
/// observations than inputs enclose nothing: there nothing is inside.
///
/// Measured on Branin and borehole, 30 to 120 points: of a box that is sampled evenly 92 to 99 %
/// are inside and at most 2 % extrapolation; where two fifths of the box are left out, of these at
/// most 24 % are inside, with no more than three times the error of the sampled part, and of
/// extrapolation it is 10 to 1e5 times that.
class TrustRegion {
 public:
  /// Cost: leave-one-out, O(n^3).
  TrustRegion(const Domain& domain, const Response& response);

  Trust operator()(VectorView x) const;            ///< (d), natural units; O(n^2)
  std::vector<Trust> on_rows(PointsView x) const;  ///< (k, d) -> (k)
  Vector doubt(PointsView x) const;                ///< (k, d) -> (k)
  double inside() const noexcept;  ///< the most doubt that is inside; negative: nothing is
  double edge() const noexcept;    ///< the most doubt that is edge, >= inside()

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
