#pragma once

#include <memory>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// What is kept of fields, and how each component of them is modelled.
struct FieldOptions {
  double share = 0.999;       ///< of the fields' variance about their mean; in (0, 1]
  Index max_components = 20;  ///< at least one
  ModelOptions model{};       ///< noise_sd: of one value of a field, independent of all others
};

/// Marginals of whole fields, a field a row: of the latent field, its truncation error included.
struct FieldMarginals {
  Matrix mean;      ///< (k, m)
  Matrix variance;  ///< (k, m), >= 0
};

/// A surrogate of fields: vectors of m values in one unit, such as a profile over a wing, an image,
/// a time series; m may be thousands. A field is their mean, and orthonormal principal components
/// of the training fields times scores; the scores are responses of a Surrogate, each on its own.
/// What the components leave out is in the variance, value by value: its mean square over the
/// training fields, by their degrees of freedom n - 1 - c. Immutable, cheap to copy.
///
/// Values of several units share one sum of squares: divide each kind by a scale of its own first.
/// \see Higdon, Gattiker, Williams & Rightley (2008), J. Am. Stat. Assoc. 103(482), section 2.2
class FieldSurrogate {
 public:
  /// As many components as `share` takes, at most max_components and the rank of the fields; none
  /// where all fields are the same. Components: O(n m s) + O(s^3), s = min(n, m), and memory for
  /// the fields and an s x s matrix; then c times the cost of a Surrogate of one output.
  ///
  /// \param output name and unit of the values  \param x (n, d) natural units  \param fields (n, m)
  /// \throws ArgumentError where shapes disagree, there are fewer than two fields or a value is not
  /// finite or beyond largest_value; as Surrogate::fit.
  static FieldSurrogate fit(const Domain& domain, const Output& output, PointsView x,
                            MatrixView fields, const FieldOptions& options, Rng rng);

  /// O(c n^2 + c m) a point.
  FieldMarginals predict(PointsView x) const;
  /// Each field as foretold by the scores of all others: of an observation, noise included. Mean
  /// and components are those of all fields, this one too.
  FieldMarginals leave_one_out() const;  ///< (n, m); O(c n^3 + c n m)

  const Domain& domain() const noexcept;
  const Output& output() const noexcept;
  Index values() const noexcept;      ///< m
  Index components() const noexcept;  ///< c
  double share() const noexcept;      ///< of the variance which the components hold; 1 if none is
  const Matrix& fields() const noexcept;      ///< (n, m) that it was made from
  const Vector& centre() const noexcept;      ///< (m) their mean
  const Matrix& basis() const noexcept;       ///< (m, c) orthonormal; the largest entry of each > 0
  const Vector& truncation() const noexcept;  ///< (m) variance of what the components leave out
  /// The scores, in the unit of the values; "NAME component 1" of largest variance. Criteria apply:
  /// the variances of the scores sum to those of the field, less truncation.
  const Surrogate& scores() const noexcept;

 private:
  struct State;
  FieldSurrogate() = default;  // to be made by a fit
  std::shared_ptr<const State> state_;
};

/// Of leave-one-out predictions of all values of all fields; nrmse and q2 relative to their
/// deviations from the mean field. \throws as Response::leave_one_out
Scores leave_one_out_scores(const FieldSurrogate& surrogate);

}  // namespace sonde
