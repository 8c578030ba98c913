#pragma once

#include <utility>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/gaussian_process.hpp"

namespace sonde {

/// The functions of a trend: 1, x_j, x_i x_j, as far as observations tell them apart.
class Basis {
 public:
  Basis(Trend trend, PointsView x);

  Index size() const noexcept { return static_cast<Index>(terms_.size()); }  ///< q
  const std::vector<std::pair<Index, Index>>& terms() const noexcept { return terms_; }
  Matrix rows(PointsView x) const;   ///< (n, q)
  Matrix slope(VectorView x) const;  ///< (d, q)

 private:
  using Term = std::pair<Index, Index>;  // columns whose product it is; -1: a factor of one
  static double value(const Term& term, PointsView x, Index row);

  std::vector<Term> terms_;
};

/// Makes the columns of `a` (n, q), n >= q, orthonormal: a = Q R. \returns R (q, q), upper.
Matrix orthonormalise(Matrix& a);

}  // namespace sonde
