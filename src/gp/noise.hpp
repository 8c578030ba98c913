#pragma once

#include <memory>
#include <optional>

#include "sonde/base/types.hpp"

namespace sonde {

class Features;

/// How observations of m points scatter about the mean of each, in units of the variance of all.
struct Scatter {
  Vector squares;  ///< (m) sums of squares
  Vector freedom;  ///< (m) observations of a point less one
};

/// Noise that varies over the domain: its variance at x is share(x) times a typical one, and the
/// geometric mean of the shares of all observations is one. Immutable, cheap to copy.
///
/// ln share is a Gaussian process with a smooth Matern kernel, a constant mean and a variance of
/// its own at each point, which is what heavy tails look like. Sums of squares over the variance
/// are chi-squared; posterior mode and evidence by Laplace's method with Fisher's information.
///
/// \see Ankenman, Nelson & Staum (2010), Operations Research 58(2); Binois, Gramacy & Ludkovski
/// (2018), J. Comput. Graph. Stat. 27(4); Rasmussen & Williams (2006), section 3.4
class VaryingNoise {
 public:
  /// Nothing where replicates do not say clearly that the noise varies: where the evidence is not
  /// 12 times that of the same noise everywhere, or there are too few of them to tell.
  ///
  /// O(r^3) a step of the search, r <= 200 of the replicated points; they alone count.
  /// \param x (m, d)  \param least variance below which noise is none
  static std::optional<VaryingNoise> found(const Features& features, PointsView x,
                                           const Scatter& scatter, double least);

  Vector on_rows(PointsView x) const;                         ///< (n, d) -> (n) shares
  double operator()(VectorView x, VectorOut gradient) const;  ///< an empty gradient is not wanted

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
