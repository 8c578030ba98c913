#include "sonde/gp/components.hpp"

#include <cmath>
#include <limits>

#include <Eigen/QR>
#include <Eigen/SVD>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

const Output pressure{"pressure", "Pa"};

Domain square() {
  return Domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
}

/// One process, values known to a thousandth of a thousandth.
FieldOptions plain_options() {
  FieldOptions options;
  options.model.stack = {MemberKind{}};
  options.model.noise_sd = 1e-6;
  return options;
}

/// (m, c) orthonormal.
Matrix modes(Index m, Index c) {
  const Matrix any = random_matrix(m, c, Rng(11));
  return Eigen::HouseholderQR<Matrix>(any).householderQ() * Matrix::Identity(m, c);
}

/// (n, 3) smooth scores of mean zero, uncorrelated over these points, of falling size.
Matrix smooth_scores(PointsView x) {
  Matrix scores(x.rows(), 3);
  scores.col(0) = wavy(x);
  scores.col(1) = (4.0 * x.col(0)).array().sin();
  scores.col(2) = x.col(0).cwiseProduct(x.col(1));
  scores.rowwise() -= scores.colwise().mean();
  const Matrix q = Eigen::HouseholderQR<Matrix>(scores).householderQ() *
                   Matrix::Identity(scores.rows(), scores.cols());
  return q * Vector{{9.0, 3.0, 1.0}}.asDiagonal();
}

FieldSurrogate fitted(PointsView x, MatrixView fields, const FieldOptions& options) {
  return FieldSurrogate::fit(square(), pressure, x, fields, options, Rng(3));
}

}  // namespace

TEST_CASE("modes that a field is made of are found again", "[components]") {
  const Points x = design::sobol(square(), 24, Rng(1));
  const Matrix scores = smooth_scores(x);
  for (const Index m : {7, 24, 200}) {
    INFO("m = " << m);
    const Matrix basis = modes(m, 3);
    const Vector centre = Vector::LinSpaced(m, -5.0, 40.0);
    const Matrix fields = (scores * basis.transpose()).rowwise() + centre.transpose();
    FieldOptions options = plain_options();
    options.share = 1.0;
    const FieldSurrogate field = fitted(x, fields, options);
    REQUIRE(field.components() == 3);
    CHECK(field.values() == m);
    CHECK(near(field.centre(), centre, 1e-12));
    CHECK(near((field.basis().transpose() * basis).cwiseAbs(), Matrix::Identity(3, 3), 1e-10));
    CHECK(near(field.basis().transpose() * field.basis(), Matrix::Identity(3, 3), 1e-13));
    CHECK(field.truncation().maxCoeff() < 1e-24);
    CHECK(field.share() == Approx(1.0));
    CHECK(field.scores().outputs()[2].name == "pressure component 3");
    CHECK(field.scores().outputs()[2].unit == "Pa");
    // Where it was run, the surrogate says the field.
    const FieldMarginals there = field.predict(x);
    CHECK(near(there.mean, fields, 1e-4));
    CHECK(there.variance.maxCoeff() < 1e-6);
  }
}

