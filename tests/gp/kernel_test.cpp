#include "sonde/gp/kernel.hpp"

#include <cmath>

#include <Eigen/Cholesky>
#include <boost/math/special_functions/bessel.hpp>

#include "sonde/base/error.hpp"
#include "sonde/gp/stationary.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

double matern52_of(double r) {
  const double t = std::sqrt(5.0) * r;
  return (1.0 + t + t * t / 3.0) * std::exp(-t);
}

double matern32_of(double r) {
  const double t = std::sqrt(3.0) * r;
  return (1.0 + t) * std::exp(-t);
}

}  // namespace

TEST_CASE("built-in kernels are what the book says, at any size and dimension", "[kernel]") {
  for (const Index d : {1, 3, 40, 100}) {
    const Points a = uniform_points(37, d, Rng(1));
    const Points b = 3.0 * uniform_points(5, d, Rng(2));
    const Vector lengths = 2.0 * some_lengths(d);
    Matrix radial32(37, 5), radial52(37, 5), exponential(37, 5);
    Matrix product32 = Matrix::Ones(37, 5), product52 = Matrix::Ones(37, 5);
    for (Index i = 0; i < 37; ++i) {
      for (Index j = 0; j < 5; ++j) {
        const Vector u = (a.row(i) - b.row(j)).transpose().cwiseQuotient(lengths);
        radial32(i, j) = matern32_of(u.norm());
        radial52(i, j) = matern52_of(u.norm());
        exponential(i, j) = std::exp(-0.5 * u.squaredNorm());
        for (const double r : u) {
          product32(i, j) *= matern32_of(std::abs(r));
          product52(i, j) *= matern52_of(std::abs(r));
        }
      }
    }
    CHECK(near(matern32(lengths)->covariance(a, b), radial32, 1e-14));
    CHECK(near(matern52(lengths)->covariance(a, b), radial52, 1e-14));
    CHECK(near(squared_exponential(lengths)->covariance(a, b), exponential, 1e-14));
    CHECK(near(matern32(lengths, Form::Product)->covariance(a, b), product32, 1e-14));
    CHECK(near(matern52(lengths, Form::Product)->covariance(a, b), product52, 1e-14));
  }
}

TEST_CASE("points far apart, in many dimensions, have no covariance and no slope", "[kernel]") {
  const Points a = Points::Zero(3, 100);
  Points b = Points::Constant(2, 100, 1e6);
  b.row(1).setConstant(1e200);
  for (const NamedKernel& named : all_kernels(100)) {
    if (contains(named.name, "anova") || named.name == "of one input") {
      CHECK(named.kernel->covariance(a, b).allFinite());
      CHECK(named.kernel->input_gradient(b.row(0).transpose(), a, Matrix::Ones(3, 1)).isZero(0.0));
      continue;  // the constant among the terms stays
    }
    if (named.name == "own profile" || named.name == "with a constant") continue;
    if (named.name.starts_with("linear")) continue;
    INFO(named.name);
    CHECK(named.kernel->covariance(a, b).isZero(0.0));
    const Vector x = b.row(0).transpose();
    CHECK(named.kernel->input_gradient(x, a, Matrix::Ones(3, 1)).isZero(0.0));
  }
}

TEST_CASE("covariances are symmetric, with the variance on the diagonal", "[kernel]") {
  const Points x = uniform_points(35, 3, Rng(3));
  for (const NamedKernel& named : all_kernels(3)) {
    INFO(named.name);
    const Matrix k = named.kernel->covariance(x, x);
    CHECK(near(k, k.transpose(), 0.0));
    CHECK(near(k.diagonal(), named.kernel->variance(x), 1e-14));
    const Matrix lower = named.kernel->lower_covariance(x, 2.5);
    const Matrix difference = (lower - 2.5 * k).triangularView<Eigen::Lower>();
    CHECK(near(difference, Matrix::Zero(35, 35), 1e-14));
  }
}

TEST_CASE("parameters come back as they went in", "[kernel]") {
  for (const NamedKernel& named : all_kernels(3)) {
    INFO(named.name);
    const Vector parameters = random_vector(named.kernel.parameters(), Rng(4));
    CHECK(near(named.kernel.with(parameters)->log_parameters(), parameters, 1e-14));
    CHECK(named.kernel.with(parameters)->name() == named.kernel->name());
  }
}

