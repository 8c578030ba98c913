#include "sonde/gp/surrogate.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/functions.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

const double not_observed = std::numeric_limits<double>::quiet_NaN();

/// Every kind of parameter.
Domain mixed_domain() {
  return Domain({Parameter::linear("angle", -10.0, 30.0, "deg"),
                 Parameter::log("reynolds", 1e4, 1e6), Parameter::integer("blades", 2, 7),
                 Parameter::choice("side", {"left", "right"}),
                 Parameter::choice("steel", {"a", "b", "c", "d"})});
}

double mixed_value(VectorView x) {
  const double steel[] = {0.0, 2.0, -1.0, 0.5};
  return std::sin(x[0] / 10.0) + 0.3 * std::log(x[1]) + 0.05 * x[2] * x[2] + 0.7 * x[3] +
         steel[static_cast<int>(x[4])] + 0.01 * x[0] * x[2];
}

Dataset mixed_data(Index n) {
  Dataset data{design::sobol(mixed_domain(), n, Rng(1)), Matrix(n, 1)};
  for (Index i = 0; i < n; ++i) data.y(i, 0) = mixed_value(data.x.row(i).transpose());
  return data;
}

Domain unit_domain(Index d) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < d; ++j) parameters.push_back(Parameter::linear(concat("x", j), 0.0, 1.0));
  return Domain(parameters);
}

const std::vector<Output> one_output = {{"y", "N"}};

Surrogate fitted(const Domain& domain, const Dataset& data, const ModelOptions& options = {}) {
  std::vector<Output> outputs;
  for (Index j = 0; j < data.y.cols(); ++j) outputs.push_back({concat("y", j), "1"});
  return Surrogate::fit(domain, outputs, data, options, Matrix(0, 0), Rng(2));
}

}  // namespace

TEST_CASE("a surrogate follows numbers, logarithms, integers and labels", "[surrogate]") {
  const Surrogate surrogate = fitted(mixed_domain(), mixed_data(90));
  const Points at = design::sobol(mixed_domain(), 200, Rng(3));
  const Marginals marginals = surrogate[0].predict(at);
  double squares = 0.0;
  Index inside = 0;
  for (Index i = 0; i < 200; ++i) {
    const double error = marginals.mean[i] - mixed_value(at.row(i).transpose());
    squares += error * error;
    inside += std::abs(error) < 4.0 * std::sqrt(marginals.variance[i]) + 1e-6 ? 1 : 0;
  }
  CHECK(std::sqrt(squares / 200.0) < 0.05 * surrogate[0].spread());
  CHECK(inside > 190);
  CHECK(surrogate[0].log_lengths().size() == 5);
  CHECK(surrogate.parameters().rows() == 1);
  // Of 4 + 4 features: weight and calibration, the variance, lengths, of ANOVA forms shares, the
  // noise; of as many kinds bends as well.
  CHECK(surrogate.parameters().cols() ==
        6 * (2 + 1 + 8 + 1) + 12 * (2 + 1 + 17 + 1) + 6 * (2 + 1 + 16 + 1) + 12 * (2 + 1 + 25 + 1));
}

TEST_CASE("the variance is that of the members and what they disagree by", "[surrogate]") {
  const Domain domain = unit_domain(2);
  Dataset data{design::sobol(domain, 14, Rng(1)), Matrix(14, 1)};
  for (Index i = 0; i < 14; ++i)
    data.y(i, 0) = std::sin(7.0 * data.x(i, 0)) + data.x(i, 0) * data.x(i, 1);
  ModelOptions options;
  options.stack.resize(3);  // without transforms
  const Surrogate surrogate = fitted(domain, data, options);
  const Response& response = surrogate[0];
  REQUIRE(response.members().size() > 1);
  const Points at = design::sobol(domain, 20, Rng(3));
  Vector own = Vector::Zero(20);
  for (const Member& member : response.members()) {
    CHECK(!member.alternatives.empty());
    own += member.weight * member.z_scale * member.z_scale * member.process.predict(at).variance;
  }
  const Marginals all = response.predict(at);
  CHECK(near(own + response.disagreement(at), all.variance, 1e-10));
  for (Index i = 0; i < at.rows(); ++i) {
    Vector gradient(2);
    CHECK(response.disagreement(at.row(i).transpose(), gradient) ==
          Approx(response.disagreement(at.row(i))[0]).epsilon(1e-8));
  }
}