TEST_CASE("what components leave out is in the variance", "[components]") {
  const Index n = 20;
  const Points x = design::sobol(square(), n, Rng(1));
  Matrix fields = smooth_scores(x) * modes(9, 3).transpose();
  fields += 0.05 * random_matrix(n, 9, Rng(5));
  FieldOptions options = plain_options();
  options.share = 0.95;
  const FieldSurrogate field = fitted(x, fields, options);
  REQUIRE(field.components() == 2);
  const Matrix deviations = fields.rowwise() - fields.colwise().mean();
  const Eigen::JacobiSVD<Matrix> svd(deviations, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Vector s = svd.singularValues();
  CHECK(field.share() == Approx(s.head(2).squaredNorm() / s.squaredNorm()).epsilon(1e-10));
  const Matrix left =
      svd.matrixU().rightCols(7) * s.tail(7).asDiagonal() * svd.matrixV().rightCols(7).transpose();
  const Vector expected = left.colwise().squaredNorm().transpose() / (n - 3.0);
  CHECK(near(field.truncation() / expected.maxCoeff(), expected / expected.maxCoeff(), 1e-10));
  // The scores add theirs through the basis.
  const Points at = uniform_points(5, 2, Rng(6));
  const FieldMarginals there = field.predict(at);
  for (Index j = 0; j < 9; ++j) {
    Vector mean = Vector::Constant(5, field.centre()[j]);
    Vector variance = Vector::Constant(5, expected[j]);
    for (Index c = 0; c < 2; ++c) {
      const Marginals score = field.scores()[c].predict(at);
      mean += field.basis()(j, c) * score.mean;
      variance += field.basis()(j, c) * field.basis()(j, c) * score.variance;
    }
    CHECK(near(there.mean.col(j), mean, 1e-12));
    CHECK(near(there.variance.col(j), variance, 1e-10));
  }
  CHECK(near(field.predict(x).variance, expected.transpose().replicate(n, 1), 1e-6));
}

TEST_CASE("values that never vary change nothing, however many they are", "[components]") {
  const Points x = design::sobol(square(), 16, Rng(1));
  const Matrix fields = smooth_scores(x) * modes(6, 3).transpose();
  Matrix more(16, 46);
  more << fields, Vector::Constant(16, 1.0 / 3.0).replicate(1, 40);
  const FieldSurrogate narrow = fitted(x, fields, plain_options());
  const FieldSurrogate wide = fitted(x, more, plain_options());
  CHECK(near(wide.basis().topRows(6), narrow.basis(), 1e-10));
  CHECK(wide.basis().bottomRows(40).isZero(1e-15));
  const Points at = uniform_points(4, 2, Rng(6));
  CHECK(near(wide.predict(at).mean.leftCols(6), narrow.predict(at).mean, 1e-5));
  CHECK(near(wide.predict(at).variance.leftCols(6), narrow.predict(at).variance, 1e-5));
  CHECK(near(wide.predict(at).mean.rightCols(40), Matrix::Constant(4, 40, 1.0 / 3.0), 1e-14));
  CHECK(wide.predict(at).variance.rightCols(40).maxCoeff() < 1e-28);
  CHECK(narrow.predict(at).variance.minCoeff() > 0.0);
}

TEST_CASE("fields that are all the same have no components", "[components]") {
  const Points x = design::sobol(square(), 7, Rng(1));
  for (const Index m : {3, 50}) {
    const Vector one = Vector::LinSpaced(m, 0.1, 1e6);
    const FieldSurrogate field = fitted(x, one.transpose().replicate(7, 1), plain_options());
    CHECK(field.components() == 0);
    CHECK(field.share() == 1.0);
    CHECK(near(field.predict(x.topRows(2)).mean, one.transpose().replicate(2, 1), 1e-14));
    CHECK(field.predict(x.topRows(2)).variance.isZero(0.0));
    CHECK(near(field.leave_one_out().mean, field.fields(), 1e-14));
  }
}

TEST_CASE("a field of one value is a response", "[components]") {
  const Points x = design::sobol(square(), 15, Rng(1));
  const Vector y = 1e3 * wavy(x);
  const FieldSurrogate field = fitted(x, y, plain_options());
  REQUIRE(field.components() == 1);
  CHECK(field.basis()(0, 0) == Approx(1.0));
  const Surrogate surrogate =
      Surrogate::fit(square(), {pressure}, {x, y}, plain_options().model, Matrix(0, 0), Rng(3));
  const Points at = uniform_points(6, 2, Rng(6));
  const Marginals expected = surrogate[0].predict(at);
  CHECK(near(field.predict(at).mean, expected.mean, 1e-6));
  CHECK(near(field.predict(at).variance, expected.variance, 1e-5));
  const LeaveOneOut left = surrogate[0].leave_one_out();
  CHECK(near(field.leave_one_out().mean, left.mean, 1e-5));
  CHECK(near(field.leave_one_out().variance, left.variance, 1e-4));
  CHECK(leave_one_out_scores(field).rmse ==
        Approx(leave_one_out_scores(surrogate[0]).rmse).epsilon(1e-4));
  CHECK(leave_one_out_scores(field).nrmse ==
        Approx(scores(surrogate[0].observed(), left.mean, left.variance).nrmse).epsilon(1e-4));
}

TEST_CASE("two fields have one component and nothing left", "[components]") {
  const Points x{{0.2, 0.3}, {0.9, 0.6}};
  const Matrix fields = random_matrix(2, 12, Rng(8));
  const FieldSurrogate field = fitted(x, fields, plain_options());
  CHECK(field.components() == 1);
  CHECK(field.truncation().isZero(0.0));
  CHECK(near(field.predict(x).mean, fields, 1e-3));
}

TEST_CASE("intervals of fields hold what they say", "[components]") {
  // Drawn from processes, and with a rest that no component can hold.
  const Index n = 45;
  const Index tests = 300;
  const Index m = 60;
  const Points x = uniform_points(n + tests, 2, Rng(21));
  const Kernel kernel = matern52(Vector::Constant(2, 0.7));
  const Matrix lower =
      GaussianProcess(kernel, 1e-8, x, Vector::Zero(x.rows()), Trend::Zero).factor();
  const Matrix scores =
      lower * random_matrix(x.rows(), 3, Rng(22)) * Vector{{6.0, 3.0, 2.0}}.asDiagonal();
  const Matrix fields =
      scores * modes(m, 3).transpose() + 0.1 * random_matrix(x.rows(), m, Rng(23));
  FieldOptions options;
  options.model.stack = {MemberKind{}};
  options.max_components = 3;
  const FieldSurrogate field = fitted(x.topRows(n), fields.topRows(n), options);
  CHECK(field.share() > 0.9);
  const FieldMarginals there = field.predict(x.bottomRows(tests));
  const Matrix z =
      (fields.bottomRows(tests) - there.mean).cwiseQuotient(there.variance.cwiseSqrt());
  const auto share_within = [&](double limit) {
    return static_cast<double>((z.array().abs() < limit).count()) / static_cast<double>(z.size());
  };
  // 300 fields see three processes fitted to 45: that moves a coverage by a few hundredths.
  CHECK(share_within(0.6745) == Approx(0.50).margin(0.07));
  CHECK(share_within(1.9600) == Approx(0.95).margin(0.04));
  const Scores left = leave_one_out_scores(field);
  CHECK(left.n == n * m);
  CHECK(left.coverage95 == Approx(0.95).margin(0.04));
  CHECK(left.q2 > 0.8);
}

TEST_CASE("units of fields cancel", "[components]") {
  const Points x = design::sobol(square(), 14, Rng(1));
  Matrix fields = smooth_scores(x) * modes(30, 3).transpose();
  fields += 0.01 * random_matrix(14, 30, Rng(5));
  const Points at = uniform_points(4, 2, Rng(6));
  FieldOptions options = plain_options();
  options.model.noise_sd = std::numeric_limits<double>::quiet_NaN();
  const FieldMarginals expected = fitted(x, fields, options).predict(at);
  for (const double unit : {1e-120, 1e120}) {
    const FieldMarginals scaled = fitted(x, unit * fields, options).predict(at);
    CHECK(near(scaled.mean / unit, expected.mean, 1e-5));
    CHECK(near(scaled.variance / unit / unit, expected.variance, 1e-5));
  }
}

TEST_CASE("a field surrogate says what it cannot be made of", "[components]") {
  const Points x = design::sobol(square(), 4, Rng(1));
  const Matrix fields = random_matrix(4, 3, Rng(5));
  const auto message = [&](PointsView points, const Matrix& values, const FieldOptions& options) {
    return message_of<ArgumentError>([&] { fitted(points, values, options); });
  };
  CHECK(contains(message(x, fields.topRows(3), {}), "got 4 points and 3 x 3 values"));
  CHECK(contains(message(x, Matrix(4, 0), {}), "got 4 points and 4 x 0 values"));
  CHECK(contains(message(x.topRows(1), fields.topRows(1), {}), "a fit takes two or more"));
  CHECK(contains(message(x, fields, {.share = 0.0}), "above 0, at most 1; got 0"));
  CHECK(contains(message(x, fields, {.max_components = 0}), "at least one component, got 0"));
  Matrix missing = fields;
  missing(2, 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(contains(message(x, missing, {}), "'pressure' is nan in field 2, value 1"));
  const FieldSurrogate field = fitted(x, fields, plain_options());
  CHECK(contains(message_of<ArgumentError>([&] { field.predict(Points(1, 3)); }),
                 "points have 3 columns, the domain has 2 parameters"));
}