TEST_CASE("gradients in the parameters equal central differences", "[kernel]") {
  const Points x = uniform_points(37, 3, Rng(5));
  Matrix w = random_matrix(37, 37, Rng(6));
  w = (w + w.transpose()).eval();
  for (const NamedKernel& named : all_kernels(3)) {
    INFO(named.name);
    const ScalarField weighted = [&](VectorView parameters) {
      return w.cwiseProduct(named.kernel.with(parameters)->covariance(x, x)).sum();
    };
    const Vector at = named.kernel->log_parameters();
    const Vector expected = central_difference(weighted, at, Vector::Ones(at.size()));
    const double size = std::max(1.0, expected.norm());
    CHECK(near(named.kernel->parameter_gradient(x, w) / size, expected / size, 1e-8));

    Matrix lower = w;
    lower.triangularView<Eigen::StrictlyUpper>().setConstant(std::nan(""));
    const Vector contracted = named.kernel->contracted(x, lower);
    CHECK(contracted[0] == Approx(weighted(at)));
    CHECK(near(contracted.tail(at.size()) / size, expected / size, 1e-8));
  }
}

TEST_CASE("gradients in the inputs equal central differences", "[kernel]") {
  const Points b = uniform_points(37, 3, Rng(7));
  const Matrix w = random_matrix(37, 2, Rng(8));
  const Vector x{{0.3, 0.8, 0.1}};
  for (const NamedKernel& named : all_kernels(3)) {
    INFO(named.name);
    const Matrix gradient = named.kernel->input_gradient(x, b, w);
    for (Index c = 0; c < 2; ++c) {
      const ScalarField weighted = [&](VectorView at) {
        return named.kernel->covariance(at.transpose(), b).row(0).dot(w.col(c));
      };
      CHECK(near(gradient.col(c), central_difference(weighted, x, Vector::Ones(3)), 1e-8));
    }
  }
}

TEST_CASE("the slope at the point itself is zero, not undefined", "[kernel]") {
  const Points b = uniform_points(1, 3, Rng(9));
  const Vector x = b.row(0).transpose();
  for (const NamedKernel& named : all_kernels(3)) {
    if (named.name.starts_with("linear")) continue;
    INFO(named.name);
    CHECK(named.kernel->input_gradient(x, b, Matrix::Ones(1, 1)).isZero(0.0));
  }
}

TEST_CASE("an anova kernel is the sum over all sets of inputs", "[kernel]") {
  const Points x = uniform_points(20, 2, Rng(11));
  const Points z = uniform_points(9, 2, Rng(12));
  const Vector lengths{{0.4, 1.7}};
  const double a = 0.3;
  const double b = 5.0;
  for (const Family family : {Family::Matern32, Family::Matern52, Family::SquaredExponential}) {
    const auto one = [&](Index input) {
      const Vector length = lengths.segment(input, 1);
      const Kernel kernel = family == Family::Matern32   ? matern32(length)
                            : family == Family::Matern52 ? matern52(length)
                                                         : squared_exponential(length);
      return on_inputs(kernel, {input})->covariance(x, z);
    };
    const Matrix sum =
        Matrix::Ones(20, 9) + a * one(0) + b * one(1) + a * b * one(0).cwiseProduct(one(1));
    const Matrix got = anova(family, lengths, Vector{{a, b}})->covariance(x, z);
    CHECK(near(got, sum / ((1.0 + a) * (1.0 + b)), 1e-14));
  }
}

TEST_CASE("large shares give the product, a small one an input that does not count", "[kernel]") {
  const Points x = 2.0 * uniform_points(37, 3, Rng(13));
  const Vector lengths = some_lengths(3);
  const Matrix product = matern52(lengths, Form::Product)->covariance(x, x);
  for (const double large : {1e15, 1e300}) {
    const Kernel kernel = anova(Family::Matern52, lengths, Vector::Constant(3, large));
    CHECK(near(kernel->covariance(x, x), product, 1e-13));
    CHECK(kernel->contracted(x, Matrix::Ones(37, 37)).allFinite());
  }
  const Matrix one = anova(Family::Matern52, lengths.head(1), Vector::Constant(1, 1e16))
                         ->covariance(x.leftCols(1), x.leftCols(1));
  CHECK(near(one, matern52(lengths.head(1))->covariance(x.leftCols(1), x.leftCols(1)), 1e-14));

  const Kernel without = anova(Family::Matern52, lengths, Vector{{0.5, 1e-18, 2.0}});
  const Kernel two =
      on_inputs(anova(Family::Matern52, lengths({0, 2}), Vector{{0.5, 2.0}}), {0, 2});
  CHECK(near(without->covariance(x, x), two->covariance(x, x), 1e-15));
}