TEST_CASE("left out, an observation has the noise that it was given, also beside another",
          "[surrogate]") {
  // Two observations a point, of noise 0.01 and of noise 1.
  const Domain domain = unit_domain(1);
  const Points points = design::sobol(domain, 20, Rng(4));
  Dataset data{Points(40, 1), Matrix(40, 1), Matrix(40, 1)};
  Rng noise(5);
  for (Index i = 0; i < 40; ++i) {
    data.x.row(i) = points.row(i / 2);
    data.noise_sd(i, 0) = i % 2 == 0 ? 0.01 : 1.0;
    data.y(i, 0) = std::sin(6.0 * data.x(i, 0)) + data.noise_sd(i, 0) * noise.normal();
  }
  const Surrogate surrogate = fitted(domain, data);
  const LeaveOneOut left = surrogate[0].leave_one_out();
  for (Index i = 0; i < 40; i += 2) {
    // They differ by what their noises do: 1 - 1e-4.
    CHECK(left.mean[i] == left.mean[i + 1]);
    CHECK(left.variance[i + 1] - left.variance[i] == Approx(1.0 - 1e-4).epsilon(1e-6));
  }
}

TEST_CASE("a noise below zero is refused, and says so", "[surrogate]") {
  ModelOptions options;
  options.noise_sd = -1.0;
  const Dataset data{design::sobol(unit_domain(1), 5, Rng(1)),
                     Matrix(Vector::LinSpaced(5, 0.0, 1.0))};
  CHECK(contains(message_of<ArgumentError>([&] { fitted(unit_domain(1), data, options); }),
                 "noise_sd of zero or more"));
}

TEST_CASE("outputs that are not there are refused", "[surrogate]") {
  const Surrogate surrogate = fitted(unit_domain(1), {design::sobol(unit_domain(1), 5, Rng(1)),
                                                      Matrix(Vector::LinSpaced(5, 0.0, 1.0))});
  CHECK(surrogate.only({0}).outputs().size() == 1);
  for (const Index output : {Index{1}, Index{-1}, Index{100000000}})
    CHECK_THROWS_AS(surrogate.only({output}), ArgumentError);
  CHECK_THROWS_AS(surrogate["z"], ArgumentError);
}

TEST_CASE("gradients in natural units equal central differences", "[surrogate]") {
  const Surrogate surrogate = fitted(mixed_domain(), mixed_data(40));
  const Response& response = surrogate[0];
  const Vector at{{4.0, 8e4, 4.0, 1.0, 2.0}};
  const Vector scale{{10.0, 1e5, 1.0, 0.0, 0.0}};
  const LocalMarginal local = response.predict_at(at);
  const Marginals marginals = response.predict(at.transpose());
  CHECK(local.mean == Approx(marginals.mean[0]));
  CHECK(local.variance == Approx(marginals.variance[0]));
  const ScalarField mean_of = [&](VectorView x) { return response.predict(x.transpose()).mean[0]; };
  const ScalarField variance_of = [&](VectorView x) {
    return response.predict(x.transpose()).variance[0];
  };
  // Between two labels there is nothing to differentiate; those of two labels have a slope.
  const Vector mean_slope = central_difference(mean_of, at, scale, 1e-4);
  const Vector variance_slope = central_difference(variance_of, at, scale, 1e-4);
  CHECK(near(local.mean_gradient.head(2).cwiseProduct(scale.head(2)),
             mean_slope.head(2).cwiseProduct(scale.head(2)), 1e-5));
  CHECK(near(local.variance_gradient.head(2).cwiseProduct(scale.head(2)),
             variance_slope.head(2).cwiseProduct(scale.head(2)), 1e-5));
  CHECK(local.mean_gradient[4] == 0.0);
  CHECK(local.mean_gradient[3] != 0.0);
}

TEST_CASE("fitting, then taking the parameters as given, is one and the same", "[surrogate]") {
  const Dataset data = mixed_data(30);
  const Surrogate surrogate = fitted(mixed_domain(), data);
  const Surrogate again =
      Surrogate::at(mixed_domain(), {{"y0", "1"}}, data, {}, surrogate.parameters());
  const Points at = design::sobol(mixed_domain(), 20, Rng(4));
  CHECK(near(again[0].predict(at).mean, surrogate[0].predict(at).mean, 0.0));
  CHECK(near(again[0].predict(at).variance, surrogate[0].predict(at).variance, 0.0));
  CHECK(near(again.parameters(), surrogate.parameters(), 0.0));
  CHECK(again[0].spread() == surrogate[0].spread());
}

