#pragma once

#include <memory>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"
#include "sonde/math/optimize.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

struct ClassifierOptions {
  /// All failures, the latest where there are more than half as many, and the successes nearest to
  /// them.
  Index most_points = 200;
  /// Labels are what they are: s = 0, and a place of both kinds is certain, r = 1. For classes.
  bool certain = false;
  OptimizeOptions optimize{.max_evaluations = 40, .x_tolerance = 1e-2, .f_tolerance = 1e-4};
};

/// Where runs succeed: a Gaussian process f with radial Matern 5/2, and a run at x succeeds with
/// probability (1 - s) Phi(f(x)). Successes prove their place; a failure may be a speckle, which
/// hits any run with probability s and says nothing of the place. The posterior is by expectation
/// propagation; lengths, variance, mean of f and s maximise its evidence and a prior. Against it
/// stands, at odds of 1 to 4 before the data, that all failures are speckles: what is predicted is
/// the average of both by their evidence, so that a few failures here and there scare off nobody.
/// An immutable value, cheap to copy.
/// \see Rasmussen & Williams (2006), section 3.6; Kuss & Rasmussen (2005), JMLR 6; MacKay (1992),
/// Neural Computation 4, for evidence by Laplace's approximation; Hoeting et al. (1999),
/// Statistical Science 14, for averages of models
class Classifier {
 public:
  /// O(n^3) some hundred times, n = min(rows, most_points).
  /// \param x (n, d) natural units  \param succeeded (n)
  /// \throws ArgumentError where shapes disagree or nothing failed.
  static Classifier fit(const Domain& domain, PointsView x, const std::vector<bool>& succeeded,
                        const ClassifierOptions& options = {});

  /// 1 - r + r Phi(f(x)), expected: that x is no place where runs fail, r = region(). (k, d)
  /// natural units -> (k); O(n^2) a row.
  Vector probability(PointsView x) const;
  /// The same at one point; `gradient` (d) in natural units, or empty.
  double probability_at(VectorView x, VectorOut gradient) const;

  Marginals latent(PointsView x) const;  ///< f itself, (k, d) natural units; O(n^2) a row
  /// f at the rows that it was fitted to (n, d), each without its own label; of those that it did
  /// without, as predicted. From the cavities, O(n).
  Marginals leave_one_out(PointsView x) const;
  /// f itself at one point, slopes in natural units: what probability() averages over.
  LocalMarginal latent_at(VectorView x) const;

  /// As if runs at the rows of x (k, d) had told as much as they are expected to, and nothing else
  /// than what is predicted: means of f stay, its variance falls. For batches; O(n^2) a row. Rows
  /// that it was fitted to are passed over.
  Classifier supposing(PointsView x) const;

  double speckle() const noexcept;  ///< s, that a run fails wherever it is
  double region() const noexcept;   ///< r, that there is a place at all where runs fail

 private:
  struct State;
  explicit Classifier(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