TEST_CASE("an additive kernel is a sum of kernels of one input", "[kernel]") {
  const Points x = uniform_points(20, 3, Rng(14));
  Kernel additive = constant(0.1);
  Matrix expected = Matrix::Constant(20, 20, 0.1);
  for (Index j = 0; j < 3; ++j) {
    const double variance = 0.5 + static_cast<double>(j);
    const Kernel one = matern52(Vector::Constant(1, 0.7));
    additive = additive + variance * on_inputs(one, {j});
    expected += variance * one->covariance(x.col(j), x.col(j));
  }
  CHECK(near(additive->covariance(x, x), expected, 1e-14));
  CHECK(additive.parameters() == 7);

  // What it says of f(x) + f(z) it says of two points with some inputs exchanged.
  Points corners(4, 3);
  corners << 0.1, 0.2, 0.3, 0.9, 0.8, 0.7, 0.9, 0.2, 0.3, 0.1, 0.8, 0.7;
  const Vector difference{{1.0, 1.0, -1.0, -1.0}};
  CHECK(std::abs(difference.dot(additive->covariance(corners, corners) * difference)) < 1e-14);
}

TEST_CASE("a linear kernel is that of a plane with random slopes", "[kernel]") {
  const Points x = uniform_points(5, 2, Rng(15));
  const Matrix k = linear(Vector{{2.0, 0.5}}, Vector{{0.5, -1.0}})->covariance(x, x);
  for (Index i = 0; i < 5; ++i) {
    for (Index j = 0; j < 5; ++j) {
      const double expected =
          2.0 * (x(i, 0) - 0.5) * (x(j, 0) - 0.5) + 0.5 * (x(i, 1) + 1.0) * (x(j, 1) + 1.0);
      CHECK(k(i, j) == Approx(expected));
    }
  }
}

TEST_CASE("a linear kernel of one variance is one whose variances are equal", "[kernel]") {
  const Points x = uniform_points(5, 3, Rng(16));
  const Vector origin{{0.5, -1.0, 0.0}};
  const Matrix k = linear(0.4, origin)->covariance(x, x);
  CHECK(near(k, linear(Vector::Constant(3, 0.4), origin)->covariance(x, x), 1e-14));
  CHECK(contains(message_of<ArgumentError>([&] { linear(0.0, origin); }), "a variance above zero"));
  CHECK(contains(message_of<ArgumentError>([&] { linear(1.0, Vector()); }), "an origin of finite"));
}

TEST_CASE("a matern of free smoothness is the book's at any smoothness", "[kernel]") {
  const Index n = 60;
  Points r(n, 1);
  for (Index i = 0; i < n; ++i) r(i, 0) = std::pow(10.0, -6.0 + 0.13 * static_cast<double>(i));
  const Points zero = Points::Zero(1, 1);
  const Vector one = Vector::Ones(1);
  for (const double nu : {0.5, 0.8, 1.0, 1.5, 1.9, 2.5, 3.3, 5.0, 8.0, 20.0}) {
    INFO("nu = " << nu);
    const Matrix got = matern(nu, one)->covariance(r, zero);
    for (Index i = 0; i < n; ++i) {
      const double t = std::sqrt(2.0 * nu) * r(i, 0);
      if (t > 600.0) {
        CHECK(got(i, 0) < 1e-200);
      } else if (std::pow(t, nu) > 1e-200) {
        const double expected = std::pow(2.0, 1.0 - nu) / std::tgamma(nu) * std::pow(t, nu) *
                                boost::math::cyl_bessel_k(nu, t);
        CHECK(std::abs(got(i, 0) - expected) < 1e-12);
      }
    }
    CHECK(matern(nu, one)->covariance(zero, zero)(0, 0) == Approx(1.0).epsilon(1e-14));
  }
}

TEST_CASE("a matern of smoothness 1.5, 2.5 and very many is one that is known", "[kernel]") {
  const Points x = 2.0 * uniform_points(37, 3, Rng(16));
  const Vector lengths = some_lengths(3);
  CHECK(near(matern(1.5, lengths)->covariance(x, x), matern32(lengths)->covariance(x, x), 1e-13));
  CHECK(near(matern(2.5, lengths)->covariance(x, x), matern52(lengths)->covariance(x, x), 1e-13));
  const Matrix limit = squared_exponential(lengths)->covariance(x, x);
  CHECK(near(matern(1e7, lengths)->covariance(x, x), limit, 1e-6));
  CHECK(near(matern(1e9, lengths)->covariance(x, x), limit, 1e-8));
  CHECK(matern(0.05, lengths)->contracted(x, Matrix::Ones(37, 37)).allFinite());
}

TEST_CASE("covariances of points that differ are positive definite", "[kernel]") {
  const Points x = 3.0 * uniform_points(40, 4, Rng(17));
  for (const NamedKernel& named : all_kernels(4)) {
    INFO(named.name);
    Matrix k = named.kernel->covariance(x, x);
    k.diagonal().array() += 1e-9 * k.diagonal().maxCoeff();
    CHECK(Eigen::LLT<Matrix>(k).info() == Eigen::Success);
  }
}

