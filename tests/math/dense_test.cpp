#include "math/dense.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "sonde/math/cholesky.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;
using dense::Arithmetic;
using dense::Correlation;

namespace {

std::vector<const Arithmetic*> levels() {
  std::vector<const Arithmetic*> found;
  for (const int level : {2, 3, 4}) {
    if (const Arithmetic* one = dense::arithmetic_of(level)) found.push_back(one);
  }
  return found;
}

constexpr Index dim = 4;
constexpr double weights[dim] = {0.0, 0.2, 0.7, 1.0};

std::vector<Correlation> correlations() {
  std::vector<Correlation> all;
  for (const dense::Family family :
       {dense::Family::Matern32, dense::Family::Matern52, dense::Family::SquaredExponential}) {
    for (const dense::Form form : {dense::Form::Radial, dense::Form::Product, dense::Form::Anova}) {
      all.push_back({family, form, weights});
    }
  }
  return all;
}

/// (n, d) as padded columns.
Matrix columns(Index n, Index d, Rng rng) {
  Matrix a = Matrix::Zero((n + dense::padding - 1) / dense::padding * dense::padding, d);
  a.topRows(n) = 2.0 * uniform_points(n, d, rng);
  return a;
}

dense::Coordinates coordinates(Index n, const Matrix& a) {
  return {n, a.cols(), a.data(), a.rows()};
}

/// All that one level computes of one problem.
std::vector<Matrix> everything(const Arithmetic& at, Correlation kind, Index n, Index d) {
  const Matrix points = columns(n, d, Rng(1));
  const Matrix others = columns(9, d, Rng(2));
  const dense::Coordinates a = coordinates(n, points);
  const dense::Coordinates b = coordinates(9, others);
  std::vector<Matrix> results;
  Matrix across(n, 9);
  at.covariance(kind, a, b, 1.3, across.data(), n);
  results.push_back(across);

  Matrix factor(n, n);
  at.covariance_lower(kind, a, 1.3, factor.data(), n);
  factor.diagonal().array() += 0.1;
  factor.triangularView<Eigen::StrictlyUpper>().setZero();
  Vector sums(1 + (kind.form == dense::Form::Anova ? 2 * d : d));
  at.contract(kind, a, factor.data(), n, sums.data());
  results.push_back(sums);
  REQUIRE(at.cholesky(n, factor.data(), n));
  results.push_back(factor.triangularView<Eigen::Lower>());

  Matrix half = across;
  at.half_solve(n, 9, factor.data(), n, half.data(), n);
  results.push_back(half);
  at.half_solve_transposed(n, 9, factor.data(), n, half.data(), n);
  results.push_back(half);
  Matrix product = Matrix::Ones(9, 9);
  at.add_product(9, 9, n, -0.7, across.data(), n, half.data(), n, product.data(), 9);
  results.push_back(product);
  Vector vector(9);
  at.transposed_times(n, 9, across.data(), n, half.data(), vector.data());
  results.push_back(vector);
  at.squared_norms(n, 9, across.data(), n, vector.data());
  results.push_back(vector);
  at.inverse(n, factor.data(), n);
  results.push_back(factor.triangularView<Eigen::Lower>());

  const Vector x = Vector::LinSpaced(d, 0.1, 1.7);
  Matrix slopes(n, d);
  at.slopes(kind, x.data(), a, slopes.data(), n);
  results.push_back(slopes);
  return results;
}

}  // namespace

TEST_CASE("the instruction sets agree", "[dense]") {
  for (const Correlation kind : correlations()) {
    for (const Index n : {1, 5, 32, 75}) {
      const std::vector<Matrix> expected = everything(*levels().front(), kind, n, dim);
      for (const Arithmetic* level : levels()) {
        INFO(level->name << ", n = " << n);
        const std::vector<Matrix> got = everything(*level, kind, n, dim);
        for (std::size_t i = 0; i < got.size(); ++i) {
          INFO("result " << i);
          const double size = std::max(expected[i].cwiseAbs().maxCoeff(), 1e-300);
          CHECK(near(got[i] / size, expected[i] / size, 1e-12));
        }
      }
    }
  }
}

TEST_CASE("the logarithm of 1 + x is accurate to three units in the last place", "[dense]") {
  Vector x(6001);  // an odd number: packs are filled up
  for (Index i = 0; i < 3000; ++i) {
    const double size =
        std::ldexp(1.0 + static_cast<double>(i % 7) / 7.0, static_cast<int>(i / 40) - 60);
    x[2 * i] = size;
    x[2 * i + 1] = size < 1.0 ? -size : 0.5 / size - 1.0;
  }
  x[6000] = 0.0;
  for (const Arithmetic* at : levels()) {
    INFO(at->name);
    Vector got(x.size());
    at->log1p(x.size(), x.data(), got.data());
    double worst = 0.0;
    for (Index i = 0; i < 6000; ++i) {
      const long double exact = std::log1p(static_cast<long double>(x[i]));
      const double ulp = std::ldexp(1.0, std::ilogb(static_cast<double>(exact)) - 52);
      worst = std::max(worst, static_cast<double>(std::abs(got[i] - exact)) / ulp);
    }
    CHECK(worst < 3.0);
    CHECK(got[6000] == 0.0);
  }
}

