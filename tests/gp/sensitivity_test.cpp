#include "sonde/gp/sensitivity.hpp"

#include <cmath>

#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::near;

const Domain box({Parameter::linear("a", 1.0, 3.0), Parameter::linear("b", 1.0, 3.0),
                  Parameter::log("c", 0.1, 10.0), Parameter::choice("d", {"x", "y"})});

template <class F>
Surrogate fitted(F f) {
  const Points x = design::sobol(box, 64, Rng(1));
  Dataset data{x, Matrix(x.rows(), 1)};
  for (Index i = 0; i < x.rows(); ++i) data.y(i, 0) = f(x.row(i));
  ModelOptions options;
  options.stack = {{.family = Family::SquaredExponential, .form = Form::Anova}};
  return Surrogate::fit(box, {{"y", ""}}, data, options, Matrix(), Rng(2));
}

TEST_CASE("total effects of a sum are its parts of the variance", "[sensitivity]") {
  // Of a uniform variable on an interval of length l the variance is l^2 / 12, of a fair coin 1/4.
  const Surrogate surrogate = fitted([](const auto& x) {
    return 3.0 * x[0] + x[1] + std::log(x[2]) / std::log(10.0) + 2.0 * x[3];
  });
  const double sum = 9.0 / 3.0 + 1.0 / 3.0 + 1.0 / 3.0 + 1.0;
  const Vector expected = Vector{{3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0}} / sum;
  CHECK(near(total_effects(surrogate, 0, 1024, Rng(3)), expected, 0.03));
}

TEST_CASE("of a product about the middle each factor has a share in all", "[sensitivity]") {
  const Surrogate surrogate =
      fitted([](const auto& x) { return (x[0] - 2.0) * (x[1] - 2.0) + 5.0; });
  CHECK(near(total_effects(surrogate, 0, 1024, Rng(3)), Vector{{1.0, 1.0, 0.0, 0.0}}, 0.08));
}

TEST_CASE("what is constant has no effects", "[sensitivity]") {
  const Surrogate surrogate = fitted([](const auto&) { return 7.0; });
  CHECK(total_effects(surrogate, 0, 64, Rng(3)).isZero());
}

}  // namespace
}  // namespace sonde
