#pragma once

#include <Eigen/Core>

namespace sonde {

using Index = Eigen::Index;
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;  ///< column-major: linear algebra

/// n points in d dimensions, one point a row, row-major.
///
/// The bytes of a C-ordered NumPy array, or of an HDF5 dataset, of shape (n, d).
using Points = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Arguments: a View is read, an Out is written. A row of Points is a VectorView, uncopied.
using VectorView = Eigen::Ref<const Vector>;
using MatrixView = Eigen::Ref<const Matrix>;
using PointsView = Eigen::Ref<const Points>;
using VectorOut = Eigen::Ref<Vector>;

}  // namespace sonde
