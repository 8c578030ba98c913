// Compiled once for each x86-64 level, with Eigen's namespace renamed and everything else without a
// name, so that no two levels share a symbol. No template of the standard library may be
// instantiated here: the linker would keep one copy for all levels.

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <new>

#include <Eigen/Core>

#include "math/dense.hpp"

namespace sonde::dense {
namespace {

// In this order, each builds on the one before.
// clang-format off
#include "math/pack.inl"
#include "math/dense_correlation.inl"
#include "math/dense_covariance.inl"
#include "math/dense_product.inl"
#include "math/dense_factor.inl"
// clang-format on

}  // namespace

namespace SONDE_DENSE_LEVEL {

const Arithmetic& arithmetic() noexcept;

const Arithmetic& arithmetic() noexcept {
  static constexpr Arithmetic table = {
      .name = SONDE_DENSE_NAME,
      .cholesky = cholesky,
      .half_solve = half_solve,
      .half_solve_transposed = half_solve_transposed,
      .inverse = inverse,
      .add_product = add_product,
      .transposed_times = transposed_times,
      .squared_norms = squared_norms,
      .log1p = log1p_of_each,
      .covariance = covariance,
      .covariance_lower = covariance_lower,
      .contract = contract,
      .slopes = slopes,
  };
  return table;
}

}  // namespace SONDE_DENSE_LEVEL
}  // namespace sonde::dense
