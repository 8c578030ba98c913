#include "gp/noise.hpp"

#include <cmath>

#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/gp/validate.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

namespace sonde {
namespace {

using namespace testing_support;

Domain box(Index d) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < d; ++j)
    parameters.push_back({.name = "x" + std::to_string(j), .lower = 0.0, .upper = 1.0});
  return Domain(std::move(parameters));
}

double truth(VectorView x) {
  return std::sin(6.0 * x[0]) + x.sum();
}

/// From 0.05 to 0.5 along the first input.
double tenfold(VectorView x) {
  return 0.05 * std::pow(10.0, x[0]);
}
double same(VectorView) {
  return 0.2;
}

/// Points in turn, each several times; evenly spaced along the first input.
Dataset replicated(Index points, Index d, Index replicates, double (*noise)(VectorView), Rng rng) {
  Points x = uniform_points(points, d, rng.child("x"));
  for (Index i = 0; i < points; ++i)
    x(i, 0) = (static_cast<double>(i) + 0.5) / static_cast<double>(points);
  const Vector errors = random_vector(points * replicates, rng.child("errors"));
  Dataset data{Points(points * replicates, d), Matrix(points * replicates, 1)};
  for (Index i = 0; i < data.size(); ++i) {
    const Vector at = x.row(i % points).transpose();
    data.x.row(i) = at.transpose();
    data.y(i, 0) = truth(at) + noise(at) * errors[i];
  }
  return data;
}

ModelOptions one_process() {
  ModelOptions options;
  options.stack = {{.form = Form::Radial}};
  options.parameter_uncertainty = false;  // which supposing leaves aside
  return options;
}

Surrogate fitted(const Dataset& data, const ModelOptions& options) {
  return Surrogate::fit(box(data.x.cols()), {{"y", ""}}, data, options, Matrix(), Rng(2));
}

Scatter scatter_of(const Vector& sd, Index freedom, Rng rng) {
  Scatter scatter{Vector(sd.size()), Vector::Constant(sd.size(), static_cast<double>(freedom))};
  for (Index i = 0; i < sd.size(); ++i) {
    scatter.squares[i] =
        (sd[i] * random_vector(freedom, rng.child("point", static_cast<std::uint64_t>(i))))
            .squaredNorm();
  }
  return scatter;
}

TEST_CASE("noise that varies tenfold is recovered from replicates", "[noise]") {
  const Dataset data = replicated(30, 1, 5, tenfold, Rng(1));
  const Surrogate surrogate = fitted(data, one_process());
  REQUIRE(surrogate[0].has_varying_noise());
  const Points at = uniform_points(200, 1, Rng(3));
  const Vector found = surrogate[0].noise_sd(at);
  Vector off(200);
  for (Index i = 0; i < 200; ++i) off[i] = std::log(found[i] / tenfold(at.row(i).transpose()));
  // ln sd is a line here, and 120 degrees of freedom tell its two numbers with a standard error of
  // sqrt(2 / 240) = 0.09; one point by itself with 0.35.
  CHECK(off.norm() / std::sqrt(200.0) < 3.0 * 0.09);
}

TEST_CASE("intervals of further observations hold in the noisy and in the quiet half", "[noise]") {
  const Dataset data = replicated(30, 1, 5, tenfold, Rng(1));
  const Dataset fresh = replicated(4000, 1, 1, tenfold, Rng(4));
  ModelOptions options = one_process();
  const auto score = [&](const Surrogate& surrogate, bool noisy) {
    std::vector<Index> rows;
    for (Index i = 0; i < fresh.size(); ++i) {
      if ((fresh.x(i, 0) > 0.5) == noisy) rows.push_back(i);
    }
    const Points x = fresh.x(rows, Eigen::all);
    const Vector y = fresh.y(rows, 0);
    const Marginals m = surrogate[0].predict(x);
    return scores(y, m.mean, m.variance + surrogate[0].noise_sd(x).cwiseAbs2());
  };
  const Surrogate varying = fitted(data, options);
  options.varying_noise = false;
  const Surrogate pooled = fitted(data, options);
  CHECK_FALSE(pooled[0].has_varying_noise());
  for (const bool noisy : {false, true}) {
    // An error of 0.2 in ln sd, twice what was derived above, takes 95 % to 89 or 98 %.
    CHECK(score(varying, noisy).coverage95 == Approx(0.95).margin(0.06));
    CHECK(score(varying, noisy).log_score > score(pooled, noisy).log_score + 0.1);
  }
  // The pooled sd is 0.24: three times that of the quiet half.
  CHECK(score(pooled, false).coverage95 > 0.99);
  CHECK(score(pooled, true).coverage95 < score(varying, true).coverage95);
}

