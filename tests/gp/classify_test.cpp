#include "sonde/gp/classify.hpp"

#include <cmath>

#include "gp/expectation_propagation.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"
#include "sonde/math/normal.hpp"
#include "sonde/space/design.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::central_difference;
using testing_support::contains;
using testing_support::message_of;

Domain square() {
  return Domain({Parameter::linear("a", 0.0, 10.0), Parameter::linear("b", -1.0, 1.0)});
}

struct Labelled {
  Points x;
  std::vector<bool> succeeded;
};

// Runs fail in the corner a > 6, b > 0, and a share of all wherever they are.
Labelled labelled(Index n, double speckle, std::uint64_t seed) {
  Labelled made{design::uniform(square(), n, Rng(seed)), {}};
  Rng draw = Rng(seed).child("speckle");
  for (Index i = 0; i < n; ++i) {
    const bool corner = made.x(i, 0) > 6.0 && made.x(i, 1) > 0.0;
    made.succeeded.push_back(!corner && draw.uniform() >= speckle);
  }
  return made;
}

// The posterior of one latent value by the sum over a fine grid.
struct Exact {
  double evidence;
  double mean;
  double variance;
};
Exact by_grid(bool succeeded, double prior_variance, double mean, double s) {
  double z = 0.0, first = 0.0, second = 0.0;
  const double sd = std::sqrt(prior_variance);
  const double step = sd / 200.0;
  for (double g = -10.0 * sd; g <= 10.0 * sd; g += step) {
    const double ok = (1.0 - s) * normal_cdf(g + mean);
    const double weight = normal_pdf(g / sd) / sd * step * (succeeded ? ok : 1.0 - ok);
    z += weight;
    first += weight * g;
    second += weight * g * g;
  }
  return {z, first / z, second / z - first * first / (z * z)};
}

TEST_CASE("of a single label expectation propagation is exact", "[classify]") {
  for (const bool succeeded : {true, false}) {
    const double s = 0.1;
    const Matrix k = Matrix::Constant(1, 1, 2.0);
    const Propagated found = propagated(k, {succeeded}, 0.4, s);
    const Exact exact = by_grid(succeeded, 2.0, 0.4, s);
    CHECK(std::exp(found.log_evidence) == Approx(exact.evidence).epsilon(1e-5));
    CHECK(2.0 * found.weights[0] == Approx(exact.mean).epsilon(1e-5));
    CHECK(2.0 - 4.0 * found.spread(0, 0) == Approx(exact.variance).epsilon(1e-4));
  }
}

TEST_CASE("the evidence of labels of independent places is the product of each", "[classify]") {
  const Matrix k = (Vector(2) << 2.0, 0.5).finished().asDiagonal();
  const double both = propagated(k, {true, false}, 0.3, 0.05).log_evidence;
  CHECK(both == Approx(std::log(by_grid(true, 2.0, 0.3, 0.05).evidence) +
                       std::log(by_grid(false, 0.5, 0.3, 0.05).evidence))
                    .epsilon(1e-5));
}

TEST_CASE("slopes of the evidence in mean and speckle are central differences", "[classify]") {
  const Labelled data = labelled(20, 0.1, 4);
  Matrix k(20, 20);
  for (Index i = 0; i < 20; ++i)
    for (Index j = 0; j < 20; ++j)
      k(i, j) = 3.0 * std::exp(-0.2 * (data.x.row(i) - data.x.row(j)).squaredNorm());
  // Where s is 0 likelihoods are log-concave, and no site is cut.
  const double h = 1e-4;
  const auto at = [&](double mean, double s) { return propagated(k, data.succeeded, mean, s); };
  CHECK(at(0.5, 0.0).mean_slope ==
        Approx((at(0.5 + h, 0.0).log_evidence - at(0.5 - h, 0.0).log_evidence) / (2.0 * h))
            .epsilon(1e-4));
  CHECK(at(0.5, 0.02).speckle_slope ==
        Approx((at(0.5, 0.02 + h).log_evidence - at(0.5, 0.02 - h).log_evidence) / (2.0 * h))
            .epsilon(0.02));
}

TEST_CASE("the gradient of the probability is the central difference", "[classify]") {
  const Labelled data = labelled(40, 0.05, 1);
  const Classifier classifier = Classifier::fit(square(), data.x, data.succeeded);
  const Points at = design::uniform(square(), 8, Rng(3));
  const Vector rows = classifier.probability(at);
  for (Index i = 0; i < at.rows(); ++i) {
    const Vector x = at.row(i);
    Vector gradient(2);
    CHECK(classifier.probability_at(x, gradient) == Approx(rows[i]).epsilon(1e-10));
    for (Index j = 0; j < 2; ++j) {
      Vector up = x, down = x;
      up[j] += 1e-5;
      down[j] -= 1e-5;
      Vector none;
      const double slope =
          (classifier.probability_at(up, none) - classifier.probability_at(down, none)) / 2e-5;
      CHECK(gradient[j] == Approx(slope).epsilon(1e-5).margin(1e-8));
    }
  }
}