TEST_CASE("the exponential is accurate to two units in the last place", "[dense]") {
  // A squared exponential in one dimension at distance u is exp(-u^2 / 2); u^2 / 2 is made exact.
  const Index n = 4096;
  Matrix a(n, 1);
  for (Index i = 0; i < n; ++i) {
    // 17 bits: the square has no rounding.
    const double t = std::ldexp(static_cast<double>(1 + 31 * i), -12);
    a(i, 0) = t;
  }
  const Matrix zero = Matrix::Zero(dense::padding, 1);
  for (const Arithmetic* level : levels()) {
    INFO(level->name);
    Vector value(n);
    level->covariance({dense::Family::SquaredExponential, dense::Form::Radial}, coordinates(n, a),
                      coordinates(1, zero), 1.0, value.data(), n);
    double worst = 0.0;
    for (Index i = 0; i < n; ++i) {
      const long double t = a(i, 0);
      const long double exact = std::exp(-0.5L * t * t);
      const double rounded = static_cast<double>(exact);
      if (rounded < 1e-300) continue;
      const double unit = std::nextafter(rounded, 1.0) - rounded;
      worst = std::max(worst, std::abs(static_cast<double>(value[i] - exact)) / unit);
    }
    CHECK(worst < 2.0);
    CHECK(value[n - 1] < 1e-200);
  }
}

TEST_CASE("products of any shape are what they are number by number", "[dense]") {
  struct Shape {
    Index m, n, k;
  };
  for (const Arithmetic* level : levels()) {
    for (const Shape s :
         {Shape{1, 1, 1}, {25, 9, 300}, {7, 600, 3}, {430, 31, 257}, {24, 8, 0}, {0, 4, 4}}) {
      INFO(level->name << ": " << s.m << " x " << s.n << ", " << s.k);
      const Matrix a = random_matrix(s.k + 2, s.m, Rng(1));
      const Matrix b = random_matrix(s.k + 1, s.n, Rng(2));
      const Matrix before = random_matrix(s.m + 3, s.n, Rng(3));
      Matrix c = before;
      level->add_product(s.m, s.n, s.k, -0.5, a.data(), s.k + 2, b.data(), s.k + 1, c.data(),
                         s.m + 3);
      Matrix expected = before;
      expected.topRows(s.m) -= 0.5 * a.topRows(s.k).transpose().lazyProduct(b.topRows(s.k)).eval();
      CHECK(near(c, expected, 1e-12));
    }
  }
}

TEST_CASE("large factors, solves and inverses undo what they are made from", "[dense]") {
  for (const Arithmetic* level : levels()) {
    for (const Index n : {17, 49, 261, 530}) {
      INFO(level->name << ", n = " << n);
      const Matrix root = random_matrix(n, n, Rng(4));
      const Matrix a = root * root.transpose() + static_cast<double>(n) * Matrix::Identity(n, n);
      Matrix factor = a;
      factor.triangularView<Eigen::StrictlyUpper>().setConstant(7.0);
      REQUIRE(level->cholesky(n, factor.data(), n));
      CHECK((factor.diagonal(1).array() == 7.0).all());  // what stands above is left alone
      factor.triangularView<Eigen::StrictlyUpper>().setZero();
      CHECK(near(factor * factor.transpose() / a(0, 0), a / a(0, 0), 1e-13));

      const Matrix b = random_matrix(n, 37, Rng(5));
      Matrix half = b;
      level->half_solve(n, 37, factor.data(), n, half.data(), n);
      CHECK(near(factor * half, b, 1e-12));

      Matrix inverse = factor;
      level->inverse(n, inverse.data(), n);
      CHECK(near(inverse.selfadjointView<Eigen::Lower>() * a, Matrix::Identity(n, n), 1e-12));
      CHECK(inverse.triangularView<Eigen::StrictlyUpper>().toDenseMatrix().isZero(0.0));
    }
  }
}

TEST_CASE("every level refuses what has no factor", "[dense]") {
  for (const Arithmetic* level : levels()) {
    for (const double bad : {-1.0, 0.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
      Matrix a = Matrix::Identity(50, 50);
      a(40, 40) = bad;
      CHECK(!level->cholesky(50, a.data(), 50));
    }
  }
}

TEST_CASE("the name in use is one of the levels", "[dense]") {
  const std::string name = dense_arithmetic();
  CHECK((name == "portable" || name.substr(0, 8) == "x86-64-v"));
}
