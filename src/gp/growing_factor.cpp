#include "gp/growing_factor.hpp"

#include <algorithm>
#include <utility>

namespace sonde {

GrowingFactor::Storage::Storage(const GrowingFactor& from, Index capacity)
    : values(capacity, capacity), used(from.size()) {
  for (Index j = 0; j < from.size(); ++j) {
    std::copy_n(from.data() + j * from.stride(), from.size(), values.data() + j * capacity);
  }
}

GrowingFactor::GrowingFactor(Matrix lower)
    : storage_(std::make_shared<Storage>(std::move(lower))), size_(storage_->values.rows()) {}

GrowingFactor::GrowingFactor(std::shared_ptr<Storage> storage, Index size)
    : storage_(std::move(storage)), size_(size) {}

MatrixView GrowingFactor::view() const {
  return Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>(data(), size_, size_,
                                                           Eigen::OuterStride<>(stride()));
}

GrowingFactor GrowingFactor::appended(MatrixView across, MatrixView corner) const {
  constexpr Index least_room = 32;
  const Index k = corner.rows();
  const Index grown = size_ + k;
  std::shared_ptr<Storage> storage = storage_;
  Index expected = size_;
  if (grown > stride() || !storage->used.compare_exchange_strong(expected, grown)) {
    storage = std::make_shared<Storage>(*this, grown + std::max(least_room, size_ / 4));
    storage->used = grown;
  }
  Matrix& values = storage->values;
  for (Index j = 0; j < size_; ++j) {
    for (Index i = 0; i < k; ++i) values(size_ + i, j) = across(j, i);
  }
  for (Index j = 0; j < k; ++j) {
    values.col(size_ + j).head(size_ + j).setZero();
    values.col(size_ + j).segment(size_ + j, k - j) = corner.col(j).tail(k - j);
  }
  return GrowingFactor(std::move(storage), grown);
}

}  // namespace sonde
