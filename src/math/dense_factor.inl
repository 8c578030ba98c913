// Factors, solves and inverses: by halves down to small triangles, so that nearly all of it is
// products. Included inside the unnamed namespace of dense_level.cpp.

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

constexpr Size leaf = 16;         // number by number
constexpr Size solve_leaf = 32;   // column by column
constexpr Size triangle = depth;  // multiplied at once
inline Size half_of(Size n) {
  return (n / 2 + 7) / 8 * 8;
}

/// b (m, n) becomes b L'^-1, n <= solve_leaf.
void right_solve_leaf(Size m, Size n, const double* l, Size ldl, double* b, Size ldb) {
  double pivots[solve_leaf];
  for (Size j = 0; j < n; ++j) pivots[j] = 1.0 / l[j + j * ldl];
  for (Size i = 0; i < m; i += rows) {
    Block solved[solve_leaf];
    for (Size j = 0; j < n; ++j) {
      Block x;
      load_rows(b + j * ldb, 0, i, m, x);
      for (Size k = 0; k < j; ++k) {
        for (Size p = 0; p < packs; ++p) x.p[p] -= l[j + k * ldl] * solved[k].p[p];
      }
      for (Size p = 0; p < packs; ++p) x.p[p] *= pivots[j];
      solved[j] = x;
      store_rows(b + j * ldb, i, m, x);
    }
  }
}

/// b (m, n) becomes b L'^-1.
void right_solve(Size m, Size n, const double* l, Size ldl, double* b, Size ldb) {
  if (n <= solve_leaf) return right_solve_leaf(m, n, l, ldl, b, ldb);
  const Size left = half_of(n);
  double* const right = b + left * ldb;
  right_solve(m, left, l, ldl, b, ldb);
  multiply(m, n - left, left, -1.0, plain(b, ldb), transposed(l + left, ldl), right, ldb);
  right_solve(m, n - left, l + left + left * ldl, ldl, right, ldb);
}

bool cholesky_leaf(Size n, double* a, Size lda) {
  for (Size j = 0; j < n; ++j) {
    double* const column = a + j * lda;
    for (Size k = 0; k < j; ++k) {
      const double* const before = a + k * lda;
      for (Size i = j; i < n; ++i) column[i] -= before[i] * before[j];
    }
    if (!(column[j] > 0.0 && column[j] <= __DBL_MAX__)) return false;
    column[j] = __builtin_sqrt(column[j]);
    const double inverse = 1.0 / column[j];
    for (Size i = j + 1; i < n; ++i) column[i] *= inverse;
  }
  return true;
}

bool cholesky(Size n, double* a, Size lda) {
  if (n <= leaf) return cholesky_leaf(n, a, lda);
  const Size top = half_of(n);
  const Size low = n - top;
  double* const below = a + top;
  double* const corner = below + top * lda;
  if (!cholesky(top, a, lda)) return false;
  right_solve(low, top, a, lda, below, lda);
  multiply(low, low, top, -1.0, plain(below, lda), transposed(below, lda), corner, lda, Write::Add,
           Part::Lower);
  return cholesky(low, corner, lda);
}

/// b (n, c) becomes L^-1 b, n <= solve_leaf: on b', some columns of b at a time.
void half_solve_leaf(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  alignas(64) double turned[solve_leaf * rows];
  for (Size first = 0; first < c; first += rows) {
    const Size columns = least(rows, c - first);
    double* const here = b + first * ldb;
    for (Size j = 0; j < columns; ++j) {
      for (Size i = 0; i < n; ++i) turned[j + i * rows] = here[i + j * ldb];
    }
    right_solve_leaf(columns, n, l, ldl, turned, rows);
    for (Size j = 0; j < columns; ++j) {
      for (Size i = 0; i < n; ++i) here[i + j * ldb] = turned[j + i * rows];
    }
  }
}

void half_solve_columns(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  if (n <= solve_leaf) return half_solve_leaf(n, c, l, ldl, b, ldb);
  const Size top = half_of(n);
  half_solve_columns(top, c, l, ldl, b, ldb);
  multiply(n - top, c, top, -1.0, plain(l + top, ldl), plain(b, ldb), b + top, ldb);
  half_solve_columns(n - top, c, l + top + top * ldl, ldl, b + top, ldb);
}

constexpr Size few = 3;  // columns: each on its own is faster than a pack of rows of them

void half_solve(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  if (c > few) return half_solve_columns(n, c, l, ldl, b, ldb);
  for (Size j = 0; j < c; ++j) {
    Column right(b + j * ldb, n);
    view(n, n, l, ldl).triangularView<Eigen::Lower>().solveInPlace(right);
  }
}

