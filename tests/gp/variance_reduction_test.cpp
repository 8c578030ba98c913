#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/gp/surrogate.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

Surrogate some_surrogate(double noise_sd) {
  const Domain domain({Parameter::linear("a", 0.0, 50.0), Parameter::log("b", 1.0, 100.0),
                       Parameter::choice("c", {"one", "two", "three"})});
  Dataset data{uniform_points(24, 3, Rng(1)), Matrix(24, 1)};
  data.y.col(0) = 20.0 * wavy(data.x);
  data.x.col(0) *= 50.0;
  data.x.col(1) = (data.x.col(1) * std::log(100.0)).array().exp();
  for (Index i = 0; i < 24; ++i) data.x(i, 2) = static_cast<double>(i % 3);
  ModelOptions options;
  options.noise_sd = noise_sd;
  options.stack.resize(1);
  options.parameter_uncertainty = false;  // which supposing leaves aside
  return Surrogate::fit(domain, {{"y", "N"}}, data, options, Matrix(0, 0), Rng(2));
}

Points some_points(Index n, Rng rng) {
  Points x = uniform_points(n, 3, rng);
  x.col(0) *= 50.0;
  x.col(1) = (x.col(1) * std::log(100.0)).array().exp();
  for (Index i = 0; i < n; ++i) x(i, 2) = static_cast<double>(i % 3);
  return x;
}

}  // namespace

TEST_CASE("the reduction is what one more observation takes from the mean variance",
          "[variance_reduction]") {
  const Surrogate surrogate = some_surrogate(0.5);
  const Points reference = some_points(60, Rng(3));
  Vector weights = Vector::LinSpaced(60, 1.0, 3.0);
  weights /= weights.sum();
  const VarianceReduction reduction(surrogate[0], reference, weights);
  const double before = surrogate[0].predict(reference).variance.dot(weights);
  CHECK(reduction.mean_variance() == Approx(before));
  const Points at = some_points(5, Rng(4));
  for (Index i = 0; i < 5; ++i) {
    const Surrogate next = surrogate.supposing(at.row(i));
    const double after = next[0].predict(reference).variance.dot(weights);
    Vector nothing;
    CHECK(reduction(at.row(i).transpose(), nothing) == Approx(before - after).epsilon(1e-7));
  }
}

TEST_CASE("its rows equal its points, its gradient central differences", "[variance_reduction]") {
  for (const double noise : {0.0, 0.5}) {
    const Surrogate surrogate = some_surrogate(noise);
    const Points reference = some_points(40, Rng(5));
    const VarianceReduction reduction(surrogate[0], reference, Vector::Constant(40, 1.0 / 40.0));
    const Points at = some_points(600, Rng(6));
    const Vector rows = reduction.on_rows(at);
    const Vector scale{{50.0, 10.0, 0.0}};
    for (Index i = 0; i < 600; i += 59) {
      const Vector x = at.row(i).transpose();
      Vector gradient(3);
      CHECK(reduction(x, gradient) == Approx(rows[i]).epsilon(1e-9));
      const ScalarField value = [&](VectorView u) { return reduction.on_rows(u.transpose())[0]; };
      const Vector expected = central_difference(value, x, scale);
      const double unit = rows.maxCoeff();
      CHECK(near(gradient.cwiseProduct(scale).head(2) / unit,
                 expected.cwiseProduct(scale).head(2) / unit, 1e-6));
      CHECK(gradient[2] == 0.0);
    }
  }
}

TEST_CASE("where the answer is known there is nothing to gain", "[variance_reduction]") {
  const Surrogate surrogate = some_surrogate(0.0);
  const Points reference = some_points(40, Rng(7));
  const VarianceReduction reduction(surrogate[0], reference, Vector::Constant(40, 1.0 / 40.0));
  const Points known = some_points(3, Rng(8));
  const VarianceReduction after(surrogate.supposing(known)[0], reference,
                                Vector::Constant(40, 1.0 / 40.0));
  CHECK(after.on_rows(known).maxCoeff() < 1e-4 * reduction.on_rows(known).minCoeff());
}

TEST_CASE("it wants a weight for each reference point", "[variance_reduction]") {
  const Surrogate surrogate = some_surrogate(0.5);
  const std::string message = message_of<ArgumentError>(
      [&] { VarianceReduction(surrogate[0], some_points(4, Rng(9)), Vector::Ones(3)); });
  CHECK(contains(message, "got 3 and 4"));
}
