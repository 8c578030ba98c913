#include "gp/trend.hpp"

namespace sonde {

namespace {

constexpr Index none = -1;

/// What is left of a column beside those before it, relative to it, twice projected out.
double remainder(Eigen::Ref<Matrix> before, Eigen::Ref<Vector> column) {
  const double norm = column.norm();
  for (int pass = 0; pass < 2; ++pass) {
    for (Index i = 0; i < before.cols(); ++i) column -= before.col(i).dot(column) * before.col(i);
  }
  return norm > 0.0 ? column.norm() / norm : 0.0;
}

}  // namespace

double Basis::value(const Term& term, PointsView x, Index row) {
  return (term.first == none ? 1.0 : x(row, term.first)) *
         (term.second == none ? 1.0 : x(row, term.second));
}

Basis::Basis(Trend trend, PointsView x) {
  constexpr double dependent = 1e-8;
  if (trend == Trend::Zero) return;
  const Index n = x.rows();
  const Index d = x.cols();
  std::vector<Term> wanted{{none, none}};
  if (trend != Trend::Constant && n > 1 + d) {
    for (Index j = 0; j < d; ++j) wanted.push_back({j, none});
    if (trend == Trend::Quadratic && n > 1 + d + d * (d + 1) / 2) {
      for (Index j = 0; j < d; ++j) {
        for (Index i = 0; i <= j; ++i) wanted.push_back({i, j});
      }
    }
  }
  Matrix directions(n, static_cast<Index>(wanted.size()));
  for (const Term& term : wanted) {
    const Index q = size();
    auto column = directions.col(q);
    for (Index i = 0; i < n; ++i) column[i] = value(term, x, i);
    if (remainder(directions.leftCols(q), column) < dependent) continue;
    column.normalize();
    terms_.push_back(term);
  }
}

Matrix Basis::rows(PointsView x) const {
  Matrix rows(x.rows(), size());
  for (Index k = 0; k < size(); ++k) {
    for (Index i = 0; i < x.rows(); ++i)
      rows(i, k) = value(terms_[static_cast<std::size_t>(k)], x, i);
  }
  return rows;
}

Matrix Basis::slope(VectorView x) const {
  Matrix slope = Matrix::Zero(x.size(), size());
  for (Index k = 0; k < size(); ++k) {
    const Term& term = terms_[static_cast<std::size_t>(k)];
    if (term.first == none) continue;
    slope(term.first, k) += term.second == none ? 1.0 : x[term.second];
    if (term.second != none) slope(term.second, k) += x[term.first];
  }
  return slope;
}

Matrix orthonormalise(Matrix& a) {
  const Index q = a.cols();
  Matrix r = Matrix::Zero(q, q);
  for (Index k = 0; k < q; ++k) {
    for (int pass = 0; pass < 2; ++pass) {
      for (Index i = 0; i < k; ++i) {
        const double along = a.col(i).dot(a.col(k));
        r(i, k) += along;
        a.col(k) -= along * a.col(i);
      }
    }
    r(k, k) = a.col(k).norm();
    a.col(k) /= r(k, k);
  }
  return r;
}

}  // namespace sonde
