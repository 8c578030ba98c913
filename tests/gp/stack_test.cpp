#include "gp/stack.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

namespace sonde {
namespace {

using namespace testing_support;

Domain positive_box(Index d) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < d; ++j)
    parameters.push_back({.name = "x" + std::to_string(j), .lower = 1.0, .upper = 10.0});
  return Domain(std::move(parameters));
}

Points spread_points(Index n, Index d, Rng rng) {
  return (uniform_points(n, d, rng).array() * 9.0 + 1.0).matrix();
}

double score(const Matrix& log_densities, const Vector& w) {
  return (log_densities.array().exp().matrix() * w).array().log().sum();
}

TEST_CASE("stacking weights maximise the predictive density of the mixture", "[stack]") {
  // Two members, each good at half of the observations; the optimum by a fine grid.
  Matrix densities(40, 2);
  densities.col(0) = 0.8 * random_vector(40, Rng(1));
  densities.col(1) = 0.8 * random_vector(40, Rng(2));
  const Vector found = stack::weights(densities);
  CHECK(found.sum() == Approx(1.0));
  // One more observation that both foretell alike leaves the sum's gradient and pulls to 1/2.
  Vector best(2);
  double highest = -1e300;
  for (double w = 0.0005; w < 1.0; w += 0.001) {
    const Vector tried = (Vector(2) << w, 1.0 - w).finished();
    const double value = score(densities, tried) + 0.5 * std::log(w) + 0.5 * std::log(1.0 - w);
    if (value > highest) {
      highest = value;
      best = tried;
    }
  }
  CHECK(found[0] == Approx(best[0]).margin(0.002));
}

TEST_CASE("members that foretell alike weigh alike, and the worst in all weighs little",
          "[stack]") {
  Matrix densities(30, 3);
  densities.col(0) = random_vector(30, Rng(3));
  densities.col(1) = densities.col(0);
  densities.col(2) = densities.col(0).array() - 5.0;
  const Vector w = stack::weights(densities);
  CHECK(w[0] == Approx(w[1]).margin(1e-6));
  CHECK(w[2] < 0.03);
}

TEST_CASE("a product of powers is seen by the logarithms", "[stack]") {
  // y = x0^2 / x1: with logarithms on both sides a straight line.
  const Domain domain = positive_box(2);
  Dataset data{spread_points(15, 2, Rng(4)), Matrix(15, 1)};
  data.y.col(0) = data.x.col(0).cwiseAbs2().cwiseQuotient(data.x.col(1));
  const Surrogate full = Surrogate::fit(domain, {{"y", ""}}, data, {}, Matrix(), Rng(1));
  double weight = 0.0;
  for (const Member& member : full[0].members()) {
    if (member.kind.log_inputs && member.kind.transform == Transform::Log) weight += member.weight;
  }
  CHECK(weight > 0.9);
  ModelOptions plain;
  plain.stack = {{}};
  const Surrogate single = Surrogate::fit(domain, {{"y", ""}}, data, plain, Matrix(), Rng(1));
  const Points at = spread_points(500, 2, Rng(5));
  const Vector truth = at.col(0).cwiseAbs2().cwiseQuotient(at.col(1));
  const double error = (full[0].predict(at).mean - truth).norm();
  CHECK(error < 0.1 * (single[0].predict(at).mean - truth).norm());
}

TEST_CASE("what has no logarithm is fitted without, and parameters say so", "[stack]") {
  Dataset data{spread_points(12, 2, Rng(6)), Matrix(12, 1)};
  data.y.col(0) = wavy(data.x).array() - wavy(data.x).mean();
  REQUIRE(data.y.minCoeff() < 0.0);
  const ModelOptions options;
  const Surrogate surrogate =
      Surrogate::fit(positive_box(2), {{"y", ""}}, data, options, Matrix(), Rng(1));
  const Matrix parameters = surrogate.parameters();
  Index at = 0;
  for (const MemberKind& kind : options.stack) {
    if (kind.transform != Transform::None) CHECK(parameters(0, at) == -1.0);
    if (kind.transform == Transform::None && !kind.warped) CHECK(parameters(0, at) >= 0.0);
    at += 2 + 1 + (kind.form == Form::Anova ? 4 : 2) + (kind.warped ? 2 : 0) +
          (kind.linear ? 1 : 0) + 1;
  }
  CHECK(at == parameters.cols());
}

