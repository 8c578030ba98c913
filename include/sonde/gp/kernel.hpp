#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sonde/base/types.hpp"

namespace sonde {

/// What a covariance function must know. Immutable; all methods thread-safe.
///
/// Derive from this only for a kernel that is neither stationary (see gp/stationary.hpp: one line)
/// nor a sum or product of others.
class KernelModel {
 public:
  virtual ~KernelModel() = default;
  /// A name for records, such as "matern52 product".
  virtual std::string name() const = 0;
  /// (p) logarithms of the trainable parameters.
  virtual Vector log_parameters() const = 0;
  /// The same kernel with other parameters (p).
  virtual std::shared_ptr<const KernelModel> with(VectorView log_parameters) const = 0;
  /// (n, m), K_ij = k(a_i, b_j).
  virtual Matrix covariance(PointsView a, PointsView b) const = 0;
  /// (n), k(a_i, a_i).
  virtual Vector variance(PointsView a) const = 0;

  // Derivatives come contracted with weights, so that no (n, n, p) array is ever formed.

  /// (p), sum_ij w_ij dk(a_i, a_j)/dlog(theta_r); w symmetric (n, n).
  virtual Vector parameter_gradient(PointsView a, MatrixView w) const = 0;
  /// (d, c), sum_j w_jc dk(x, b_j)/dx; x (d), b (m, d), w (m, c).
  virtual Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const = 0;

  // Shorter ways through what is symmetric, for kernels that have them.

  /// (n, n), scale k(a_i, a_j); only the lower triangle counts.
  virtual Matrix lower_covariance(PointsView a, double scale) const;
  /// (1 + p), sum_ij w_ij k(a_i, a_j), then parameter_gradient(a, w); of the symmetric w only the
  /// lower triangle is read.
  virtual Vector contracted(PointsView a, MatrixView w) const;
};

/// A covariance function: an immutable value, cheap to copy, closed under + and *.
class Kernel {
 public:
  Kernel(std::shared_ptr<const KernelModel> model);  // NOLINT(google-explicit-constructor)
  const KernelModel* operator->() const noexcept { return model_.get(); }
  Kernel with(VectorView log_parameters) const;
  Index parameters() const;  ///< p

 private:
  std::shared_ptr<const KernelModel> model_;
};

Kernel constant(double variance);  ///< k = variance
Kernel operator+(Kernel left, Kernel right);
Kernel operator*(Kernel left, Kernel right);
Kernel operator*(double variance, Kernel kernel);  ///< one more trained parameter, the first

/// k(x, z) = sum_j v_j (x_j - c_j) (z_j - c_j): straight lines through zero at c. In a sum with
/// others it is a trend whose slopes are shrunk to zero. Trained: log v.
/// \param variances (d), v > 0, of the slopes  \param origin (d), c
/// \see Rasmussen & Williams (2006), section 4.2.2
Kernel linear(Vector variances, Vector origin);

/// The same with one variance for all slopes. Trained: log v, one parameter.
Kernel linear(double variance, Vector origin);

/// The kernel of some of the inputs. An additive model, a sum of functions of one input each:
///
///   0.7 * on_inputs(matern52(Vector::Ones(1)), {0}) + 0.2 * on_inputs(matern52(Vector::Ones(1)),
///   {1})
/// \param inputs columns of the points, each once, in the order of the kernel's lengths
Kernel on_inputs(Kernel kernel, std::vector<Index> inputs);

/// The kernel of bent inputs u in [0, 1]: of w(u) = ln(1 + (e^c - 1) u) / c, and beyond on along
/// the tangent. w(0) = 0, w(1) = 1, and the slope at 0 is e^c times that at 1: c = 0 is a straight
/// line, c = ln(upper / lower) the logarithm of an input between them, c < 0 bends the other way.
/// Trained: the kernel's, then c.
/// \param bends (d), c
/// \see Snelson, Rasmussen & Ghahramani (2004), NIPS 16; Snoek et al. (2014), ICML (input warping)
Kernel warped(Kernel kernel, Vector bends);

}  // namespace sonde
