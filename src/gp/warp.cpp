#include "gp/warp.hpp"

#include <cmath>
#include <utility>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/kernel.hpp"

namespace sonde {

namespace {

constexpr double almost_straight = 1e-3;  // of a bend: below it a series is more exact

Bent inside(double u, double c) {
  if (std::abs(c) < almost_straight) {
    // The expansion of ln(1 + (e^c - 1) u) / c: the cumulants of a coin that shows one with u.
    const double v = u * (1.0 - u);
    const double skew = v * (1.0 - 2.0 * u);
    const double fourth = v * (1.0 - 6.0 * v);
    const double by_input = 1.0 + c / 2.0 * (1.0 - 2.0 * u) + c * c / 6.0 * (1.0 - 6.0 * v) +
                            c * c * c / 24.0 * (1.0 - 2.0 * u) * (1.0 - 12.0 * v);
    return {u + c * (v / 2.0 + c * (skew / 6.0 + c * fourth / 24.0)), by_input,
            v / 2.0 + c * (skew / 3.0 + c * fourth / 8.0)};
  }
  const double growth = std::expm1(c);
  const double at = 1.0 + growth * u;
  const double value = std::log1p(growth * u) / c;
  return {value, growth / (c * at), ((growth + 1.0) * u / at - value) / c};
}

/// (e^c - 1) / c: the slope at 0. At 1 it is that of -c.
double rise(double c) {
  return c == 0.0 ? 1.0 : std::expm1(c) / c;
}

double rise_by_bend(double c) {
  if (std::abs(c) < almost_straight) return 0.5 + c * (1.0 / 3.0 + c * (0.125 + c / 30.0));
  return (std::exp(c) - rise(c)) / c;
}

class Warped final : public KernelModel {
 public:
  Warped(Kernel kernel, Vector bends) : kernel_(std::move(kernel)), bends_(std::move(bends)) {}

  std::string name() const override { return kernel_->name() + " of warped inputs"; }
  Vector log_parameters() const override {
    const Vector inner = kernel_->log_parameters();
    Vector all(inner.size() + bends_.size());
    all << inner, bends_;
    return all;
  }
  std::shared_ptr<const KernelModel> with(VectorView parameters) const override {
    const Index d = bends_.size();
    return std::make_shared<Warped>(kernel_.with(parameters.head(parameters.size() - d)),
                                    parameters.tail(d));
  }
  Matrix covariance(PointsView a, PointsView b) const override {
    return kernel_->covariance(seen(a), seen(b));
  }
  Vector variance(PointsView a) const override { return kernel_->variance(seen(a)); }
  Vector parameter_gradient(PointsView a, MatrixView w) const override {
    const Vector sums = contracted(a, w);
    return sums.tail(sums.size() - 1);
  }
  Matrix input_gradient(VectorView x, PointsView b, MatrixView w) const override {
    const Points here = seen(x.transpose());
    Matrix gradient = kernel_->input_gradient(here.row(0).transpose(), seen(b), w);
    for (Index j = 0; j < bends_.size(); ++j) gradient.row(j) *= bent(x[j], bends_[j]).by_input;
    return gradient;
  }
  Matrix lower_covariance(PointsView a, double scale) const override {
    return kernel_->lower_covariance(seen(a), scale);
  }
  Vector contracted(PointsView a, MatrixView w) const override {
    const Points warped = seen(a);
    const Vector inner = kernel_->contracted(warped, w);
    const Index d = bends_.size();
    Vector sums(inner.size() + d);
    sums << inner, Vector::Zero(d);
    Matrix weight(a.rows(), 1);
    for (Index i = 0; i < a.rows(); ++i) {
      weight.col(0) << w.row(i).head(i).transpose(), w.col(i).tail(a.rows() - i);
      const Matrix slopes = kernel_->input_gradient(warped.row(i).transpose(), warped, weight);
      // Each pair is met from both its ends.
      for (Index j = 0; j < d; ++j)
        sums[inner.size() + j] += 2.0 * slopes(j, 0) * bent(a(i, j), bends_[j]).by_bend;
    }
    return sums;
  }

 private:
  Points seen(PointsView a) const {
    require(a.cols() == bends_.size(), "kernel: points have ", a.cols(), " columns, bends have ",
            bends_.size());
    return bent(a, bends_);
  }

  Kernel kernel_;
  Vector bends_;
};

}  // namespace

Bent bent(double u, double c) {
  if (u < 0.0) return {rise(c) * u, rise(c), rise_by_bend(c) * u};
  if (u > 1.0) return {1.0 + rise(-c) * (u - 1.0), rise(-c), -rise_by_bend(-c) * (u - 1.0)};
  return inside(u, c);
}

Points bent(PointsView points, VectorView bends) {
  Points result(points.rows(), points.cols());
  Vector column(points.rows());
  for (Index j = 0; j < points.cols(); ++j) {
    const double c = bends[j];
    if (std::abs(c) < almost_straight) {
      result.col(j) = points.col(j).unaryExpr([&](double u) { return bent(u, c).value; });
      continue;
    }
    column = std::expm1(c) * points.col(j).cwiseMax(0.0).cwiseMin(1.0);
    dense::arithmetic().log1p(column.size(), column.data(), column.data());
    const double before = rise(c);
    const double behind = rise(-c);
    for (Index i = 0; i < column.size(); ++i) {
      const double u = points(i, j);
      result(i, j) = column[i] / c;
      if (u < 0.0) result(i, j) = before * u;
      if (u > 1.0) result(i, j) = 1.0 + behind * (u - 1.0);
    }
  }
  return result;
}

Kernel warped(Kernel kernel, Vector bends) {
  require(bends.size() > 0 && bends.allFinite(), "kernel: expected finite bends, got [",
          bends.transpose(), "]");
  return Kernel(std::make_shared<const Warped>(std::move(kernel), std::move(bends)));
}

}  // namespace sonde