TEST_CASE("units of outputs and inputs cancel", "[surrogate]") {
  Dataset data{uniform_points(25, 2, Rng(5)), Matrix(25, 1)};
  data.y.col(0) = wavy(data.x);
  const Points at = uniform_points(10, 2, Rng(6));
  const Surrogate plain = fitted(unit_domain(2), data);
  const Marginals expected = plain[0].predict(at);
  for (const double unit : {1e-120, 1e-30, 1e3, 1e120}) {
    INFO("unit " << unit);
    const Surrogate scaled = fitted(unit_domain(2), {data.x, unit * data.y});
    // As nearly as the search for parameters ends at the same.
    CHECK(near(scaled[0].predict(at).mean / unit, expected.mean, 1e-5));
    CHECK(scaled[0].spread() / unit == Approx(plain[0].spread()).epsilon(1e-6));
    CHECK(near(scaled[0].predict(at).variance / unit / unit, expected.variance, 1e-6));
  }
  CHECK(contains(message_of<NumericalError>([&] {
                   fitted(unit_domain(2), {data.x, 1e300 * data.y});
                 }),
                 "has no place in double precision. Choose another unit."));
  // What varies by less than has a square is as good as constant.
  const Marginals tiny = fitted(unit_domain(2), {data.x, 1e-300 * data.y})[0].predict(at);
  CHECK(tiny.mean.cwiseAbs().maxCoeff() < 1e-140);
  CHECK(tiny.variance.maxCoeff() < 1e-270);
  const Domain wide({Parameter::linear("a", 0.0, 1e6), Parameter::linear("b", -3.0, -1.0)});
  Points x = data.x;
  x.col(0) *= 1e6;
  x.col(1) = x.col(1).array() * 2.0 - 3.0;
  Points wide_at = at;
  wide_at.col(0) *= 1e6;
  wide_at.col(1) = wide_at.col(1).array() * 2.0 - 3.0;
  CHECK(near(fitted(wide, {x, data.y})[0].predict(wide_at).mean, expected.mean, 1e-5));
}

TEST_CASE("a hundred runs of the borehole function are worth 2 % of its spread", "[surrogate]") {
  Dataset data{design::uniform(borehole_domain, 100, Rng(17)), Matrix(100, 1)};
  data.y.col(0) = borehole(data.x);
  const Surrogate surrogate = fitted(borehole_domain, data);
  const Points at = design::uniform(borehole_domain, 1000, Rng(18));
  const Marginals marginals = surrogate[0].predict(at);
  const Scores score = scores(borehole(at), marginals.mean, marginals.variance);
  CHECK(score.nrmse < 0.02);
  CHECK(score.coverage95 > 0.8);
  CHECK(leave_one_out_scores(surrogate[0]).nrmse < 0.04);
}

TEST_CASE("each output learns from the rows where it was observed", "[surrogate]") {
  Dataset data{uniform_points(20, 2, Rng(7)), Matrix(20, 2)};
  data.y.col(0) = wavy(data.x);
  data.y.col(1) = -3.0 * wavy(data.x);
  data.y(3, 1) = not_observed;
  data.y(17, 1) = not_observed;
  const Surrogate surrogate = fitted(unit_domain(2), data);
  CHECK(surrogate[0].train_rows().size() == 20);
  CHECK(surrogate[1].train_rows().size() == 18);
  CHECK(surrogate[1].train_rows()[3] == 4);
  CHECK(surrogate["y1"].observed()[3] == Approx(data.y(4, 1)));
  CHECK(surrogate.size() == 20);
  CHECK(surrogate[1].leave_one_out().mean.size() == 18);
  CHECK(contains(message_of<ArgumentError>([&] { surrogate["drag"]; }),
                 "no output 'drag'; there are 'y0', 'y1'"));
  CHECK(contains(message_of<ArgumentError>([&] { surrogate[2]; }), "an output below 2, got 2"));
}

TEST_CASE("supposing keeps means and lowers variances of every output", "[surrogate]") {
  Dataset data{uniform_points(20, 2, Rng(8)), Matrix(20, 2)};
  data.y.col(0) = wavy(data.x);
  data.y.col(1) = -3.0 * wavy(data.x).cwiseAbs2();
  data.y(3, 1) = not_observed;
  ModelOptions single;
  single.stack = {{}};
  const Surrogate surrogate = fitted(unit_domain(2), data, single);
  const Points at = uniform_points(30, 2, Rng(9));
  Points supposed(5, 2);
  supposed << at.topRows(3), data.x.topRows(1), data.x.topRows(1);
  const Surrogate next = surrogate.supposing(supposed);
  for (const Index j : {0, 1}) {
    const Marginals before = surrogate[j].predict(at);
    const Marginals after = next[j].predict(at);
    CHECK(near(after.mean, before.mean, 0.0));
    CHECK(((before.variance - after.variance).array() >= -1e-12).all());
    CHECK(after.variance.head(3).maxCoeff() < 0.01 * before.variance.maxCoeff());
    CHECK(next[j].spread() == surrogate[j].spread());
    CHECK(near(next[j].observed(), surrogate[j].observed(), 0.0));
    CHECK(next[j].leave_one_out().mean.size() == surrogate[j].observed().size());
  }
}

