#include <cmath>
#include <limits>

#include "sonde/gp/validate.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;

namespace {

// Student's 97.5 % quantiles of 3 and 2 degrees of freedom, from tables.
constexpr double t3 = 3.182446305284263;
constexpr double t2 = 4.302652729911275;
constexpr double inf = std::numeric_limits<double>::infinity();

Surrogate line(double slope) {
  Dataset data{Points(5, 1), Matrix(5, 1)};
  for (Index i = 0; i < 5; ++i) {
    data.x(i, 0) = 0.25 * static_cast<double>(i);
    data.y(i, 0) = 2.0 + slope * data.x(i, 0);
  }
  return Surrogate::fit(Domain({Parameter::linear("a", 0, 1)}), {{"y", "1"}}, data, {},
                        Matrix(0, 0), Rng(1));
}

}  // namespace

TEST_CASE("an error on held-out runs has the interval of its logarithm by Student's t",
          "[held_out]") {
  const Surrogate model = line(3.0);
  const Points x{{0.1}, {0.4}, {0.6}, {0.9}, {0.95}};
  Vector y = model[0].predict(x).mean;
  const Vector errors{{0.1, -0.2, 0.3, -0.1}};
  y.head(4) += errors;
  y[4] = std::nan("");  // no value: does not count
  const Interval error = held_out_error(model[0], x, y);
  // Squares 0.01, 0.04, 0.09, 0.01: mean 0.0375, their deviation sqrt(0.004275 / 3).
  const double mean = 0.0375;
  const double width = 0.5 * t3 * std::sqrt(0.004275 / 3.0 / 4.0) / mean;
  CHECK(error.n == 4);
  CHECK(error.value == Approx(std::sqrt(mean)).epsilon(1e-9));
  CHECK(error.lower == Approx(std::sqrt(mean) * std::exp(-width)).epsilon(1e-8));
  CHECK(error.upper == Approx(std::sqrt(mean) * std::exp(width)).epsilon(1e-8));
}

TEST_CASE("one run tells an error and nothing of its interval, none tells nothing", "[held_out]") {
  const Surrogate model = line(3.0);
  const Points x{{0.3}};
  const Interval one = held_out_error(model[0], x, Vector{{5.0}});
  CHECK(one.n == 1);
  CHECK(one.lower == 0.0);
  CHECK(one.upper == inf);
  const Interval none = held_out_error(model[0], x, Vector{{std::nan("")}});
  CHECK(none.n == 0);
  CHECK(std::isnan(none.value));
  CHECK(held_out_ratio(model[0], model[0], x, Vector{{5.0}}).upper == inf);
}

TEST_CASE("two models are compared run by run, on the logarithm", "[held_out]") {
  const Surrogate a = line(3.0);
  const Surrogate b = line(2.0);
  const Points x{{0.2}, {0.5}, {0.8}};
  const Vector errors{{0.1, -0.1, 0.2}};  // of a: squares 0.01, 0.01, 0.04, mean 0.02
  const Vector y = a[0].predict(x).mean + errors;
  const Vector squares = (b[0].predict(x).mean - y).cwiseAbs2();
  const double mean = squares.mean();
  const Vector influence = squares / mean - errors.cwiseAbs2() / 0.02;
  const double width = 0.5 * t2 * std::sqrt(influence.squaredNorm() / 2.0 / 3.0);
  const Interval ratio = held_out_ratio(a[0], b[0], x, y);
  CHECK(ratio.n == 3);
  CHECK(ratio.value == Approx(std::sqrt(mean / 0.02)).epsilon(1e-8));
  CHECK(ratio.lower == Approx(ratio.value * std::exp(-width)).epsilon(1e-7));
  CHECK(ratio.upper == Approx(ratio.value * std::exp(width)).epsilon(1e-7));
  CHECK(held_out_ratio(b[0], a[0], x, y).value == Approx(1.0 / ratio.value).epsilon(1e-8));
}

TEST_CASE("a model compared with itself is neither better nor worse", "[held_out]") {
  const Surrogate a = line(3.0);
  const Points x{{0.2}, {0.5}, {0.8}};
  const Interval same = held_out_ratio(a[0], a[0], x, Vector{{1.0, 2.0, 9.0}});
  CHECK(same.value == 1.0);
  CHECK(same.lower == 1.0);
  CHECK(same.upper == 1.0);
}