TEST_CASE("a response that comes down to nearly zero is not ruled by its logarithm", "[stack]") {
  // Zero but for 1e-6 on half of the square: of the logarithm, which falls by 14 there, the mean
  // e^(m + v/2) between the points is any number.
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
  const auto value = [](const Points& x) {
    return Vector((x.col(0).array() + x.col(1).array() - 1.0).max(0.0) * (1.0 + x.col(1).array()) +
                  1e-6);
  };
  for (const std::uint64_t seed : {1, 2, 3}) {
    Dataset data{design::uniform(domain, 30, Rng(seed)), Matrix(30, 1)};
    data.y.col(0) = value(data.x);
    const Surrogate surrogate = Surrogate::fit(domain, {{"y", ""}}, data, {}, Matrix(), Rng(1));
    const Points at = design::sobol(domain, 500, Rng(9));
    const Vector truth = value(at);
    const Vector mean = surrogate[0].predict(at).mean;
    CHECK(mean.maxCoeff() < 2.0 * truth.maxCoeff());
    CHECK((mean - truth).norm() < 0.3 * (truth.array() - truth.mean()).matrix().norm());
    CHECK(surrogate[0].spread() <=
          2.0 * std::sqrt((data.y.col(0).array() - data.y.mean()).square().mean()) * (1.0 + 1e-12));
  }
}

TEST_CASE("a mean of logarithms that overshoots is cut, and has no slope there", "[stack]") {
  // ln y is a straight line of slope 30: beyond the data y would be any number.
  const Domain domain({Parameter::linear("x", 0.0, 1.0)});
  Dataset data{Points(8, 1), Matrix(8, 1)};
  for (Index i = 0; i < 8; ++i) {
    data.x(i, 0) = 0.05 * static_cast<double>(i);
    data.y(i, 0) = std::exp(30.0 * data.x(i, 0));
  }
  ModelOptions options;
  options.stack = {{.form = Form::Radial, .trend = Trend::Constant},
                   {.form = Form::Radial, .transform = Transform::Log, .trend = Trend::Linear}};
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", ""}}, data, options, Matrix(), Rng(1));
  REQUIRE(surrogate[0].members().back().kind.transform == Transform::Log);
  const double far = surrogate[0].predict(Points::Ones(1, 1)).mean[0];
  CHECK(far < 4.0 * data.y.maxCoeff() * std::exp(1.5) * (1.0 + 1e-9));
  const LocalMarginal local = surrogate[0].predict_at(Vector::Ones(1));
  CHECK(local.mean == Approx(far));
  CHECK(std::abs(local.mean_gradient[0]) < 30.0 * data.y.maxCoeff());
}

TEST_CASE("of a point with a NaN nothing is foretold", "[stack]") {
  Dataset data{spread_points(12, 2, Rng(6)), Matrix(12, 1)};
  data.y.col(0) = wavy(data.x);
  const Surrogate surrogate =
      Surrogate::fit(positive_box(2), {{"y", ""}}, data, {}, Matrix(), Rng(1));
  Points at = spread_points(3, 2, Rng(7));
  at(1, 0) = std::nan("");
  const Marginals marginals = surrogate[0].predict(at);
  CHECK(std::isnan(marginals.mean[1]));
  CHECK(std::isnan(marginals.variance[1]));
  CHECK(std::isfinite(marginals.mean[0] + marginals.mean[2]));
  const LocalMarginal local = surrogate[0].predict_at(at.row(1).transpose());
  CHECK(std::isnan(local.mean));
  CHECK(std::isnan(local.variance_gradient[0]));
}

