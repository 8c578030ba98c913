#pragma once

#include <atomic>
#include <memory>

#include "sonde/base/types.hpp"

namespace sonde {

/// A lower Cholesky factor that grows by rows. An immutable value: what it holds never changes. One
/// that grew out of another shares its storage where the rows behind are still free; a second
/// branch copies.
class GrowingFactor {
 public:
  explicit GrowingFactor(Matrix lower);  ///< (n, n); above the diagonal: zero

  Index size() const noexcept { return size_; }
  const double* data() const noexcept { return storage_->values.data(); }
  Index stride() const noexcept { return storage_->values.rows(); }
  MatrixView view() const;

  /// With rows (across', corner): O(n k), or O(n^2) where it copies.
  /// \param across (n, k) L^-1 of the covariances with what is added  \param corner (k, k) lower
  GrowingFactor appended(MatrixView across, MatrixView corner) const;

 private:
  struct Storage {
    explicit Storage(Matrix lower) : values(std::move(lower)), used(values.rows()) {}
    Storage(const GrowingFactor& from, Index capacity);
    Matrix values;
    std::atomic<Index> used;  // rows that a factor holds; they are never written again
  };
  GrowingFactor(std::shared_ptr<Storage> storage, Index size);

  std::shared_ptr<Storage> storage_;
  Index size_;
};

}  // namespace sonde
