#include "sonde/gp/stationary.hpp"

#include <cmath>
#include <utility>

#include "gp/scaled_points.hpp"
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

/// Matern and squared exponential kernels, on the vectors of the processor.
class BuiltIn : public Stationary {
 public:
  BuiltIn(dense::Family family, dense::Form form, Vector lengths, Vector weights = {})
      : Stationary(std::move(lengths)),
        family_(family),
        form_(form),
        scales_(rate(family) * lengths_.cwiseInverse()),
        weights_(std::move(weights)) {}

  std::string name() const override {
    if (family_ == dense::Family::SquaredExponential) {
      return form_ == dense::Form::Anova ? "squared exponential anova" : "squared exponential";
    }
    const std::string family = family_ == dense::Family::Matern32 ? "matern32" : "matern52";
    if (form_ == dense::Form::Anova) return family + " anova";
    return family + (form_ == dense::Form::Product ? " product" : " radial");
  }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    return std::make_shared<BuiltIn>(family_, form_, parameters.array().exp().matrix());
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    const ScaledPoints from(a, scales_);
    const ScaledPoints to(b, scales_);
    Matrix k(a.rows(), b.rows());
    dense::arithmetic().covariance(kind(), from.coordinates(), to.coordinates(), 1.0, k.data(),
                                   k.rows());
    return k;
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    const ScaledPoints points(a, scales_);
    Matrix k(a.rows(), a.rows());
    dense::arithmetic().covariance_lower(kind(), points.coordinates(), scale, k.data(), k.rows());
    return k;
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    require(w.rows() == a.rows() && w.cols() == a.rows(), "kernel: ", a.rows(),
            " points take weights of that size, got ", w.rows(), " x ", w.cols());
    const ScaledPoints points(a, scales_);
    Vector sums(1 + lengths_.size() + weights_.size());
    dense::arithmetic().contract(kind(), points.coordinates(), w.data(), w.outerStride(),
                                 sums.data());
    return sums;
  }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    const Vector sums = contracted(a, w);
    return sums.tail(sums.size() - 1);
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    const ScaledPoints points(b, scales_);
    const Vector here = scales_.cwiseProduct(x);  // as ScaledPoints rounds
    Matrix slopes(b.rows(), lengths_.size());
    dense::arithmetic().slopes(kind(), here.data(), points.coordinates(), slopes.data(), b.rows());
    return scales_.asDiagonal() * (slopes.transpose() * w);
  }

 protected:
  dense::Family family_;

 private:
  dense::Correlation kind() const { return {family_, form_, weights_.data()}; }

  dense::Form form_;
  Vector scales_;
  Vector weights_;
};

/// (1 + a k) / (1 + a) = 1 + (k - 1) a / (1 + a), which is one at k = 1 to the last bit.
class Anova final : public BuiltIn {
 public:
  Anova(dense::Family family, Vector lengths, Vector shares)
      : BuiltIn(family, dense::Form::Anova, std::move(lengths),
                (1.0 + shares.array().inverse()).inverse().matrix()),
        shares_(std::move(shares)) {}

  Vector log_parameters() const override {
    Vector parameters(2 * shares_.size());
    parameters << lengths_.array().log().matrix(), shares_.array().log().matrix();
    return parameters;
  }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    const Index d = shares_.size();
    return std::make_shared<Anova>(family_, parameters.head(d).array().exp().matrix(),
                                   parameters.tail(d).array().exp().matrix());
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    Vector sums = BuiltIn::contracted(a, w);
    // d log (a / (1 + a)) / d log a = 1 / (1 + a)
    sums.tail(shares_.size()).array() /= 1.0 + shares_.array();
    return sums;
  }

 private:
  Vector shares_;
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

dense::Family dense_family(Family family) {
  if (family == Family::Matern32) return dense::Family::Matern32;
  return family == Family::Matern52 ? dense::Family::Matern52 : dense::Family::SquaredExponential;
}

Kernel built_in(Family family, Form form, Vector lengths) {
  if (form == Form::Anova) {
    const Index d = lengths.size();
    return anova(family, std::move(lengths), Vector::Ones(d));
  }
  const dense::Form dense_form = form == Form::Product ? dense::Form::Product : dense::Form::Radial;
  return Kernel(
      std::make_shared<const BuiltIn>(dense_family(family), dense_form, std::move(lengths)));
}

}  // namespace

namespace detail {

Kernel stationary_of(std::shared_ptr<const ProfileFunctions> profile, Vector lengths) {
  return Kernel(std::make_shared<const Profiled>(std::move(profile), std::move(lengths)));
}

}  // namespace detail

Kernel matern32(Vector lengths, Form form) {
  return built_in(Family::Matern32, form, std::move(lengths));
}

Kernel matern52(Vector lengths, Form form) {
  return built_in(Family::Matern52, form, std::move(lengths));
}

Kernel squared_exponential(Vector lengths, Form form) {
  return built_in(Family::SquaredExponential, form, std::move(lengths));
}

Kernel anova(Family family, Vector lengths, Vector shares) {
  require(shares.size() == lengths.size() && shares.allFinite() && (shares.array() > 0.0).all(),
          "kernel: expected ", lengths.size(), " shares above zero, got [", shares.transpose(),
          "]");
  return Kernel(
      std::make_shared<const Anova>(dense_family(family), std::move(lengths), std::move(shares)));
}

}  // namespace sonde