TEST_CASE("inputs are bent where the response is, and the parameters say how far", "[stack]") {
  // Waves that come ten times as fast at the lower end: evenly, along u bent by c = ln(10).
  const Domain domain({Parameter::linear("x", -1.0, 1.0)});
  const double bend = std::log(10.0);
  const Points at = design::sobol(domain, 400, Rng(11));
  const auto truth = [&](const Points& x) {
    const auto u = 0.5 * (x.col(0).array() + 1.0);
    return Vector((8.0 * (1.0 + 9.0 * u).log() / bend).sin());
  };
  Dataset data{at.topRows(24), Matrix(24, 1)};
  data.y.col(0) = truth(data.x);
  const MemberKind straight{.form = Form::Radial};
  MemberKind warps = straight;
  warps.warped = true;
  ModelOptions options;
  options.stack = {straight, warps};
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", ""}}, data, options, Matrix(), Rng(1));
  // Weight and calibration, the variance, a length, the noise; then the same with a bend before the
  // noise.
  const Matrix parameters = surrogate.parameters();
  REQUIRE(parameters.cols() == 5 + 6);
  CHECK(parameters(0, 5) > 0.9);
  CHECK(parameters(0, 9) == Approx(bend).margin(0.5));
  options.stack = {straight};
  const Surrogate without = Surrogate::fit(domain, {{"y", ""}}, data, options, Matrix(), Rng(1));
  const auto error = [&](const Surrogate& its) {
    return (its[0].predict(at).mean - truth(at)).norm();
  };
  CHECK(error(surrogate) < 0.5 * error(without));
}

TEST_CASE("a stack from its parameters is the stack that was fitted", "[stack]") {
  const Domain domain = positive_box(2);
  Dataset data{spread_points(14, 2, Rng(7)), Matrix(14, 1)};
  data.y.col(0) = 3.0 + wavy(data.x).array();
  const Surrogate fitted = Surrogate::fit(domain, {{"y", ""}}, data, {}, Matrix(), Rng(1));
  const Surrogate again = Surrogate::at(domain, {{"y", ""}}, data, {}, fitted.parameters());
  const Points at = spread_points(20, 2, Rng(8));
  CHECK(near(again[0].predict(at).mean, fitted[0].predict(at).mean, 0.0));
  CHECK(near(again[0].predict(at).variance, fitted[0].predict(at).variance, 0.0));
  CHECK(near(again.parameters().row(0).transpose(), fitted.parameters().row(0).transpose(), 0.0));
}

TEST_CASE("a stack is the same on any number of threads, and so are its predictions", "[stack]") {
  const Domain domain = positive_box(2);
  Dataset data{spread_points(14, 2, Rng(7)), Matrix(14, 1)};
  data.y.col(0) = 3.0 + wavy(data.x).array();
  ModelOptions options;
  const Surrogate one = Surrogate::fit(domain, {{"y", ""}}, data, options, Matrix(), Rng(1));
  options.fit.optimize.threads = 3;
  const Surrogate three = Surrogate::fit(domain, {{"y", ""}}, data, options, Matrix(), Rng(1));
  CHECK(near(one.parameters(), three.parameters(), 0.0));
  const Points at = spread_points(1200, 2, Rng(8));
  const Marginals expected = one[0].predict(at);
  const Marginals got = three[0].predict(at, 3);
  CHECK(near(got.mean, expected.mean, 0.0));
  CHECK(near(got.variance, expected.variance, 0.0));
  const GaussianProcess& process = one[0].members()[0].process;
  const Points features = uniform_points(1200, 2, Rng(9));
  CHECK(near(process.predict(features, 3).variance, process.predict(features).variance, 0.0));
  CHECK(near(process.predict_mean(features, 3), process.predict(features).mean, 0.0));
}

