#include "sonde/gp/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/matrix.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

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
  Vector contracted(PointsView a, MatrixView w) const override {
    const Vector left = left_->contracted(a, right_->lower_covariance(a, 1.0).cwiseProduct(w));
    const Vector right = right_->contracted(a, left_->lower_covariance(a, 1.0).cwiseProduct(w));
    return joined(left, right.tail(right.size() - 1));
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

Matrix from_origin(PointsView a, const Vector& origin) {
  require(a.cols() == origin.size(), "kernel: points have ", a.cols(),
          " columns, the origin of 'linear' has ", origin.size());
  return a.rowwise() - origin.transpose();
}

class Linear final : public KernelModel {
 public:
  Linear(Vector variances, Vector origin)
      : variances_(std::move(variances)), origin_(std::move(origin)) {}

  std::string name() const override { return "linear"; }
  Vector log_parameters() const override { return variances_.array().log().matrix(); }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<Linear>(parameters.array().exp().matrix(), origin_);
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    // The roots on both sides, so that rounding is symmetric.
    const Vector roots = variances_.cwiseSqrt();
    return (centred(a) * roots.asDiagonal()) * (centred(b) * roots.asDiagonal()).transpose();
  }
  Vector variance(PointsView a) const override { return centred(a).cwiseAbs2() * variances_; }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    const Matrix z = centred(a);
    const Matrix wz = w * z;
    return variances_.cwiseProduct(z.cwiseProduct(wz).colwise().sum().transpose());
  }
  Matrix input_gradient(VectorView, PointsView b, MatrixView w) const override {
    return variances_.asDiagonal() * (centred(b).transpose() * w);
  }

 private:
  Matrix centred(PointsView a) const { return from_origin(a, origin_); }

  Vector variances_;
  Vector origin_;
};

/// k = v (x - c)'(z - c): one variance for all slopes.
class EquallyLinear final : public KernelModel {
 public:
  EquallyLinear(double variance, Vector origin) : variance_(variance), origin_(std::move(origin)) {}

  std::string name() const override { return "linear of one variance"; }
  Vector log_parameters() const override { return Vector::Constant(1, std::log(variance_)); }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<EquallyLinear>(std::exp(parameters[0]), origin_);
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    return variance_ * (from_origin(a, origin_) * from_origin(b, origin_).transpose());
  }
  Vector variance(PointsView a) const override {
    return variance_ * from_origin(a, origin_).rowwise().squaredNorm();
  }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    const Matrix z = from_origin(a, origin_);
    return Vector::Constant(1, variance_ * z.cwiseProduct(w * z).sum());
  }
  Matrix input_gradient(VectorView, PointsView b, MatrixView w) const override {
    return variance_ * (from_origin(b, origin_).transpose() * w);
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    const Matrix z = from_origin(a, origin_);
    Matrix k = Matrix::Zero(a.rows(), a.rows());
    k.selfadjointView<Eigen::Lower>().rankUpdate(z, scale * variance_);
    return k;
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    const Matrix z = from_origin(a, origin_);
    const Matrix wz = w.selfadjointView<Eigen::Lower>() * z;
    return Vector::Constant(2, variance_ * z.cwiseProduct(wz).sum());  // k is linear in variance
  }

 private:
  double variance_;
  Vector origin_;
};

class OnInputs final : public KernelModel {
 public:
  OnInputs(Kernel kernel, std::vector<Index> inputs)
      : kernel_(std::move(kernel)), inputs_(std::move(inputs)) {}

  std::string name() const override {
    std::string inputs;
    for (const Index input : inputs_)
      inputs += (inputs.empty() ? "" : ", ") + std::to_string(input);
    return kernel_->name() + " of inputs {" + inputs + "}";
  }
  Vector log_parameters() const override { return kernel_->log_parameters(); }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<OnInputs>(kernel_.with(parameters), inputs_);
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    return kernel_->covariance(seen(a), seen(b));
  }
  Vector variance(PointsView a) const override { return kernel_->variance(seen(a)); }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    return kernel_->parameter_gradient(seen(a), w);
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    const Matrix inner = kernel_->input_gradient(x(inputs_), seen(b), w);
    Matrix gradient = Matrix::Zero(x.size(), w.cols());
    gradient(inputs_, Eigen::all) = inner;
    return gradient;
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    return kernel_->lower_covariance(seen(a), scale);
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    return kernel_->contracted(seen(a), w);
  }

 private:
  Points seen(PointsView a) const {
    for (const Index input : inputs_) {
      require(input < a.cols(), "kernel: points have ", a.cols(), " columns, '", name(),
              "' looks at column ", input, ", counted from 0");
    }
    return a(Eigen::all, inputs_);
  }

  Kernel kernel_;
  std::vector<Index> inputs_;
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

Kernel linear(Vector variances, Vector origin) {
  require(variances.size() > 0 && variances.allFinite() && variances.minCoeff() > 0.0,
          "kernel: expected variances above zero, got [", variances.transpose(), "]");
  require(origin.size() == variances.size() && origin.allFinite(), "kernel: expected an origin of ",
          variances.size(), " finite numbers, got [", origin.transpose(), "]");
  return Kernel(std::make_shared<const Linear>(std::move(variances), std::move(origin)));
}

Kernel linear(double variance, Vector origin) {
  require_variance(variance);
  require(origin.size() > 0 && origin.allFinite(),
          "kernel: expected an origin of finite numbers, got [", origin.transpose(), "]");
  return Kernel(std::make_shared<const EquallyLinear>(variance, std::move(origin)));
}

Kernel on_inputs(Kernel kernel, std::vector<Index> inputs) {
  std::vector<Index> sorted = inputs;
  std::sort(sorted.begin(), sorted.end());
  const bool once = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  require(!inputs.empty() && sorted.front() >= 0 && once, "kernel: '", kernel->name(),
          "' on inputs: expected columns of 0 or more, each once, got [",
          Eigen::Map<const Eigen::Matrix<Index, 1, Eigen::Dynamic>>(
              inputs.data(), static_cast<Index>(inputs.size())),
          "]");
  return Kernel(std::make_shared<const OnInputs>(std::move(kernel), std::move(inputs)));
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