TEST_CASE("members of a stack agree where something is supposed", "[surrogate]") {
  Dataset data{uniform_points(12, 2, Rng(8)), Matrix(12, 1)};
  data.y.col(0) = 3.0 + wavy(data.x).array();
  const Surrogate surrogate = fitted(unit_domain(2), data);
  REQUIRE(surrogate[0].members().size() > 1);
  const Points at = uniform_points(3, 2, Rng(9));
  const Marginals before = surrogate[0].predict(at);
  const Marginals after = surrogate.supposing(at)[0].predict(at);
  CHECK(near(after.mean, before.mean, 1e-3 * surrogate[0].spread()));
  CHECK((after.variance.array() < 0.1 * before.variance.array()).all());
}

TEST_CASE("fixed noise is taken, in the output's unit", "[surrogate]") {
  Dataset data{uniform_points(20, 2, Rng(10)), Matrix(20, 1)};
  data.y.col(0) = 50.0 * wavy(data.x) + 2.0 * random_vector(20, Rng(11));
  ModelOptions options;
  options.noise_sd = 2.0;
  CHECK(fitted(unit_domain(2), data, options)[0].noise_sd() == Approx(2.0));
  options.noise_sd = 0.0;
  const Surrogate exact = fitted(unit_domain(2), data, options);
  CHECK(near(exact[0].predict(data.x).mean / 50.0, data.y.col(0) / 50.0, 1e-3));
}

TEST_CASE("outputs that do not vary are known", "[surrogate]") {
  for (const double value : {0.0, 5.0, -1e120, 1e-120, 0.1}) {
    INFO("value " << value);
    const Dataset data{uniform_points(6, 2, Rng(12)), Matrix::Constant(6, 1, value)};
    const Surrogate surrogate = fitted(unit_domain(2), data);
    const LocalMarginal there = surrogate[0].predict_at(Vector{{0.3, 0.9}});
    CHECK(there.mean == Approx(value));
    CHECK(std::sqrt(there.variance) <= 1e-3 * surrogate[0].spread());
    CHECK(surrogate[0].spread() > 0.0);
    CHECK(surrogate.supposing(data.x)[0].predict(data.x).mean[0] == Approx(value));
  }
}

TEST_CASE("a few points, many dimensions, points on a plane: each gives a surrogate",
          "[surrogate]") {
  for (const Index n : {2, 3, 5}) {
    for (const Index d : {1, 8, 100}) {
      INFO("n = " << n << ", d = " << d);
      Dataset data{uniform_points(n, d, Rng(13)), Matrix(n, 1)};
      data.y.col(0) = wavy(data.x);
      const Surrogate surrogate = fitted(unit_domain(d), data);
      const Marginals there = surrogate[0].predict(uniform_points(50, d, Rng(14)));
      CHECK(there.mean.allFinite());
      CHECK(there.variance.minCoeff() > 0.0);
      CHECK(surrogate[0].leave_one_out().variance.allFinite());
    }
  }
  Dataset plane{uniform_points(20, 4, Rng(15)), Matrix(20, 1)};
  plane.x.col(3) = plane.x.col(0);
  plane.x.col(2).setConstant(0.5);
  plane.y.col(0) = wavy(plane.x);
  const Surrogate surrogate = fitted(unit_domain(4), plane);
  CHECK(near(surrogate[0].predict(plane.x).mean, plane.y.col(0), 0.05));
}

TEST_CASE("a surrogate says what it lacks", "[surrogate]") {
  Dataset data{uniform_points(4, 2, Rng(16)), Matrix::Constant(4, 1, not_observed)};
  data.y(2, 0) = 1.0;
  const Domain domain = unit_domain(2);
  const auto message = [&](const Dataset& given) {
    return message_of<ArgumentError>([&] { fitted(domain, given); });
  };
  CHECK(contains(message(data), "output 'y0' has 1 observations"));
  data.y.setConstant(std::numeric_limits<double>::infinity());
  CHECK(contains(message(data), "output 'y0' is inf in row 0"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   fitted(domain, {data.x, wavy(data.x)})[1];
                 }),
                 "expected an output below 1, got 1"));
  data.x.resize(4, 3);
  CHECK(contains(message(data), "2 parameters and 1 outputs; got x 4 x 3"));
}
