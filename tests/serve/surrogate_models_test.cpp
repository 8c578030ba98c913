#include "serve/surrogate_models.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

namespace sonde::serve {
namespace {

using testing_support::central_difference;
using testing_support::contains;
using testing_support::near;
using testing_support::uniform_points;
using testing_support::wavy;

// Of two outputs over a linear, a log and a chosen input.
Surrogate mixed_surrogate() {
  const Domain domain({Parameter::linear("a", -2.0, 4.0), Parameter::log("b", 1e-2, 1e2),
                       Parameter::choice("c", {"steel", "glass"})});
  const Points u = uniform_points(25, 3, Rng(3));
  Dataset data{domain.rows_from_unit(u), Matrix(25, 2)};
  data.y.col(0) = wavy(u);
  data.y.col(1) = 5.0 + wavy(u).array().square();
  ModelOptions options;
  options.stack = {{.family = Family::Matern52}};
  return Surrogate::fit(domain, {{"one"}, {"two"}}, data, options, Matrix(), Rng(1));
}

TEST_CASE("derivatives of mean and deviation are central differences") {
  const std::vector<Model> models = surrogate_models(mixed_surrogate());
  const Vector x{{0.7, 3.0, 1.0}};
  for (const Model& model : models) {
    for (std::size_t k = 0; k < model.output_sizes().size(); ++k) {
      const Matrix jacobian = model.jacobian(x, k);
      REQUIRE(jacobian.rows() == 2);
      for (Index j = 0; j < 2; ++j) {
        // The label stays: its derivative means nothing.
        const ScalarField value = [&, j, k](VectorView at) {
          return model.evaluate(Vector{{at[0], at[1], 1.0}})[k][j];
        };
        const Vector expected = central_difference(value, x, Vector{{6.0, 3.0, 1.0}});
        CHECK(near(jacobian.row(j).head(2), expected.head(2).transpose(), 1e-5));
      }
    }
  }
}

TEST_CASE("mean_sd is mean and sd") {
  const std::vector<Model> models = surrogate_models(mixed_surrogate());
  const Vector x{{0.7, 3.0, 0.0}};
  CHECK(models[2].evaluate(x)[0] == models[0].evaluate(x)[0]);
  CHECK(models[2].evaluate(x)[1] == models[1].evaluate(x)[0]);
  CHECK(models[2].jacobian(x, 1) == models[1].jacobian(x, 0));
}

TEST_CASE(
    "points that are none are objected to with the input's name, those out of bounds are not") {
  const Model mean = surrogate_models(mixed_surrogate())[0];
  CHECK(mean.objection(Vector{{9.0, 1e3, 1.0}}).empty());
  CHECK(contains(mean.objection(Vector{{NAN, 1.0, 0.0}}), "'a': expected a finite number"));
  CHECK(contains(mean.objection(Vector{{0.0, 0.0, 0.0}}), "'b': expected a number above 0"));
  for (const double label : {-1.0, 0.5, 2.0})
    CHECK(
        contains(mean.objection(Vector{{0.0, 1.0, label}}), "'c': expected the number of a label"));
}

}  // namespace
}  // namespace sonde::serve