TEST_CASE("a corner where runs fail is told from the rest", "[classify]") {
  const Labelled data = labelled(60, 0.0, 2);
  const Classifier classifier = Classifier::fit(square(), data.x, data.succeeded);
  const Labelled others = labelled(400, 0.0, 9);
  const Vector p = classifier.probability(others.x);
  Index right = 0;
  for (Index i = 0; i < 400; ++i)
    right += (p[i] > 0.5) == others.succeeded[static_cast<std::size_t>(i)] ? 1 : 0;
  // 60 points leave a strip of some half their distance (0.13 of the side) about an edge of 0.9
  // sides in doubt: a tenth of the square, of which half is guessed right.
  CHECK(right >= 370);
  CHECK(classifier.region() > 0.99);
}

TEST_CASE("failures all over the place leave no place avoided", "[classify]") {
  Labelled data{design::uniform(square(), 60, Rng(5)), {}};
  for (Index i = 0; i < 60; ++i) data.succeeded.push_back(i % 10 != 3);
  const Classifier classifier = Classifier::fit(square(), data.x, data.succeeded);
  const Vector p = classifier.probability(design::uniform(square(), 200, Rng(6)));
  CHECK(p.minCoeff() > 0.4);
  CHECK(p.mean() > 0.8);
  CHECK(classifier.region() < 0.8);  // what it was before the data
}

TEST_CASE("failures by chance rarely speak for a region", "[classify]") {
  // Where all failures are speckles, the odds of a region have the mean that they had before the
  // data, 4, so that by Markov's inequality they pass 16 in a quarter of all samples at most: in 10
  // of 40, and three deviations of sqrt(40 / 4 * 3 / 4) are 8 more.
  int fooled = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Labelled data{design::uniform(square(), 30, Rng(seed)), {}};
    Rng draw = Rng(seed).child("speckle");
    for (Index i = 0; i < 30; ++i) data.succeeded.push_back(draw.uniform() >= 0.1);
    data.succeeded.back() = false;
    fooled += Classifier::fit(square(), data.x, data.succeeded).region() > 16.0 / 17.0 ? 1 : 0;
  }
  CHECK(fooled <= 18);
}

TEST_CASE("the probability is the average of a region's and of none", "[classify]") {
  // A single failure among successes nearby: far from all of them the region's part falls back to
  // its prior, and no average is below what is left when a region is certain to be there.
  const Labelled data = labelled(30, 0.0, 6);
  const Classifier classifier = Classifier::fit(square(), data.x, data.succeeded);
  const Vector p = classifier.probability(design::uniform(square(), 200, Rng(2)));
  CHECK(p.minCoeff() >= 1.0 - classifier.region());
}

TEST_CASE("a classifier of more points than it may take is near one of all", "[classify]") {
  const Labelled data = labelled(240, 0.0, 7);
  const Points at = design::uniform(square(), 100, Rng(8));
  const Vector all =
      Classifier::fit(square(), data.x, data.succeeded, {.most_points = 240}).probability(at);
  const Vector some =
      Classifier::fit(square(), data.x, data.succeeded, {.most_points = 100}).probability(at);
  CHECK(((all.array() > 0.5) != (some.array() > 0.5)).count() <= 10);
}

TEST_CASE("a classifier says what it cannot learn from", "[classify]") {
  const Points x = design::uniform(square(), 3, Rng(1));
  CHECK(contains(message_of<ArgumentError>([&] {
                   Classifier::fit(square(), x, {true, true, true});
                 }),
                 "expected a failure among the labels, got none"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   Classifier::fit(square(), x, {true, false});
                 }),
                 "3 x 2 and 2 labels"));
}

// So few labels leave the variance of f near its prior, 6 or 30; far off it is all that is known.
TEST_CASE("borders of classes are thought sharper than those of where runs fail", "[classify]") {
  const Labelled data = labelled(8, 0.0, 3);
  const Points far = Vector{{1e5, 0.0}}.transpose();
  ClassifierOptions certain;
  certain.certain = true;
  const double failing = Classifier::fit(square(), data.x, data.succeeded).latent(far).variance[0];
  const double of_classes =
      Classifier::fit(square(), data.x, data.succeeded, certain).latent(far).variance[0];
  CHECK(failing > 3.0);
  CHECK(failing < 12.0);
  CHECK(of_classes > 15.0);
  CHECK(of_classes < 90.0);
}

}  // namespace
}  // namespace sonde
