#pragma once

#include <cstddef>

/// Dense arithmetic on raw pointers, compiled once for each x86-64 level and chosen when the
/// program starts. Nothing here may name a type of Eigen: the levels rename its namespace, so that
/// no symbol is shared between them and no old processor meets a new instruction.
///
/// Matrices are column-major with a leading dimension; of symmetric and triangular ones only the
/// lower triangle is read and written, unless said otherwise.
namespace sonde::dense {

using Size = std::ptrdiff_t;

enum class Family { Matern32, Matern52, SquaredExponential };
enum class Form { Radial, Product, Anova };

/// A stationary covariance of unit variance. In one dimension, of t = |x - z|: Matern 3/2,
/// (1 + t) e^-t; 5/2, (1 + t + t^2 / 3) e^-t; squared exponential, e^(-t^2 / 2). Radial: that of
/// the length of x - z. Product: the product over the dimensions of that of |x_r - z_r|. Anova:
/// the product over the dimensions of 1 + weights[r] (k_r - 1), k_r that of |x_r - z_r|.
struct Correlation {
  Family family;
  Form form;
  const double* weights = nullptr;  ///< (dim), in [0, 1]; Anova only
};

/// Points as columns of coordinates: coordinate r of point i stands at data[i + r * stride].
/// `stride` is a multiple of `padding`, and what lies between the size and it is finite.
struct Coordinates {
  Size size;
  Size dim;
  const double* data;
  Size stride;
};
inline constexpr Size padding = 32;

struct Arithmetic {
  const char* name;

  /// a (n, n) becomes its Cholesky factor; false where it is not positive definite.
  bool (*cholesky)(Size n, double* a, Size lda);
  /// b (n, c) becomes L^-1 b.
  void (*half_solve)(Size n, Size c, const double* l, Size ldl, double* b, Size ldb);
  /// b (n, c) becomes L'^-1 b.
  void (*half_solve_transposed)(Size n, Size c, const double* l, Size ldl, double* b, Size ldb);
  /// l (n, n), a Cholesky factor, becomes (L L')^-1.
  void (*inverse)(Size n, double* l, Size ldl);
  /// c (m, n) += alpha a' b, with a (k, m), b (k, n).
  void (*add_product)(Size m, Size n, Size k, double alpha, const double* a, Size lda,
                      const double* b, Size ldb, double* c, Size ldc);
  /// out (c) = a' v, with a (n, c).
  void (*transposed_times)(Size n, Size c, const double* a, Size lda, const double* v, double* out);
  /// out (c) = sums of the squares of the columns of a (n, c).
  void (*squared_norms)(Size n, Size c, const double* a, Size lda, double* out);

  /// out (n) = ln(1 + x), of x > -1; on its own place if wanted.
  void (*log1p)(Size n, const double* x, double* out);

  /// out (a.size, b.size) = scale k(a_i, b_j).
  void (*covariance)(Correlation kind, Coordinates a, Coordinates b, double scale, double* out,
                     Size ldo);
  /// out (a.size, a.size) = scale k(a_i, a_j), in the lower triangle at least.
  void (*covariance_lower)(Correlation kind, Coordinates a, double scale, double* out, Size ldo);
  /// out[0] = sum_ij w_ij k(a_i, a_j), out[1 + r] = sum_ij w_ij dk(a_i, a_j) / dlog(length_r), w
  /// symmetric; and of Anova out[1 + dim + r] = sum_ij w_ij dk(a_i, a_j) / dlog(weights[r]).
  void (*contract)(Correlation kind, Coordinates a, const double* w, Size ldw, double* out);
  /// out (b.size, dim): dk(x, b_j) / dx_r for x (dim), in the scaled coordinates.
  void (*slopes)(Correlation kind, const double* x, Coordinates b, double* out, Size ldo);
};

/// The widest that this processor has, or what the environment's SONDE_DENSE (v2, v3, v4) narrows
/// it to.
const Arithmetic& arithmetic() noexcept;
/// That of x86-64 level 2, 3 or 4; null where this processor lacks it.
const Arithmetic* arithmetic_of(int level) noexcept;

}  // namespace sonde::dense
