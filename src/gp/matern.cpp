#include <cmath>
#include <utility>
#include <vector>

#include "gp/scaled_points.hpp"
#include "math/dense.hpp"
#include "sonde/gp/stationary.hpp"

namespace sonde {

namespace {

constexpr dense::Correlation squared_exponential_of = {dense::Family::SquaredExponential,
                                                       dense::Form::Radial};

/// A Matern covariance is a mixture of squared exponentials:
///
///   k(s) = c int exp(-nu (e^x - 1 - x)) exp(-e^-x s / 2) dx,
///
/// which is DLMF 10.32.10 for K_nu with nu e^x in place of its variable. Both tails of the
/// integrand fall exponentially, so that the rule of equal steps leaves an error below 1e-15 for
/// nu >= 0.5, at any s; that derivatives are those of the sum makes them just as exact.
class Mixture {
 public:
  explicit Mixture(double nu) {
    // exp(-37) is below the rounding of the sum. e^-x stays a number: below it all is at s = 0.
    const double step = std::min(0.2, 0.5 / std::sqrt(nu));
    const double lowest = std::max(-700.0, -37.0 / nu - 1.0);
    double weights = 0.0;
    double slopes = 0.0;
    for (double x = step * std::ceil(lowest / step); x < 40.0; x += step) {
      const double decline = std::expm1(x) - x;
      if (nu * decline > 37.0) {
        if (x > 0.0) break;
        continue;
      }
      const double weight = std::exp(-nu * decline);
      parts_.push_back({weight, -nu * decline, std::exp(-0.5 * x)});
      weights += weight;
      slopes += weight * parts_.back().log_slope;
    }
    for (Part& part : parts_) {
      part.weight /= weights;
      part.log_slope -= slopes / weights;
    }
  }

  struct Part {
    double weight;
    double log_slope;  ///< d log weight / d log nu
    double scale;      ///< of the inputs over their lengths
  };
  const std::vector<Part>& parts() const noexcept { return parts_; }

 private:
  std::vector<Part> parts_;
};

class FreeMatern final : public KernelModel {
 public:
  FreeMatern(double smoothness, Vector lengths)
      : smoothness_(smoothness), lengths_(std::move(lengths)), mixture_(smoothness) {}

  std::string name() const override { return "matern radial"; }
  Vector log_parameters() const override {
    Vector parameters(lengths_.size() + 1);
    parameters << lengths_.array().log().matrix(), std::log(smoothness_);
    return parameters;
  }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    const Index d = lengths_.size();
    return std::make_shared<FreeMatern>(std::exp(parameters[d]),
                                        parameters.head(d).array().exp().matrix());
  }
  Vector variance(PointsView a) const override { return Vector::Ones(a.rows()); }
  Matrix covariance(PointsView a, PointsView b) const override {
    Matrix sum = Matrix::Zero(a.rows(), b.rows());
    Matrix k(a.rows(), b.rows());
    for (const Mixture::Part& part : mixture_.parts()) {
      const ScaledPoints from(a, scales(part));
      const ScaledPoints to(b, scales(part));
      dense::arithmetic().covariance(squared_exponential_of, from.coordinates(), to.coordinates(),
                                     part.weight, k.data(), k.rows());
      sum += k;
    }
    return sum;
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    Matrix sum = Matrix::Zero(a.rows(), a.rows());
    Matrix k = Matrix::Zero(a.rows(), a.rows());
    for (const Mixture::Part& part : mixture_.parts()) {
      const ScaledPoints points(a, scales(part));
      dense::arithmetic().covariance_lower(squared_exponential_of, points.coordinates(),
                                           part.weight * scale, k.data(), k.rows());
      for (Index j = 0; j < k.cols(); ++j) {
        sum.col(j).tail(k.rows() - j) += k.col(j).tail(k.rows() - j);
      }
    }
    return sum;
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    require(w.rows() == a.rows() && w.cols() == a.rows(), "kernel: ", a.rows(),
            " points take weights of that size, got ", w.rows(), " x ", w.cols());
    const Index d = lengths_.size();
    Vector sums = Vector::Zero(2 + d);
    Vector one(1 + d);
    for (const Mixture::Part& part : mixture_.parts()) {
      const ScaledPoints points(a, scales(part));
      dense::arithmetic().contract(squared_exponential_of, points.coordinates(), w.data(),
                                   w.outerStride(), one.data());
      one *= part.weight;
      sums.head(1 + d) += one;
      sums[1 + d] += part.log_slope * one[0];
    }
    return sums;
  }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    return contracted(a, w).tail(lengths_.size() + 1);
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    Matrix sum = Matrix::Zero(b.rows(), lengths_.size());
    Matrix slopes(b.rows(), lengths_.size());
    for (const Mixture::Part& part : mixture_.parts()) {
      const Vector scale = scales(part);
      const ScaledPoints points(b, scale);
      const Vector here = scale.cwiseProduct(x);  // as ScaledPoints rounds
      dense::arithmetic().slopes(squared_exponential_of, here.data(), points.coordinates(),
                                 slopes.data(), b.rows());
      sum.noalias() += part.weight * slopes * scale.asDiagonal();
    }
    return sum.transpose() * w;
  }

 private:
  Vector scales(const Mixture::Part& part) const { return part.scale * lengths_.cwiseInverse(); }

  double smoothness_;
  Vector lengths_;
  Mixture mixture_;
};

}  // namespace

Kernel matern(double smoothness, Vector lengths) {
  require(std::isfinite(smoothness) && smoothness > 0.0,
          "kernel: expected a smoothness above zero, got ", smoothness);
  require(lengths.size() > 0 && lengths.allFinite() && lengths.minCoeff() > 0.0,
          "kernel: expected lengths above zero, got [", lengths.transpose(), "]");
  return Kernel(std::make_shared<const FreeMatern>(smoothness, std::move(lengths)));
}

}  // namespace sonde
