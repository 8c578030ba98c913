#include "sonde/math/cholesky.hpp"

#include <utility>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

void require_rows(MatrixView b, Index n) {
  require(b.rows() == n, "Cholesky: the factor has ", n, " rows, the right side has ", b.rows());
}

/// In place: the factor, its upper triangle cleared. False where it does not exist.
bool factorise(Matrix& a) {
  if (!dense::arithmetic().cholesky(a.rows(), a.data(), a.rows())) return false;
  for (Index j = 1; j < a.cols(); ++j) a.col(j).head(j).setZero();
  return true;
}

}  // namespace

Cholesky::Cholesky(Matrix lower) : lower_(std::make_shared<const Matrix>(std::move(lower))) {}

std::optional<Cholesky> Cholesky::of(Matrix a) {
  require(a.rows() == a.cols(), "Cholesky: expected a square matrix, got ", a.rows(), " x ",
          a.cols());
  if (!factorise(a)) return std::nullopt;
  return Cholesky(std::move(a));
}

Index Cholesky::size() const noexcept {
  return lower_->rows();
}
const Matrix& Cholesky::lower() const noexcept {
  return *lower_;
}

Matrix Cholesky::half_solve(MatrixView b) const {
  require_rows(b, size());
  Matrix solution = b;
  dense::arithmetic().half_solve(size(), b.cols(), lower_->data(), size(), solution.data(), size());
  return solution;
}

Matrix Cholesky::solve(MatrixView b) const {
  Matrix solution = half_solve(b);
  dense::arithmetic().half_solve_transposed(size(), b.cols(), lower_->data(), size(),
                                            solution.data(), size());
  return solution;
}

double Cholesky::log_determinant() const {
  return 2.0 * lower_->diagonal().array().log().sum();
}

Matrix Cholesky::inverse() const {
  Matrix inverse = *lower_;
  dense::arithmetic().inverse(size(), inverse.data(), size());
  inverse.triangularView<Eigen::StrictlyUpper>() = inverse.transpose();
  return inverse;
}

std::optional<Cholesky> Cholesky::appended(MatrixView b, MatrixView c) const {
  const Index n = size();
  const Index k = c.rows();
  require(b.rows() == n && b.cols() == k && c.cols() == k, "Cholesky: to append ", k,
          " rows to a factor of ", n, " takes blocks ", n, " x ", k, " and ", k, " x ", k, "; got ",
          b.rows(), " x ", b.cols(), " and ", c.rows(), " x ", c.cols());
  const Matrix across = half_solve(b);
  Matrix corner = c;
  dense::arithmetic().add_product(k, k, n, -1.0, across.data(), n, across.data(), n, corner.data(),
                                  k);
  if (!factorise(corner)) return std::nullopt;
  Matrix grown(n + k, n + k);
  grown.topLeftCorner(n, n) = *lower_;
  grown.topRightCorner(n, k).setZero();
  grown.bottomLeftCorner(k, n) = across.transpose();
  grown.bottomRightCorner(k, k) = corner;
  return Cholesky(std::move(grown));
}

}  // namespace sonde
