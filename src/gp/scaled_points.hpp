#pragma once

#include "math/dense.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

/// Points times a scale a column, as the padded columns that dense arithmetic takes.
class ScaledPoints {
 public:
  ScaledPoints(PointsView points, const Vector& scales)
      : size_(points.rows()),
        columns_((points.rows() + dense::padding - 1) / dense::padding * dense::padding,
                 points.cols()) {
    require(points.cols() == scales.size(), "kernel: points have ", points.cols(),
            " columns, lengths have ", scales.size());
    columns_.bottomRows(columns_.rows() - size_).setZero();
    columns_.topRows(size_).noalias() = points * scales.asDiagonal();
  }

  dense::Coordinates coordinates() const {
    return {size_, columns_.cols(), columns_.data(), columns_.rows()};
  }

 private:
  Index size_;
  Matrix columns_;
};

}  // namespace sonde