TEST_CASE("what is noisy counts less: the mean is nearer to the truth", "[noise]") {
  const Points at = uniform_points(500, 1, Rng(5));
  Vector expected(500);
  for (Index i = 0; i < 500; ++i) expected[i] = truth(at.row(i).transpose());
  double varying = 0.0;
  double pooled = 0.0;
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    const Dataset data = replicated(25, 1, 4, tenfold, Rng(seed));
    ModelOptions options = one_process();
    varying += (fitted(data, options)[0].predict(at).mean - expected).squaredNorm();
    options.varying_noise = false;
    pooled += (fitted(data, options)[0].predict(at).mean - expected).squaredNorm();
  }
  CHECK(varying < pooled);
}

TEST_CASE("noise that is the same everywhere stays pooled, to the bit", "[noise]") {
  const Dataset data = replicated(25, 2, 3, same, Rng(6));
  ModelOptions options;
  const Surrogate asked = fitted(data, options);
  options.varying_noise = false;
  const Surrogate pooled = fitted(data, options);
  const Points at = uniform_points(50, 2, Rng(7));
  CHECK_FALSE(asked[0].has_varying_noise());
  CHECK(near(asked.parameters().row(0).transpose(), pooled.parameters().row(0).transpose(), 0.0));
  CHECK(near(asked[0].predict(at).mean, pooled[0].predict(at).mean, 0.0));
  CHECK(near(asked[0].predict(at).variance, pooled[0].predict(at).variance, 0.0));
  CHECK(near(asked[0].noise_sd(at), pooled[0].noise_sd(at), 0.0));
  const Vector of_one = fitted(data, one_process())[0].noise_sd(at);
  CHECK(of_one.maxCoeff() == Approx(of_one.minCoeff()).epsilon(1e-14));
  CHECK(of_one[0] == Approx(fitted(data, one_process())[0].noise_sd()));
}

TEST_CASE("chance alone seldom looks like noise that varies", "[noise]") {
  const Features features(box(2), false);
  int alarms = 0;
  for (std::uint64_t set = 0; set < 100; ++set) {
    const Points x = uniform_points(20, 2, Rng(set).child("x"));
    const Scatter scatter = scatter_of(Vector::Constant(20, 0.3), 2, Rng(set));
    alarms += VaryingNoise::found(features, x, scatter, 1e-10) ? 1 : 0;
  }
  // At odds of e^3 less than 1 in 100 is expected: more than 4 has a chance of 0.4 %.
  CHECK(alarms <= 4);
}

TEST_CASE("too few replicates tell nothing of how noise varies", "[noise]") {
  const Features features(box(1), false);
  const Points x = Vector::LinSpaced(20, 0.0, 1.0);
  const Vector sd = (6.0 * x.col(0)).array().exp();
  Scatter scatter = scatter_of(sd, 4, Rng(8));
  CHECK(VaryingNoise::found(features, x, scatter, 1e-10));
  for (Index i = 5; i < 20; ++i) scatter.squares[i] = scatter.freedom[i] = 0.0;
  CHECK_FALSE(VaryingNoise::found(features, x, scatter, 1e-10));
  CHECK_FALSE(
      VaryingNoise::found(features, x.topRows(9), scatter_of(sd.head(9), 1, Rng(8)), 1e-10));
}

TEST_CASE("shares have a geometric mean of one, and slopes", "[noise]") {
  const Domain domain({Parameter::linear("a", -3.0, 7.0), Parameter::log("b", 1.0, 100.0)});
  const Features features(domain, false);
  Points x = uniform_points(40, 2, Rng(9));
  const Vector sd = (2.0 * x.col(0) - x.col(1)).array().exp();
  x.col(0) = x.col(0).array() * 10.0 - 3.0;
  x.col(1) = (x.col(1) * std::log(100.0)).array().exp();
  const Scatter scatter = scatter_of(sd, 4, Rng(10));
  const std::optional<VaryingNoise> varying = VaryingNoise::found(features, x, scatter, 1e-10);
  REQUIRE(varying);
  CHECK(varying->on_rows(x).array().log().mean() == Approx(0.0).margin(1e-12));
  const Vector at{{1.3, 20.0}};
  Vector gradient(2);
  CHECK((*varying)(at, gradient) == Approx(varying->on_rows(at.transpose())[0]));
  const ScalarField share = [&](VectorView p) { return varying->on_rows(p.transpose())[0]; };
  const Vector scale{{10.0, 20.0}};
  CHECK(near(gradient.cwiseProduct(scale),
             central_difference(share, at, scale, 1e-5).cwiseProduct(scale), 1e-7));
}

