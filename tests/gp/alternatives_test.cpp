#include "gp/alternatives.hpp"

#include <Eigen/Cholesky>
#include <cmath>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

namespace sonde {
namespace {

using namespace testing_support;

GaussianProcess some_process(Index n) {
  const Points x = uniform_points(n, 2, Rng(1));
  return {1.3 * matern52(some_lengths(2)), 1e-4, x, wavy(x)};
}

TEST_CASE("parameters that a prior knows leave one mean", "[alternatives]") {
  const GaussianProcess process = some_process(15);
  const Points reference = uniform_points(50, 2, Rng(2));
  CHECK(alternatives(process, Vector::Constant(3, 1e-4), reference).empty());
  CHECK_FALSE(alternatives(process, Vector::Constant(3, 1.5), reference).empty());
}

TEST_CASE("with one uncertain parameter the alternative lies one standard deviation off",
          "[alternatives]") {
  // Only the first length is uncertain: 1 / (curvature + 1 / 1.5^2), by differences of evidences.
  const GaussianProcess process = some_process(15);
  const Vector deviations{{1e-4, 1.5, 1e-4}};
  const Alternatives others = alternatives(process, deviations, uniform_points(50, 2, Rng(2)));
  REQUIRE(others.size() == 1);
  const Vector at = process.kernel()->log_parameters();
  const auto evidence = [&](double step) {
    Vector moved = at;
    moved[1] += step;
    return GaussianProcess(process.kernel().with(moved), process.noise(), process.x(), process.y())
        .log_evidence();
  };
  const double h = 1e-3;
  const double curvature = -(evidence(h) - 2.0 * evidence(0.0) + evidence(-h)) / (h * h);
  const Vector off = others[0].kernel()->log_parameters() - at;
  CHECK(off[1] == Approx(-1.0 / std::sqrt(curvature + 1.0 / 2.25)).epsilon(0.05));
  CHECK(std::abs(off[0]) + std::abs(off[2]) < 1e-3);
}

TEST_CASE("of many points and parameters the alternatives add what the whole curvature says",
          "[alternatives]") {
  const Index d = 10;  // 11 parameters, of which eight directions are followed
  const Points x = uniform_points(140, d, Rng(8));
  Vector y(x.rows());
  for (Index i = 0; i < x.rows(); ++i)
    y[i] = std::sin(3.0 * x(i, 0)) + x(i, 1) * x(i, 2) + 0.3 * x.row(i).sum();
  const GaussianProcess process(1.3 * matern52(Vector::Constant(d, 1.5)), 1e-3, x, y);
  const Points reference = uniform_points(100, d, Rng(9));
  const Vector deviations = Vector::Constant(d + 1, 0.2);
  // To first order: the means' slopes about the parameters, and the curvature of the evidence, both
  // by central differences.
  const Vector at = process.kernel()->log_parameters();
  const auto moved = [&](Index j, double step) {
    Vector parameters = at;
    parameters[j] += step;
    return GaussianProcess(process.kernel().with(parameters), process.noise(), x, y);
  };
  const double h = 1e-3;
  Matrix slopes(reference.rows(), at.size());
  Matrix curvature(at.size(), at.size());
  for (Index j = 0; j < at.size(); ++j) {
    const GaussianProcess up = moved(j, h);
    const GaussianProcess down = moved(j, -h);
    slopes.col(j) = (up.predict_mean(reference) - down.predict_mean(reference)) / (2.0 * h);
    curvature.col(j) =
        (down.log_evidence_gradient() - up.log_evidence_gradient()).head(at.size()) / (2.0 * h);
  }
  curvature.diagonal() += deviations.cwiseAbs2().cwiseInverse();
  const double expected = (slopes * curvature.llt().solve(slopes.transpose())).trace();
  const Alternatives others = alternatives(process, deviations, reference);
  REQUIRE(!others.empty());
  const double scatter = scatter_of(others, reference, process.predict_mean(reference)).sum();
  CAPTURE(scatter, expected);
  CHECK(scatter > 0.85 * expected);
  CHECK(scatter < 1.15 * expected);
}

TEST_CASE("the scatter of alternatives has the slope of its central differences",
          "[alternatives]") {
  const GaussianProcess process = some_process(15);
  const Alternatives others =
      alternatives(process, Vector::Constant(3, 1.5), uniform_points(50, 2, Rng(2)));
  REQUIRE(!others.empty());
  const Vector x{{0.3, 0.8}};
  const LocalMarginal local = process.predict_at(x);
  Vector gradient;
  const double scatter = scatter_of(others, x, local.mean, local.mean_gradient, gradient);
  const ScalarField of = [&](VectorView u) {
    const Points at = u.transpose();
    return scatter_of(others, at, process.predict_mean(at))[0];
  };
  CHECK(scatter == Approx(of(x)));
  CHECK(near(gradient, central_difference(of, x, Vector::Ones(2)), 1e-7));
}

TEST_CASE("the means of a process and of its posterior mean are the same", "[alternatives]") {
  const Points x = uniform_points(20, 2, Rng(3));
  const Points at = uniform_points(7, 2, Rng(4));
  for (const Trend trend : {Trend::Zero, Trend::Constant, Trend::Quadratic}) {
    const GaussianProcess process(1.3 * matern52(some_lengths(2)), 1e-4, x, wavy(x), trend);
    CHECK(near(process.posterior_mean().on_rows(at), process.predict_mean(at), 1e-12));
    Vector slope(2);
    process.posterior_mean()(at.row(0).transpose(), slope);
    CHECK(near(slope, process.predict_at(at.row(0).transpose()).mean_gradient, 1e-12));
  }
}

TEST_CASE("what the parameters add to variances is theirs to the covariance too",
          "[alternatives]") {
  const Domain domain({Parameter::linear("a", 1.0, 2.0), Parameter::linear("b", 1.0, 2.0)});
  Dataset data{(uniform_points(10, 2, Rng(5)).array() + 1.0).matrix(), Matrix(10, 1)};
  data.y.col(0) = 3.0 + wavy(data.x).array();
  ModelOptions options;
  const Surrogate with = Surrogate::fit(domain, {{"y", ""}}, data, options, Matrix(), Rng(1));
  options.parameter_uncertainty = false;
  const Surrogate without = Surrogate::at(domain, {{"y", ""}}, data, options, with.parameters());
  const Points at = (uniform_points(20, 2, Rng(6)).array() + 1.0).matrix();
  CHECK((with[0].predict(at).variance.array() >= without[0].predict(at).variance.array()).all());
  CHECK(with[0].predict(at).variance.sum() > 1.01 * without[0].predict(at).variance.sum());
  const Matrix covariance = with[0].covariance(at, at);
  CHECK(near(covariance.diagonal(), with[0].predict(at).variance, 1e-10));
}

}  // namespace
}  // namespace sonde
