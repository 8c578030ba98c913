#include "sonde/gp/multiclass.hpp"

#include <cmath>
#include <limits>

#include "gp/expectation_propagation.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/math/normal.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::central_difference;
using testing_support::contains;
using testing_support::message_of;

Domain square() {
  return Domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 2.0)});
}

// Below a line, and above it to the left or to the right.
double regime(VectorView x) {
  if (x[0] + x[1] < 0.9) return 0.0;
  return x[0] < 0.55 ? 1.0 : 3.0;
}

Vector regimes(const Points& x) {
  Vector y(x.rows());
  for (Index i = 0; i < x.rows(); ++i) y[i] = regime(x.row(i));
  return y;
}

MulticlassClassifier told(const Points& x) {
  return MulticlassClassifier::fit(square(), x, regimes(x), 4);
}

TEST_CASE("what classes are likely adds up to one, and those never seen have none",
          "[multiclass]") {
  const Points x = design::sobol(square(), 30, Rng(1));
  const MulticlassClassifier classifier = told(x);
  const Points at = design::sobol(square(), 200, Rng(7));
  const Matrix p = classifier.probability(at);
  REQUIRE(p.cols() == 4);
  CHECK((p.rowwise().sum().array() - 1.0).abs().maxCoeff() < 1e-12);
  CHECK(p.col(2).maxCoeff() == 0.0);
  const ClassScores scores = class_scores(p, regimes(at));
  CHECK(scores.wrong < 0.12);
  // What it expects of itself is what happens: within four standard errors of 200 draws.
  CHECK(std::abs(scores.expected - scores.wrong) < 4.0 * std::sqrt(0.25 / 200.0));
}

TEST_CASE("of two classes the probability is that of one latent process", "[multiclass]") {
  const Points x = design::sobol(square(), 20, Rng(1));
  Vector y(x.rows());
  std::vector<bool> first;
  for (Index i = 0; i < x.rows(); ++i) {
    y[i] = x(i, 0) > 0.4 ? 1.0 : 0.0;
    first.push_back(y[i] == 0.0);
  }
  const MulticlassClassifier classifier = MulticlassClassifier::fit(square(), x, y, 2);
  ClassifierOptions certain;
  certain.certain = true;
  const Classifier one = Classifier::fit(square(), x, first, certain);
  CHECK(one.speckle() == 0.0);
  CHECK(one.region() == 1.0);
  const Points at = design::sobol(square(), 30, Rng(7));
  const Matrix p = classifier.probability(at);
  const Vector expected = one.probability(at);
  for (Index i = 0; i < at.rows(); ++i) CHECK(p(i, 0) == Approx(expected[i]).margin(0.01));
}

