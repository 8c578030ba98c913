#include "sonde/gp/stationary.hpp"

#include <cmath>
#include <utility>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

void require_lengths(const Vector& lengths) {
  require(lengths.size() > 0 && lengths.allFinite() && lengths.minCoeff() > 0.0,
          "kernel: expected lengths above zero, got [", lengths.transpose(), "]");
}

void require_columns(PointsView points, const Vector& lengths) {
  require(points.cols() == lengths.size(), "kernel: points have ", points.cols(),
          " columns, lengths have ", lengths.size());
}

/// What all stationary kernels share: lengths as parameters, variance one.
class Stationary : public KernelModel {
 public:
  explicit Stationary(Vector lengths) : lengths_(std::move(lengths)) { require_lengths(lengths_); }

  Vector log_parameters() const override { return lengths_.array().log().matrix(); }
  Vector variance(PointsView a) const override { return Vector::Ones(a.rows()); }

 protected:
  Vector lengths_;
};

/// By what inputs over their lengths are multiplied, so that the covariance is one of plain
/// distances.
double rate(dense::Family family) {
  if (family == dense::Family::Matern32) return std::sqrt(3.0);
  return family == dense::Family::Matern52 ? std::sqrt(5.0) : 1.0;
}

/// Points times a scale a column, as padded columns.
class Scaled {
 public:
  Scaled(PointsView points, const Vector& scales)
      : size_(points.rows()),
        columns_((points.rows() + dense::padding - 1) / dense::padding * dense::padding,
                 points.cols()) {
    require_columns(points, scales);
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

/// Matern and squared exponential kernels, on the vectors of the processor.
class BuiltIn final : public Stationary {
 public:
  BuiltIn(dense::Correlation kind, Vector lengths)
      : Stationary(std::move(lengths)),
        kind_(kind),
        scales_(rate(kind.family) * lengths_.cwiseInverse()) {}

  std::string name() const override {
    if (kind_.family == dense::Family::SquaredExponential) return "squared exponential";
    const std::string family = kind_.family == dense::Family::Matern32 ? "matern32" : "matern52";
    return family + (kind_.product ? " product" : " radial");
  }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<BuiltIn>(kind_, parameters.array().exp().matrix());
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    const Scaled from(a, scales_);
    const Scaled to(b, scales_);
    Matrix k(a.rows(), b.rows());
    dense::arithmetic().covariance(kind_, from.coordinates(), to.coordinates(), 1.0, k.data(),
                                   k.rows());
    return k;
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    const Scaled points(a, scales_);
    Matrix k(a.rows(), a.rows());
    dense::arithmetic().covariance_lower(kind_, points.coordinates(), scale, k.data(), k.rows());
    return k;
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    require(w.rows() == a.rows() && w.cols() == a.rows(), "kernel: ", a.rows(),
            " points take weights of that size, got ", w.rows(), " x ", w.cols());
    const Scaled points(a, scales_);
    Vector sums(1 + lengths_.size());
    dense::arithmetic().contract(kind_, points.coordinates(), w.data(), w.outerStride(),
                                 sums.data());
    return sums;
  }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    return contracted(a, w).tail(lengths_.size());
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    const Scaled points(b, scales_);
    const Vector here = scales_.cwiseProduct(x);  // as Scaled rounds
    Matrix slopes(b.rows(), lengths_.size());
    dense::arithmetic().slopes(kind_, here.data(), points.coordinates(), slopes.data(), b.rows());
    return scales_.asDiagonal() * (slopes.transpose() * w);
  }

 private:
  dense::Correlation kind_;
  Vector scales_;
};

/// A profile from outside: a call a pair.
class Profiled final : public Stationary {
 public:
  Profiled(std::shared_ptr<const detail::ProfileFunctions> profile, Vector lengths)
      : Stationary(std::move(lengths)), profile_(std::move(profile)) {}

  std::string name() const override { return "stationary"; }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<Profiled>(profile_, parameters.array().exp().matrix());
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    require_columns(a, lengths_);
    require_columns(b, lengths_);
    Matrix k(a.rows(), b.rows());
    for (Index j = 0; j < b.rows(); ++j) {
      for (Index i = 0; i < a.rows(); ++i) k(i, j) = profile_->value(squares(a, i, b, j).sum());
    }
    return k;
  }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    require_columns(a, lengths_);
    Vector gradient = Vector::Zero(lengths_.size());
    for (Index j = 0; j < a.rows(); ++j) {
      for (Index i = j + 1; i < a.rows(); ++i) {
        const Vector s = squares(a, i, a, j);
        gradient -= 4.0 * w(i, j) * profile_->slope(s.sum()) * s;
      }
    }
    return gradient;
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    require_columns(b, lengths_);
    Matrix gradient = Matrix::Zero(lengths_.size(), w.cols());
    for (Index j = 0; j < b.rows(); ++j) {
      const Vector u = (x - b.row(j).transpose()).cwiseQuotient(lengths_);
      const Vector slope = 2.0 * profile_->slope(u.squaredNorm()) * u.cwiseQuotient(lengths_);
      gradient += slope * w.row(j);
    }
    return gradient;
  }

 private:
  Vector squares(PointsView a, Index i, PointsView b, Index j) const {
    return (a.row(i) - b.row(j)).transpose().cwiseQuotient(lengths_).cwiseAbs2();
  }

  std::shared_ptr<const detail::ProfileFunctions> profile_;
};

Kernel built_in(dense::Family family, Form form, Vector lengths) {
  return Kernel(std::make_shared<const BuiltIn>(dense::Correlation{family, form == Form::Product},
                                                std::move(lengths)));
}

}  // namespace

namespace detail {

Kernel stationary_of(std::shared_ptr<const ProfileFunctions> profile, Vector lengths) {
  return Kernel(std::make_shared<const Profiled>(std::move(profile), std::move(lengths)));
}

}  // namespace detail

Kernel matern32(Vector lengths, Form form) {
  return built_in(dense::Family::Matern32, form, std::move(lengths));
}

Kernel matern52(Vector lengths, Form form) {
  return built_in(dense::Family::Matern52, form, std::move(lengths));
}

Kernel squared_exponential(Vector lengths) {
  return built_in(dense::Family::SquaredExponential, Form::Radial, std::move(lengths));
}

}  // namespace sonde