TEST_CASE("kernels say what does not fit together", "[kernel]") {
  const Points x = uniform_points(4, 3, Rng(10));
  CHECK(contains(message_of<ArgumentError>([&] { matern52(Vector::Ones(2))->covariance(x, x); }),
                 "points have 3 columns, lengths have 2"));
  CHECK(contains(message_of<ArgumentError>([&] { matern52(Vector::Zero(2)); }),
                 "lengths above zero, got [0 0]"));
  CHECK(contains(message_of<ArgumentError>([&] { constant(-1.0); }),
                 "a variance above zero, got -1"));
  CHECK(contains(message_of<ArgumentError>([&] { -2.0 * matern52(Vector::Ones(2)); }),
                 "a variance above zero, got -2"));
  CHECK(contains(message_of<ArgumentError>([&] { constant(1.0).with(Vector::Ones(2)); }),
                 "has 1 parameters, got 2"));
  CHECK(contains(
      message_of<ArgumentError>([&] { anova(Family::Matern52, Vector::Ones(2), Vector::Ones(3)); }),
      "expected 2 shares above zero, got [1 1 1]"));
  CHECK(contains(message_of<ArgumentError>([&] { matern(0.0, Vector::Ones(2)); }),
                 "a smoothness above zero, got 0"));
  CHECK(contains(message_of<ArgumentError>([&] { linear(Vector::Ones(2), Vector::Ones(1)); }),
                 "an origin of 2 finite numbers, got [1]"));
  CHECK(contains(
      message_of<ArgumentError>([&] { linear(Vector::Ones(2), Vector::Ones(2))->variance(x); }),
      "points have 3 columns, the origin of 'linear' has 2"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   on_inputs(matern52(Vector::Ones(2)), {1, 1});
                 }),
                 "each once, got [1 1]"));
  CHECK(contains(
      message_of<ArgumentError>([&] { on_inputs(matern52(Vector::Ones(1)), {7})->variance(x); }),
      "looks at column 7"));
}

TEST_CASE("inputs bent by the logarithm of their bounds' ratio are their logarithms", "[kernel]") {
  const Vector lower{{0.02, 1.0}};
  const Vector upper{{3.0, 250.0}};
  const Points u = uniform_points(20, 2, Rng(5));
  Points logs(20, 2);
  for (Index i = 0; i < 20; ++i) {
    for (Index j = 0; j < 2; ++j) {
      const double x = lower[j] + u(i, j) * (upper[j] - lower[j]);
      logs(i, j) = std::log(x / lower[j]) / std::log(upper[j] / lower[j]);
    }
  }
  const Vector bends = upper.cwiseQuotient(lower).array().log();
  const Kernel kernel = matern52(some_lengths(2), Form::Anova);
  CHECK(near(warped(kernel, bends)->covariance(u, u), kernel->covariance(logs, logs), 1e-13));
}

TEST_CASE("inputs that are not bent stay, and bends near zero are no step", "[kernel]") {
  const Points u = uniform_points(20, 2, Rng(6));
  const Kernel kernel = matern52(some_lengths(2));
  const Matrix straight = kernel->covariance(u, u);
  CHECK(warped(kernel, Vector::Zero(2))->covariance(u, u) == straight);
  // w(u) = u + c u (1 - u) / 2 + O(c^2): no bend moves a point by more than |c| / 8
  for (const double c : {1e-12, -1e-8, 9.99e-4, -1.01e-3}) {
    const Vector bends = Vector::Constant(2, c);
    const Points expected = u.array() + 0.5 * c * u.array() * (1.0 - u.array());
    CHECK(near(warped(kernel, bends)->covariance(u, u), kernel->covariance(expected, expected),
               c * c + 1e-14));
  }
}

TEST_CASE("beyond its bounds a bent input goes on along the tangent", "[kernel]") {
  const Kernel kernel = warped(linear(Vector::Ones(1), Vector::Zero(1)), Vector{{std::log(4.0)}});
  // w(u) = ln(1 + 3 u) / ln 4, with slopes 3 / ln 4 at 0 and 3 / (4 ln 4) at 1
  const Points one = Points::Ones(1, 1);
  const Points at{{-2.0}, {0.0}, {1.0}, {5.0}};
  const Vector w = kernel->covariance(at, one).col(0);
  CHECK(w[0] == Approx(-6.0 / std::log(4.0)).epsilon(1e-14));
  CHECK(w[1] == 0.0);
  CHECK(w[2] == Approx(1.0).epsilon(1e-14));
  CHECK(w[3] == Approx(1.0 + 3.0 / std::log(4.0)).epsilon(1e-14));
}