TEST_CASE("a simulator that repeats itself has no noise", "[noise]") {
  Dataset data = replicated(15, 1, 3, same, Rng(11));
  for (Index i = 0; i < data.size(); ++i) data.y(i, 0) = truth(data.x.row(i).transpose());
  ModelOptions options;
  const Surrogate asked = fitted(data, options);
  options.varying_noise = false;
  CHECK_FALSE(asked[0].has_varying_noise());
  CHECK(near(asked.parameters().row(0).transpose(),
             fitted(data, options).parameters().row(0).transpose(), 0.0));
  CHECK(asked[0].noise_sd(data.x).maxCoeff() < 1e-3);
}

TEST_CASE("replicates that agree by chance are one more quiet place", "[noise]") {
  Dataset data = replicated(30, 1, 4, tenfold, Rng(12));
  for (const Index point : {3, 17}) {
    for (Index i = 1; i < 4; ++i) data.y(point + 30 * i, 0) = data.y(point, 0);
  }
  const Surrogate surrogate = fitted(data, one_process());
  const Points at = Vector::LinSpaced(50, 0.0, 1.0);
  const Vector noise = surrogate[0].noise_sd(at);
  REQUIRE(surrogate[0].has_varying_noise());
  CHECK(noise.minCoeff() > 0.01);
  CHECK(noise.maxCoeff() < 1.5);
  CHECK(noise[49] > 3.0 * noise[0]);
}

TEST_CASE("half of a domain without any noise is seen", "[noise]") {
  Dataset data = replicated(40, 1, 3, same, Rng(13));
  for (Index i = 0; i < data.size(); ++i) {
    if (data.x(i, 0) < 0.5) data.y(i, 0) = truth(data.x.row(i).transpose());
  }
  const Surrogate surrogate = fitted(data, one_process());
  REQUIRE(surrogate[0].has_varying_noise());
  const Vector noise = surrogate[0].noise_sd(Points(Vector{{0.25, 0.75}}));
  CHECK(noise[0] < 0.1 * noise[1]);
  CHECK(noise[1] == Approx(0.2).epsilon(0.4));  // 40 degrees of freedom: 11 %, and the step
  CHECK(surrogate[0].leave_one_out().mean.allFinite());
}

TEST_CASE("the unit of an output cancels from its noise", "[noise]") {
  Dataset data = replicated(25, 1, 4, tenfold, Rng(14));
  const Points at = uniform_points(20, 1, Rng(15));
  const Surrogate plain = fitted(data, one_process());
  REQUIRE(plain[0].has_varying_noise());
  const Matrix y = data.y;
  for (const double unit : {std::ldexp(1.0, -400), 1.0 / 1024.0, std::ldexp(1.0, 400)}) {
    INFO("unit " << unit);
    data.y = unit * y;
    const Surrogate scaled = fitted(data, one_process());
    CHECK(near(scaled[0].noise_sd(at) / unit, plain[0].noise_sd(at), 1e-12));
    CHECK(near(scaled[0].predict(at).mean / unit, plain[0].predict(at).mean, 1e-12));
  }
  data.y = 1e-300 * y;  // as good as constant
  CHECK(fitted(data, one_process())[0].noise_sd(at).allFinite());
}