void half_solve_transposed(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  const View factor = view(n, n, l, ldl);
  if (c > few) {
    Map right = map(n, c, b, ldb);
    factor.transpose().triangularView<Eigen::Upper>().solveInPlace(right);
    return;
  }
  for (Size j = 0; j < c; ++j) {
    Column right(b + j * ldb, n);
    factor.transpose().triangularView<Eigen::Upper>().solveInPlace(right);
  }
}

/// A lower triangle with zeros above.
class WholeTriangle {
 public:
  WholeTriangle(Size n, const double* l, Size ldl) : n_(n), data_(n * n) {
    for (Size j = 0; j < n; ++j) {
      double* const column = data_.data() + j * n;
      for (Size i = 0; i < j; ++i) column[i] = 0.0;
      for (Size i = j; i < n; ++i) column[i] = l[i + j * ldl];
    }
  }
  Operand operand() const { return plain(data_.data(), n_); }
  Operand transpose() const { return transposed(data_.data(), n_); }

 private:
  Size n_;
  Numbers data_;
};

/// b (n, c) becomes L b.
void left_multiply(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  if (n <= triangle) {
    const WholeTriangle whole(n, l, ldl);
    return multiply(n, c, n, 1.0, whole.operand(), plain(b, ldb), b, ldb, Write::Replace,
                    Part::Whole, Zeros::AboveInA);
  }
  const Size top = half_of(n);
  left_multiply(n - top, c, l + top + top * ldl, ldl, b + top, ldb);
  multiply(n - top, c, top, 1.0, plain(l + top, ldl), plain(b, ldb), b + top, ldb);
  left_multiply(top, c, l, ldl, b, ldb);
}

/// b (n, c) becomes L' b.
void left_multiply_transposed(Size n, Size c, const double* l, Size ldl, double* b, Size ldb) {
  if (n <= triangle) {
    const WholeTriangle whole(n, l, ldl);
    return multiply(n, c, n, 1.0, whole.transpose(), plain(b, ldb), b, ldb, Write::Replace,
                    Part::Whole, Zeros::BelowInA);
  }
  const Size top = half_of(n);
  left_multiply_transposed(top, c, l, ldl, b, ldb);
  multiply(top, c, n - top, 1.0, transposed(l + top, ldl), plain(b + top, ldb), b, ldb);
  left_multiply_transposed(n - top, c, l + top + top * ldl, ldl, b + top, ldb);
}

/// b (m, n) becomes b L.
void right_multiply(Size m, Size n, const double* l, Size ldl, double* b, Size ldb) {
  if (n <= triangle) {
    const WholeTriangle whole(n, l, ldl);
    return multiply(m, n, n, 1.0, plain(b, ldb), whole.operand(), b, ldb, Write::Replace,
                    Part::Whole, Zeros::AboveInB);
  }
  const Size left = half_of(n);
  double* const right = b + left * ldb;
  right_multiply(m, left, l, ldl, b, ldb);
  multiply(m, left, n - left, 1.0, plain(right, ldb), plain(l + left, ldl), b, ldb);
  right_multiply(m, n - left, l + left + left * ldl, ldl, right, ldb);
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
  double* const below = l + top;
  double* const corner = below + top * ldl;
  invert_triangle(top, l, ldl);
  invert_triangle(low, corner, ldl);
  left_multiply(low, top, corner, ldl, below, ldl);
  right_multiply(low, top, l, ldl, below, ldl);
  for (Size j = 0; j < top; ++j) {
    for (Size i = 0; i < low; ++i) below[i + j * ldl] = -below[i + j * ldl];
  }
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
  double* const below = w + top;
  double* const corner = below + top * ldw;
  square_triangle(top, w, ldw);
  multiply(top, top, low, 1.0, transposed(below, ldw), plain(below, ldw), w, ldw, Write::Add,
           Part::Lower);
  left_multiply_transposed(low, top, corner, ldw, below, ldw);
  square_triangle(low, corner, ldw);
}

void inverse(Size n, double* l, Size ldl) {
  invert_triangle(n, l, ldl);
  square_triangle(n, l, ldl);
}

void add_product(Size m, Size n, Size k, double alpha, const double* a, Size lda, const double* b,
                 Size ldb, double* c, Size ldc) {
  multiply(m, n, k, alpha, transposed(a, lda), plain(b, ldb), c, ldc);
}

void transposed_times(Size n, Size c, const double* a, Size lda, const double* v, double* out) {
  Column(out, c).noalias() = view(n, c, a, lda).transpose() * ColumnView(v, n);
}

void squared_norms(Size n, Size c, const double* a, Size lda, double* out) {
  for (Size j = 0; j < c; ++j) out[j] = ColumnView(a + j * lda, n).squaredNorm();
}
