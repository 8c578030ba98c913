#include "sonde/gp/kernel.hpp"

#include <cmath>
#include <utility>

#include "sonde/base/error.hpp"

namespace sonde {

namespace {

Vector joined(const Vector& left, const Vector& right) {
  Vector both(left.size() + right.size());
  both << left, right;
  return both;
}

Matrix symmetric(MatrixView lower) {
  Matrix whole = lower;
  whole.triangularView<Eigen::StrictlyUpper>() = whole.transpose();
  return whole;
}

/// What sums and products share: two kernels whose parameters stand one after the other.
class Pair : public KernelModel {
 public:
  Pair(Kernel left, Kernel right) : left_(std::move(left)), right_(std::move(right)) {}

  Vector log_parameters() const override {
    return joined(left_->log_parameters(), right_->log_parameters());
  }

 protected:
  Kernel left_with(VectorView parameters) const {
    return left_.with(parameters.head(left_.parameters()));
  }
  Kernel right_with(VectorView parameters) const {
    return right_.with(parameters.tail(right_.parameters()));
  }

  Kernel left_;
  Kernel right_;
};

class Sum final : public Pair {
 public:
  using Pair::Pair;

  std::string name() const override { return left_->name() + " + " + right_->name(); }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<Sum>(left_with(parameters), right_with(parameters));
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    return left_->covariance(a, b) + right_->covariance(a, b);
  }
  Vector variance(PointsView a) const override { return left_->variance(a) + right_->variance(a); }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    return joined(left_->parameter_gradient(a, w), right_->parameter_gradient(a, w));
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    return left_->input_gradient(x, b, w) + right_->input_gradient(x, b, w);
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    return left_->lower_covariance(a, scale) + right_->lower_covariance(a, scale);
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    const Vector left = left_->contracted(a, w);
    const Vector right = right_->contracted(a, w);
    Vector both(left.size() + right.size() - 1);
    both << left[0] + right[0], left.tail(left.size() - 1), right.tail(right.size() - 1);
    return both;
  }
};

class Product final : public Pair {
 public:
  using Pair::Pair;

  std::string name() const override { return "(" + left_->name() + ") * (" + right_->name() + ")"; }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<Product>(left_with(parameters), right_with(parameters));
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    return left_->covariance(a, b).cwiseProduct(right_->covariance(a, b));
  }
  Vector variance(PointsView a) const override {
    return left_->variance(a).cwiseProduct(right_->variance(a));
  }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    const Matrix left = left_->covariance(a, a);
    const Matrix right = right_->covariance(a, a);
    return joined(left_->parameter_gradient(a, w.cwiseProduct(right)),
                  right_->parameter_gradient(a, w.cwiseProduct(left)));
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    const Points here = x.transpose();
    const Vector left = left_->covariance(b, here).col(0);
    const Vector right = right_->covariance(b, here).col(0);
    return left_->input_gradient(x, b, right.asDiagonal() * w) +
           right_->input_gradient(x, b, left.asDiagonal() * w);
  }
};

class Scaled final : public KernelModel {
 public:
  Scaled(double variance, Kernel kernel) : variance_(variance), kernel_(std::move(kernel)) {}

  std::string name() const override { return "variance * (" + kernel_->name() + ")"; }
  Vector log_parameters() const override {
    return joined(Vector::Constant(1, std::log(variance_)), kernel_->log_parameters());
  }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<Scaled>(std::exp(parameters[0]),
                                    kernel_.with(parameters.tail(parameters.size() - 1)));
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    Matrix k = kernel_->covariance(a, b);
    k *= variance_;
    return k;
  }
  Vector variance(PointsView a) const override { return variance_ * kernel_->variance(a); }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    return variance_ * kernel_->contracted(a, w);
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    return variance_ * kernel_->input_gradient(x, b, w);
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    return kernel_->lower_covariance(a, scale * variance_);
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    const Vector inner = variance_ * kernel_->contracted(a, w);
    return joined(inner.head(1), inner);
  }

 private:
  double variance_;
  Kernel kernel_;
};

class ConstantKernel final : public KernelModel {
 public:
  explicit ConstantKernel(double variance) : variance_(variance) {}

  std::string name() const override { return "constant"; }
  Vector log_parameters() const override { return Vector::Constant(1, std::log(variance_)); }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<ConstantKernel>(std::exp(parameters[0]));
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    return Matrix::Constant(a.rows(), b.rows(), variance_);
  }
  Vector variance(PointsView a) const override { return Vector::Constant(a.rows(), variance_); }
  Vector parameter_gradient(PointsView, MatrixView w) const override {
    return Vector::Constant(1, variance_ * w.sum());
  }
  Matrix input_gradient(VectorView x, PointsView, MatrixView w) const override {
    return Matrix::Zero(x.size(), w.cols());
  }

 private:
  double variance_;
};

void require_variance(double variance) {
  require(std::isfinite(variance) && variance > 0.0, "kernel: expected a variance above zero, got ",
          variance);
}

}  // namespace

Matrix KernelModel::lower_covariance(PointsView a, double scale) const {
  Matrix k = covariance(a, a);
  k *= scale;
  return k;
}

Vector KernelModel::contracted(PointsView a, MatrixView w) const {
  const Matrix whole = symmetric(w);
  const double sum = whole.cwiseProduct(covariance(a, a)).sum();
  return joined(Vector::Constant(1, sum), parameter_gradient(a, whole));
}

Kernel::Kernel(std::shared_ptr<const KernelModel> model) : model_(std::move(model)) {
  require(model_ != nullptr, "Kernel: expected a kernel model, got a null pointer");
}

Kernel Kernel::with(VectorView log_parameters) const {
  require(log_parameters.size() == parameters(), "kernel: '", model_->name(), "' has ",
          parameters(), " parameters, got ", log_parameters.size());
  return model_->with(log_parameters);
}

Index Kernel::parameters() const {
  return model_->log_parameters().size();
}

Kernel constant(double variance) {
  require_variance(variance);
  return Kernel(std::make_shared<const ConstantKernel>(variance));
}

Kernel operator+(Kernel left, Kernel right) {
  return Kernel(std::make_shared<const Sum>(std::move(left), std::move(right)));
}

Kernel operator*(Kernel left, Kernel right) {
  return Kernel(std::make_shared<const Product>(std::move(left), std::move(right)));
}

Kernel operator*(double variance, Kernel kernel) {
  require_variance(variance);
  return Kernel(std::make_shared<const Scaled>(variance, std::move(kernel)));
}

}  // namespace sonde
