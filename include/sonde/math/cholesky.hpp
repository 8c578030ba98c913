#pragma once

#include <memory>
#include <optional>

#include "sonde/base/types.hpp"

namespace sonde {

/// The lower factor L of a symmetric positive definite matrix A = L L'. An immutable value.
///
/// Runs on the widest vectors of the processor (x86-64 v2, v3, v4, chosen when the program starts).
class Cholesky {
 public:
  /// Factorises the lower triangle of `a` (n, n): O(n^3 / 3). Nothing where it is not positive
  /// definite in double precision.
  static std::optional<Cholesky> of(Matrix a);

  Index size() const noexcept;
  const Matrix& lower() const noexcept;  ///< (n, n); above the diagonal: zero

  Matrix solve(MatrixView b) const;       ///< A^-1 b, (n, c): O(n^2 c)
  Matrix half_solve(MatrixView b) const;  ///< L^-1 b, (n, c): O(n^2 c)
  double log_determinant() const;         ///< of A
  /// A^-1 (n, n), symmetric: O(2 n^3 / 3). For the gradient of an evidence and for leave-one-out.
  Matrix inverse() const;

  /// The factor of [A, b; b', c]: O(n^2 k). `b` (n, k), `c` (k, k). Nothing where that is not
  /// positive definite.
  std::optional<Cholesky> appended(MatrixView b, MatrixView c) const;

 private:
  explicit Cholesky(Matrix lower);
  std::shared_ptr<const Matrix> lower_;
};

/// Name of the instruction set in use: "x86-64-v4", "x86-64-v3" or "x86-64-v2".
const char* dense_arithmetic() noexcept;

}  // namespace sonde
