#include "sonde/gp/kernel.hpp"

#include <cmath>

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
    if (named.name == "own profile" || named.name == "with a constant") continue;
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
    CHECK(near(k.diagonal(), named.kernel->variance(x), 1e-15));
    const Matrix lower = named.kernel->lower_covariance(x, 2.5);
    const Matrix difference = (lower - 2.5 * k).triangularView<Eigen::Lower>();
    CHECK(near(difference, Matrix::Zero(35, 35), 1e-15));
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
    INFO(named.name);
    CHECK(named.kernel->input_gradient(x, b, Matrix::Ones(1, 1)).isZero(0.0));
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
}