TEST_CASE("members that cannot see what came since the fit are left out", "[stack]") {
  const Domain domain = positive_box(1);
  Dataset data{spread_points(10, 1, Rng(9)), Matrix(10, 1)};
  data.y.col(0) = data.x.col(0).cwiseAbs2();
  const Surrogate fitted = Surrogate::fit(domain, {{"y", ""}}, data, {}, Matrix(), Rng(1));
  data.y(0, 0) = -1.0;  // no logarithm
  const Surrogate later = Surrogate::at(domain, {{"y", ""}}, data, {}, fitted.parameters());
  double sum = 0.0;
  for (const Member& member : later[0].members()) {
    CHECK(member.kind.transform == Transform::None);
    sum += member.weight;
  }
  CHECK(sum == Approx(1.0));
}

TEST_CASE("beyond a hundred points the calibration of the folds is carried on, less and less",
          "[stack]") {
  const Domain domain = positive_box(2);
  ModelOptions options;
  options.stack = {{.family = Family::Matern52, .form = Form::Radial},
                   {.family = Family::SquaredExponential, .form = Form::Radial}};
  const Index kernel = 2;  // the place of the first kind's variance, after weight and calibration
  Dataset data{spread_points(120, 2, Rng(12)), Matrix(120, 1)};
  data.y.col(0) = wavy(data.x).array() + 0.05 * random_vector(120, Rng(13)).array().cube();
  const Dataset hundred{data.x.topRows(100), data.y.topRows(100)};
  Matrix start =
      Surrogate::fit(domain, {{"y", ""}}, hundred, options, Matrix(), Rng(1)).parameters();
  const auto fitted = [&](double log_calibration) {
    start(0, kernel - 1) = log_calibration;
    return Surrogate::fit(domain, {{"y", ""}}, data, options, start, Rng(1)).parameters();
  };
  const Matrix plain = fitted(0.0);
  const Matrix raised = fitted(0.6);
  CHECK(raised(0, kernel - 1) == Approx(0.6));
  CHECK(raised(0, kernel) - plain(0, kernel) == Approx(0.6 * 100.0 / 120.0));
}

TEST_CASE("gradients of a stack are central differences", "[stack]") {
  const Domain domain = positive_box(2);
  Dataset data{spread_points(10, 2, Rng(10)), Matrix(10, 1)};
  data.y.col(0) = 2.0 + wavy(data.x).array() + 0.02 * random_vector(10, Rng(11)).array();
  REQUIRE(data.y.minCoeff() > 0.0);
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", ""}}, data, {}, Matrix(), Rng(1));
  REQUIRE(surrogate[0].members().size() > 1);
  const Vector x = (Vector(2) << 3.3, 6.1).finished();
  const LocalMarginal local = surrogate[0].predict_at(x);
  constexpr double h = 1e-4;
  for (Index j = 0; j < 2; ++j) {
    Points both(2, 2);
    both << x.transpose(), x.transpose();
    both(0, j) += h;
    both(1, j) -= h;
    const Marginals around = surrogate[0].predict(both);
    CHECK(local.mean_gradient[j] ==
          Approx((around.mean[0] - around.mean[1]) / (2 * h)).epsilon(1e-4));
    CHECK(local.variance_gradient[j] ==
          Approx((around.variance[0] - around.variance[1]) / (2 * h)).epsilon(1e-4));
  }
}

TEST_CASE("points within rounding of each other are one", "[stack]") {
  Points unit(6, 2);
  unit << 0.5, 0.5, 0.1, 0.9, 0.5 + 3e-10, 0.5 - 3e-10, 0.5, 0.9, 0.1, 0.9, 0.5 + 6e-10, 0.5;
  CHECK(stack::replicates(unit) == std::vector<Index>{0, 1, 0, 2, 1, 0});
}