// The mean over 100,000 random draws of the latents.
TEST_CASE("sixty-four members of a committee stand for the whole posterior", "[multiclass]") {
  const MulticlassClassifier classifier = told(design::sobol(square(), 24, Rng(1)));
  const Points at = design::sobol(square(), 6, Rng(3));
  const Matrix p = classifier.probability(at);
  Rng rng(4);
  for (Index i = 0; i < at.rows(); ++i) {
    const ClassCommittee committee = classifier.committee_at(at.row(i));
    REQUIRE(committee.latents.size() == 3);
    Vector sum = Vector::Zero(3);
    constexpr int draws = 100000;
    for (int q = 0; q < draws; ++q) {
      Vector own(3);  // odds
      for (Index l = 0; l < 3; ++l) {
        const LocalMarginal& f = committee.latents[static_cast<std::size_t>(l)];
        const double value = f.mean + std::sqrt(f.variance) * rng.normal();
        own[l] = std::exp(normal_log_cdf(value) - normal_log_cdf(-value));
      }
      sum += own / own.sum();
    }
    CHECK(p(i, 0) == Approx(sum[0] / draws).margin(0.015));
    CHECK(p(i, 1) == Approx(sum[1] / draws).margin(0.015));
    CHECK(p(i, 3) == Approx(sum[2] / draws).margin(0.015));
    const Vector mean = probabilities_of(committee.log_p).colwise().mean();
    CHECK((mean - p.row(i).transpose()).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("slopes of what a committee says are central differences", "[multiclass]") {
  for (const bool two : {true, false}) {
    const Points x = design::sobol(square(), 20, Rng(1));
    Vector y = regimes(x);
    if (two) y = y.cwiseMin(1.0);
    const MulticlassClassifier classifier = MulticlassClassifier::fit(square(), x, y, 4);
    // Any smooth number of all log_p that are finite.
    const auto of = [&](VectorView at, VectorOut gradient) {
      const ClassCommittee committee = classifier.committee_at(at);
      double value = 0.0;
      Matrix by = Matrix::Zero(committee.log_p.rows(), committee.log_p.cols());
      for (Index q = 0; q < by.rows(); ++q) {
        for (const Index k : committee.seen) {
          const double weight = std::cos(static_cast<double>(q + 3 * k));
          value += weight * committee.log_p(q, k);
          by(q, k) = weight;
        }
      }
      if (gradient.size() > 0) gradient = committee.gradient(by);
      return value;
    };
    const ScalarField field(of);
    const Points at = design::sobol(square(), 8, Rng(5));
    for (Index i = 0; i < at.rows(); ++i) {
      Vector gradient(2);
      field(at.row(i), gradient);
      const Vector expected = central_difference(field, at.row(i), Vector{{1.0, 2.0}}, 1e-5);
      CHECK((gradient - expected).norm() <= 1e-4 * (1.0 + expected.norm()));
    }
  }
}

// With the same kernel, a posterior made without the label: both are approximations.
TEST_CASE("the cavity of a label is the posterior without it", "[multiclass]") {
  const Matrix k{{2.0, 1.2, 0.4}, {1.2, 2.0, 0.9}, {0.4, 0.9, 2.0}};
  const std::vector<bool> labels{true, false, true};
  const Propagated all = propagated(k, labels, 0.2, 0.0);
  for (Index i = 0; i < 3; ++i) {
    std::vector<Index> rest;
    std::vector<bool> others;
    for (Index j = 0; j < 3; ++j) {
      if (j == i) continue;
      rest.push_back(j);
      others.push_back(labels[static_cast<std::size_t>(j)]);
    }
    const Propagated without = propagated(k(rest, rest), others, 0.2, 0.0);
    const Vector to = k(rest, i);
    CHECK(all.cavity.mean[i] == Approx(to.dot(without.weights)).margin(0.06));
    CHECK(all.cavity.variance[i] == Approx(k(i, i) - to.dot(without.spread * to)).epsilon(0.06));
  }
}

TEST_CASE("left out, a point is told by its neighbours", "[multiclass]") {
  const Points x = design::sobol(square(), 60, Rng(1));
  const ClassScores scores = class_scores(told(x).leave_one_out(), regimes(x));
  CHECK(scores.n == 60);
  CHECK(scores.wrong > 0.0);
  CHECK(scores.wrong < 0.2);
  CHECK(scores.lower < scores.wrong);
  CHECK(scores.upper > scores.wrong);
}

TEST_CASE("a classifier of classes that supposes a run is surer there", "[multiclass]") {
  const MulticlassClassifier before = told(design::sobol(square(), 20, Rng(1)));
  const Points there = Vector{{0.31, 0.6}}.transpose();
  const MulticlassClassifier after = before.supposing(there);
  for (std::size_t l = 0; l < 3; ++l) {
    const LocalMarginal was = before.committee_at(there.row(0)).latents[l];
    const LocalMarginal now = after.committee_at(there.row(0)).latents[l];
    CHECK(now.variance < was.variance);
    CHECK(now.mean == Approx(was.mean).margin(1e-9));
  }
}

TEST_CASE("scores of classes are those counted by hand", "[multiclass]") {
  const Matrix p{{0.9, 0.1}, {0.6, 0.4}, {0.2, 0.8}, {0.5, 0.5}};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const ClassScores scores = class_scores(p, Vector{{0.0, 1.0, 1.0, nan}});
  CHECK(scores.n == 3);
  CHECK(scores.wrong == Approx(1.0 / 3.0));
  CHECK(scores.expected == Approx((0.1 + 0.4 + 0.2) / 3.0));
  CHECK(scores.log_score == Approx((std::log(0.9) + std::log(0.4) + std::log(0.8)) / 3.0));
  // Wilson's ends, p such that (share - p)^2 = z^2 p (1 - p) / n.
  for (const double end : {scores.lower, scores.upper})
    CHECK(std::pow(1.0 / 3.0 - end, 2) ==
          Approx(std::pow(1.959963984540054, 2) * end * (1.0 - end) / 3.0));
  CHECK(class_scores(p.topRows(0), Vector()).upper == 1.0);
}

TEST_CASE("a surrogate tells an output of classes by them", "[multiclass]") {
  Dataset data;
  data.x = design::sobol(square(), 24, Rng(1));
  data.y = Matrix(24, 2);
  data.y.col(0) = regimes(data.x);
  for (Index i = 0; i < 24; ++i) data.y(i, 1) = std::sin(3.0 * data.x(i, 0)) + data.x(i, 1);
  data.y(3, 0) = std::numeric_limits<double>::quiet_NaN();  // did not arrive
  const std::vector<Output> outputs{{"regime", "1", {"a", "b", "c", "d"}}, {"y", "1"}};
  const Surrogate surrogate =
      Surrogate::fit(square(), outputs, data, ModelOptions{}, Matrix(), Rng(1));
  REQUIRE(surrogate.classes(0));
  CHECK_FALSE(surrogate.classes(1));
  CHECK(surrogate[0].members().size() == 1);
  CHECK(surrogate.only({1, 0}).classes(1));
  const Points at = design::sobol(square(), 20, Rng(5));
  const Surrogate again =
      Surrogate::at(square(), outputs, data, ModelOptions{}, surrogate.parameters());
  CHECK(again.classes(0)->probability(at) == surrogate.classes(0)->probability(at));
  const Surrogate supposing = surrogate.supposing(at.topRows(1));
  CHECK(supposing.classes(0)->committee_at(at.row(0)).latents[0].variance <
        surrogate.classes(0)->committee_at(at.row(0)).latents[0].variance);
  CHECK(expected_misclassification(square(), *surrogate.classes(0)) < 0.25);
  data.y.col(0).setConstant(2.0);
  CHECK_FALSE(Surrogate::fit(square(), outputs, data, ModelOptions{}, Matrix(), Rng(1)).classes(0));
}

TEST_CASE("what is no class is refused", "[multiclass]") {
  const Points x = design::sobol(square(), 4, Rng(1));
  const auto message = [&](const Vector& y) {
    return message_of<ArgumentError>([&] { MulticlassClassifier::fit(square(), x, y, 3); });
  };
  CHECK(contains(message(Vector{{0, 1, 3, 0}}), "0 to 2, got 3"));
  CHECK(contains(message(Vector{{0, 1, 0.5, 0}}), "got 0.5"));
  CHECK(contains(message(Vector{{1, 1, 1, 1}}), "two classes or more, got 1"));
  CHECK(contains(message(Vector{{1, 1}}), "a class each"));
}

}  // namespace
}  // namespace sonde
