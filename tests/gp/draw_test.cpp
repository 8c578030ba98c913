#include "sonde/gp/draw.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

Surrogate believed() {
  const Domain domain({Parameter::linear("a", -1.0, 3.0), Parameter::linear("b", 0.0, 1.0)});
  const Points x = design::sobol(domain, 12, Rng(1));
  Dataset data{x, Matrix(12, 1)};
  for (Index i = 0; i < 12; ++i) data.y(i, 0) = std::sin(2.0 * x(i, 0)) + x(i, 1);
  ModelOptions options;
  options.stack = {{}};
  options.parameter_uncertainty = false;
  return Surrogate::fit(domain, {{"y", "1"}}, data, options, Matrix(), Rng(1));
}

TEST_CASE("a draw goes through what was observed, and is the same for the same seed", "[draw]") {
  const Surrogate surrogate = believed();
  const Points x = surrogate[0].x();
  const ScalarField one = posterior_draw(surrogate, 0, 200, Rng(3));
  const ScalarField same = posterior_draw(surrogate, 0, 200, Rng(3));
  const ScalarField other = posterior_draw(surrogate, 0, 200, Rng(4));
  const Vector off = one.on_rows(x) - surrogate[0].observed();
  const Vector doubt =
      surrogate[0].predict(x).variance.cwiseSqrt().array() + surrogate[0].noise_sd();
  CHECK(off.cwiseQuotient(doubt).cwiseAbs().maxCoeff() < 5.0);
  CHECK(doubt.maxCoeff() < 0.01 * surrogate[0].spread());
  const Points between = design::sobol(surrogate.domain(), 20, Rng(5));
  CHECK(one.on_rows(between) == same.on_rows(between));
  CHECK(one.on_rows(between) != other.on_rows(between));
  CHECK(one(between.row(3)) == Approx(one.on_rows(between)[3]).epsilon(1e-9));
}

// Over n draws the mean of squares of (draw - mean) / deviation is chi-squared over n: a standard
// deviation of sqrt(2 / n), 0.1 here; at each of five points, five of them allowed.
TEST_CASE("draws scatter about the mean as the surrogate says", "[draw]") {
  const Surrogate surrogate = believed();
  const Points at = design::sobol(surrogate.domain(), 5, Rng(6));
  const Marginals said = surrogate[0].predict(at);
  constexpr int draws = 200;
  Vector sum = Vector::Zero(5), squares = Vector::Zero(5);
  for (int k = 0; k < draws; ++k) {
    const Vector z =
        (posterior_draw(surrogate, 0, 150, Rng(100 + static_cast<std::uint64_t>(k))).on_rows(at) -
         said.mean)
            .cwiseQuotient(said.variance.cwiseSqrt());
    sum += z;
    squares += z.cwiseAbs2();
  }
  for (Index i = 0; i < 5; ++i) {
    CHECK(std::abs(sum[i] / draws) < 5.0 / std::sqrt(draws));
    CHECK(std::abs(squares[i] / draws - 1.0) < 5.0 * std::sqrt(2.0 / draws));
  }
}

TEST_CASE("a draw of nothing is refused", "[draw]") {
  CHECK_THROWS_AS(posterior_draw(believed(), 1, 100, Rng(1)), ArgumentError);
  CHECK_THROWS_AS(posterior_draw(believed(), 0, 0, Rng(1)), ArgumentError);
}

}  // namespace
}  // namespace sonde