TEST_CASE("replicates tell the noise apart from what varies", "[stack]") {
  // 40 points of a wild function, three times each, with noise of sd 0.1.
  Dataset data{Points(120, 1), Matrix(120, 1)};
  const Points points = spread_points(40, 1, Rng(12));
  for (Index i = 0; i < 120; ++i) data.x.row(i) = points.row(i % 40);
  const Vector noise = 0.1 * random_vector(120, Rng(13));
  data.y.col(0) = (4.0 * data.x.col(0)).array().sin().matrix() + noise;
  const Surrogate surrogate =
      Surrogate::fit(positive_box(1), {{"y", ""}}, data, {}, Matrix(), Rng(1));
  CHECK(surrogate[0].point_rows().size() == 40);
  CHECK(surrogate[0].train_rows().size() == 120);
  CHECK(surrogate[0].members()[0].process.size() == 40);
  // 80 degrees of freedom: the standard error of a standard deviation is 8 %.
  CHECK(surrogate[0].noise_sd() == Approx(0.1).epsilon(0.3));

  const LeaveOneOut left = surrogate[0].leave_one_out();
  CHECK(left.mean.size() == 120);
  CHECK(left.mean[0] == left.mean[40]);
  CHECK(left.variance[0] > surrogate[0].noise_sd() * surrogate[0].noise_sd());
}

TEST_CASE("noise that is larger than what varies is told by replicates", "[stack]") {
  // 30 points, eight times each, noise of sd 2 on a line that rises by 0.1: the means vary less.
  Dataset data{Points(240, 1), Matrix(240, 1)};
  const Points points = spread_points(30, 1, Rng(21));
  for (Index i = 0; i < 240; ++i) data.x.row(i) = points.row(i % 30);
  data.y.col(0) = 0.01 * data.x.col(0) + 2.0 * random_vector(240, Rng(22));
  const Surrogate surrogate =
      Surrogate::fit(positive_box(1), {{"y", ""}}, data, {}, Matrix(), Rng(1));
  // 210 degrees of freedom: the standard error of a standard deviation is 5 %.
  CHECK(surrogate[0].noise_sd() == Approx(2.0).epsilon(0.15));
}

TEST_CASE("observations of one point alone make a surrogate, the same and others", "[stack]") {
  for (const double apart : {0.0, 0.5}) {
    Dataset data{Points::Constant(3, 2, 4.0), Matrix(3, 1)};
    data.y.col(0) << 5.0, 5.0 + apart, 5.0 - apart;
    const Surrogate surrogate =
        Surrogate::fit(positive_box(2), {{"y", ""}}, data, {}, Matrix(), Rng(1));
    CHECK(surrogate[0].predict(data.x.topRows(1)).mean[0] == Approx(5.0).epsilon(0.05));
    CHECK(surrogate[0].leave_one_out().mean.allFinite());
  }
}

TEST_CASE("observations count as much as their noise says", "[stack]") {
  Dataset data{spread_points(30, 1, Rng(14)), Matrix(30, 1), Matrix::Constant(30, 1, 0.01)};
  data.y.col(0) = (0.5 * data.x.col(0)).array().sin();
  const Points at = data.x.row(7);
  const double truth = data.y(7, 0);
  data.y(7, 0) += 5.0;
  const auto predicted = [&] {
    return Surrogate::fit(positive_box(1), {{"y", ""}}, data, {}, Matrix(), Rng(1))[0]
        .predict(at)
        .mean[0];
  };
  CHECK(std::abs(predicted() - truth) > 1.0);
  data.noise_sd(7, 0) = 50.0;
  CHECK(std::abs(predicted() - truth) < 0.05);
  data.noise_sd(7, 0) = 0.0;
  CHECK(contains(message_of<ArgumentError>(predicted), "noise of output 'y' above zero in row 7"));
}

}  // namespace
}  // namespace sonde
