// Factors, solves and products, by Eigen. Included inside the unnamed namespace of dense_level.cpp.

using Square = Eigen::MatrixXd;
using Map = Eigen::Map<Square, 0, Eigen::OuterStride<>>;
using View = Eigen::Map<const Square, 0, Eigen::OuterStride<>>;
using Column = Eigen::Map<Eigen::VectorXd>;
using ColumnView = Eigen::Map<const Eigen::VectorXd>;

inline Map map(Size n, Size c, double* a, Size lda) {
  return Map(a, n, c, Eigen::OuterStride<>(lda));
}
inline View view(Size n, Size c, const double* a, Size lda) {
  return View(a, n, c, Eigen::OuterStride<>(lda));
}

bool cholesky(Size n, double* a, Size lda) {
  Map matrix = map(n, n, a, lda);
  if (Eigen::internal::llt_inplace<double, Eigen::Lower>::blocked(matrix) >= 0) return false;
  for (Size i = 0; i < n; ++i) {
    const double pivot = a[i + i * lda];
    if (!(pivot > 0.0 && pivot <= __DBL_MAX__)) return false;  // NaN passes Eigen's own check
  }
  return true;
}

void half_solve(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  const View factor = view(n, n, l, ldl);
  if (c == 1) {
    Column right(b, n);
    factor.triangularView<Eigen::Lower>().solveInPlace(right);
  } else {
    Map right = map(n, c, b, ldb);
    factor.triangularView<Eigen::Lower>().solveInPlace(right);
  }
}

void half_solve_transposed(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  const View factor = view(n, n, l, ldl);
  if (c == 1) {
    Column right(b, n);
    factor.transpose().triangularView<Eigen::Upper>().solveInPlace(right);
  } else {
    Map right = map(n, c, b, ldb);
    factor.transpose().triangularView<Eigen::Upper>().solveInPlace(right);
  }
}

constexpr Size leaf = 16;
inline Size half_of(Size n) {
  return (n / 2 + 7) / 8 * 8;
}

/// l becomes L^-1.
void invert_triangle(Size n, double* l, Size ldl) {
  if (n <= leaf) {
    for (Size j = 0; j < n; ++j) {
      double* const column = l + j * ldl;
      column[j] = 1.0 / column[j];
      for (Size i = j + 1; i < n; ++i) column[i] *= -column[j];
      for (Size k = j + 1; k < n; ++k) {
        const double* const other = l + k * ldl;
        column[k] /= other[k];
        for (Size i = k + 1; i < n; ++i) column[i] -= other[i] * column[k];
      }
    }
    return;
  }
  const Size top = half_of(n);
  const Size low = n - top;
  double* const corner = l + top + top * ldl;
  invert_triangle(top, l, ldl);
  invert_triangle(low, corner, ldl);
  // Products rather than solves: Eigen solves small triangles number by number.
  Map below = map(low, top, l + top, ldl);
  below = view(low, low, corner, ldl).triangularView<Eigen::Lower>() * below;
  below = below * view(top, top, l, ldl).triangularView<Eigen::Lower>();
  below = -below;
}

/// w, lower triangular, becomes w' w.
void square_triangle(Size n, double* w, Size ldw) {
  if (n <= leaf) {
    for (Size j = 0; j < n; ++j) {
      double* const column = w + j * ldw;
      for (Size i = j; i < n; ++i) {
        const double* const other = w + i * ldw;
        double sum = 0.0;
        for (Size k = i; k < n; ++k) sum += other[k] * column[k];
        column[i] = sum;
      }
    }
    return;
  }
  const Size top = half_of(n);
  const Size low = n - top;
  double* const corner = w + top + top * ldw;
  Map below = map(low, top, w + top, ldw);
  Map above = map(top, top, w, ldw);
  square_triangle(top, w, ldw);
  above.selfadjointView<Eigen::Lower>().rankUpdate(below.transpose());
  below = view(low, low, corner, ldw).transpose().triangularView<Eigen::Upper>() * below;
  square_triangle(low, corner, ldw);
}

void inverse(Size n, double* l, Size ldl) {
  invert_triangle(n, l, ldl);
  square_triangle(n, l, ldl);
}

void add_product(Size m, Size n, Size k, double alpha, const double* a, Size lda, const double* b,
                 Size ldb, double* c, Size ldc) {
  map(m, n, c, ldc).noalias() += alpha * view(k, m, a, lda).transpose() * view(k, n, b, ldb);
}

void transposed_times(Size n, Size c, const double* a, Size lda, const double* v, double* out) {
  Column(out, c).noalias() = view(n, c, a, lda).transpose() * ColumnView(v, n);
}

void squared_norms(Size n, Size c, const double* a, Size lda, double* out) {
  for (Size j = 0; j < c; ++j) out[j] = ColumnView(a + j * lda, n).squaredNorm();
}
