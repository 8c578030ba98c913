#include "sonde/math/cholesky.hpp"

#include <cmath>

#include <Eigen/LU>

#include "math/dense.hpp"
#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

Matrix positive(Index n, Rng rng) {
  const Matrix a = random_matrix(n, n, rng);
  return a * a.transpose() / static_cast<double>(n) + 0.1 * Matrix::Identity(n, n);
}

}  // namespace

TEST_CASE("a factor multiplies out, solves and inverts, at sizes around every block",
          "[cholesky]") {
  for (const Index n : {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 100, 257}) {
    INFO("n = " << n);
    const Matrix a = positive(n, Rng(1));
    const Cholesky factor = Cholesky::of(a).value();
    CHECK(near(factor.lower() * factor.lower().transpose(), a, 1e-12));
    CHECK(near(factor.lower().triangularView<Eigen::StrictlyUpper>(), Matrix::Zero(n, n), 0.0));
    for (const Index c : {1, 3, 40}) {
      const Matrix b = random_matrix(n, c, Rng(2));
      CHECK(near(a * factor.solve(b), b, 1e-11));
      CHECK(near(factor.lower() * factor.half_solve(b), b, 1e-11));
    }
    CHECK(near(factor.inverse() * a, Matrix::Identity(n, n), 1e-11));
    CHECK(near(factor.inverse(), factor.inverse().transpose(), 0.0));
    CHECK(factor.log_determinant() ==
          Approx(a.partialPivLu().matrixLU().diagonal().array().abs().log().sum()));
  }
}

TEST_CASE("an appended factor equals the factor of the whole", "[cholesky]") {
  const Matrix a = positive(60, Rng(3));
  const Cholesky whole = Cholesky::of(a).value();
  for (const Index k : {1, 5, 40}) {
    const Index n = 60 - k;
    const Cholesky top = Cholesky::of(a.topLeftCorner(n, n)).value();
    const Cholesky grown = top.appended(a.topRightCorner(n, k), a.bottomRightCorner(k, k)).value();
    CHECK(near(grown.lower(), whole.lower(), 1e-12));
    CHECK(top.size() == n);
  }
}

TEST_CASE("what is not positive definite has no factor", "[cholesky]") {
  Matrix a = positive(40, Rng(4));
  a(39, 39) = -1.0;
  CHECK(!Cholesky::of(a));
  a(39, 39) = std::nan("");
  CHECK(!Cholesky::of(a));
  CHECK(!Cholesky::of(Matrix::Zero(3, 3)));
  const Cholesky one = Cholesky::of(Matrix::Ones(1, 1)).value();
  CHECK(!one.appended(Matrix::Ones(1, 1), Matrix::Ones(1, 1)));
  CHECK(contains(message_of<ArgumentError>([] { Cholesky::of(Matrix::Ones(2, 3)); }),
                 "a square matrix, got 2 x 3"));
  CHECK(contains(message_of<ArgumentError>([&] { one.solve(Matrix::Ones(2, 3)); }),
                 "has 1 rows, the right side has 2"));
  CHECK(contains(
      message_of<ArgumentError>([&] { one.appended(Matrix::Ones(2, 3), Matrix::Ones(3, 3)); }),
      "takes blocks 1 x 3 and 3 x 3; got 2 x 3"));
}