TEST_CASE("the same data have the same noise, fitted or with parameters given", "[noise]") {
  const Dataset data = replicated(25, 2, 4, tenfold, Rng(16));
  const ModelOptions options;
  const Surrogate surrogate = fitted(data, options);
  REQUIRE(surrogate[0].has_varying_noise());
  const Surrogate again = Surrogate::at(box(2), {{"y", ""}}, data, options, surrogate.parameters());
  const Points at = uniform_points(20, 2, Rng(17));
  CHECK(near(again[0].noise_sd(at), surrogate[0].noise_sd(at), 0.0));
  CHECK(near(again[0].predict(at).mean, surrogate[0].predict(at).mean, 0.0));
  CHECK(near(again[0].predict(at).variance, surrogate[0].predict(at).variance, 0.0));
  const LeaveOneOut left = surrogate[0].leave_one_out();
  CHECK((left.variance - surrogate[0].noise_sd(data.x).cwiseAbs2()).minCoeff() > 0.0);
}

TEST_CASE("noise in proportion to the output is even in its logarithm", "[noise]") {
  Dataset data = replicated(30, 1, 4, same, Rng(18));
  data.y = (2.0 * data.y.array()).exp();  // an error of 0.4 in ln y
  ModelOptions options = one_process();
  options.stack.front().transform = Transform::Log;
  const Surrogate surrogate = fitted(data, options);
  CHECK_FALSE(surrogate[0].has_varying_noise());
  const Points at = uniform_points(30, 1, Rng(19));
  // 90 degrees of freedom: 7 %; the slope of y is taken where it is predicted.
  for (Index i = 0; i < 30; ++i) {
    const double expected = 0.4 * std::exp(2.0 * truth(at.row(i).transpose()));
    CHECK(surrogate[0].noise_sd(at.row(i))[0] == Approx(expected).epsilon(0.8));
  }
}

TEST_CASE("one more observation is worth what its noise there leaves of it", "[noise]") {
  const Dataset data = replicated(25, 2, 4, tenfold, Rng(20));
  const Surrogate surrogate = fitted(data, one_process());
  REQUIRE(surrogate[0].has_varying_noise());
  const Points reference = uniform_points(60, 2, Rng(21));
  const Vector weights = Vector::Constant(60, 1.0 / 60.0);
  const VarianceReduction reduction(surrogate[0], reference, weights);
  const double before = surrogate[0].predict(reference).variance.dot(weights);
  const Points at = uniform_points(5, 2, Rng(22));
  const Vector rows = reduction.on_rows(at);
  const ScalarField value = [&](VectorView x) { return reduction.on_rows(x.transpose())[0]; };
  for (Index i = 0; i < 5; ++i) {
    const Surrogate next = surrogate.supposing(at.row(i));
    const double after = next[0].predict(reference).variance.dot(weights);
    Vector gradient(2);
    CHECK(reduction(at.row(i).transpose(), gradient) == Approx(before - after).epsilon(1e-7));
    CHECK(rows[i] == Approx(before - after).epsilon(1e-7));
    const Vector slope = central_difference(value, at.row(i).transpose(), Vector::Ones(2), 1e-5);
    CHECK(near(gradient / gradient.norm(), slope / gradient.norm(), 1e-5));
  }
}

TEST_CASE("observations given with their share of the noise equal those fitted with it",
          "[noise]") {
  const Points x = uniform_points(20, 2, Rng(23));
  const Vector y = wavy(x);
  const Kernel kernel = 1.3 * matern52(some_lengths(2));
  const Vector shares = Vector::LinSpaced(20, 0.2, 5.0);
  Noise noise = 0.01;
  noise.share = shares;
  const GaussianProcess all(kernel, noise, x, y);
  const Points at = uniform_points(10, 2, Rng(24));
  for (const bool first_shared : {true, false}) {
    Noise some = 0.01;
    if (first_shared) some.share = shares.head(12);
    const GaussianProcess grown = GaussianProcess(kernel, some, x.topRows(12), y.head(12))
                                      .given(x.bottomRows(8), y.tail(8), shares.tail(8));
    Noise whole = 0.01;
    whole.share = Vector::Ones(20);
    if (first_shared) whole.share.head(12) = shares.head(12);
    whole.share.tail(8) = shares.tail(8);
    const GaussianProcess refitted(kernel, whole, x, y);
    CHECK(near(grown.predict(at).mean, refitted.predict(at).mean, 1e-10));
    CHECK(near(grown.predict(at).variance, refitted.predict(at).variance, 1e-10));
  }
  CHECK(
      contains(message_of<ArgumentError>([&] { all.given(at, Vector::Zero(10), Vector::Ones(3)); }),
               "expected noise for 10 observations, got 3 shares"));
}

}  // namespace
}  // namespace sonde
