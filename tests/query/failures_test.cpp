#include "sonde/query/failures.hpp"

#include <cmath>

#include "query/weighing.hpp"
#include "sonde/base/error.hpp"
#include "sonde/math/normal.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/query/ensemble.hpp"
#include "sonde/query/synthesize.hpp"
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

bool fails(VectorView x) {
  return x[0] + 0.5 * x[1] > 1.1;
}

Classifier told(const Points& x) {
  std::vector<bool> succeeded;
  for (Index i = 0; i < x.rows(); ++i) succeeded.push_back(!fails(x.row(i)));
  return Classifier::fit(square(), x, succeeded);
}

Surrogate of_points(const Points& x) {
  std::vector<Index> well;
  for (Index i = 0; i < x.rows(); ++i)
    if (!fails(x.row(i))) well.push_back(i);
  Dataset data{x(well, Eigen::all), Matrix(static_cast<Index>(well.size()), 1)};
  for (Index i = 0; i < data.x.rows(); ++i) data.y(i, 0) = std::sin(3.0 * data.x(i, 0));
  ModelOptions options;
  options.stack = {{}};
  options.parameter_uncertainty = false;
  return Surrogate::fit(square(), {{"y", "1"}}, data, options, Matrix(), Rng(1));
}

std::vector<Criterion> all() {
  return {criteria::failure_information(), criteria::failure_entropy(), criteria::failure_votes()};
}

double bits(double p) {
  const auto part = [](double q) { return q > 0.0 ? -q * std::log2(q) : 0.0; };
  return part(p) + part(1.0 - p);
}

TEST_CASE("criteria of failures are entropies of the latent function, with true slopes",
          "[failures]") {
  const Points x = design::sobol(square(), 24, Rng(1));
  const Surrogate surrogate = of_points(x).with_success(told(x));
  const Classifier& classifier = *surrogate.success();
  const Points at = design::sobol(square(), 12, Rng(5));
  for (Index i = 0; i < at.rows(); ++i) {
    const LocalMarginal f = classifier.latent_at(at.row(i));
    const double sd = std::sqrt(f.variance);
    // The expectation over f, by the trapezoid rule.
    double left = 0.0;
    for (int k = -800; k <= 800; ++k) {
      const double z = 0.01 * k;
      left += 0.01 * normal_pdf(z) * bits(normal_cdf(f.mean + sd * z));
    }
    const double outcome = bits(normal_cdf(f.mean / std::sqrt(1.0 + f.variance)));
    const auto worth = [&](const Criterion& criterion) {
      return criterion.prepare(surrogate, Rng(1))(at.row(i));
    };
    CHECK(worth(criteria::failure_entropy()) == Approx(outcome).epsilon(1e-9));
    CHECK(worth(criteria::failure_votes()) ==
          Approx(bits(normal_cdf(f.mean / sd))).epsilon(1e-6).margin(1e-12));
    CHECK(worth(criteria::failure_information()) == Approx(outcome - left).margin(0.01));
    for (const Criterion& criterion : all()) {
      INFO(criterion.name);
      const Acquisition of = criterion.prepare(surrogate, Rng(1));
      Vector gradient(2);
      of(at.row(i), gradient);
      const Vector expected = central_difference(of, at.row(i), Vector{{1.0, 2.0}}, 1e-5);
      CHECK((gradient - expected).norm() <= 1e-4 * (1e-2 + expected.norm()));
    }
  }
}

TEST_CASE("the latent function is what probabilities are averaged over", "[failures]") {
  const Points x = design::sobol(square(), 24, Rng(1));
  const Classifier classifier = told(x);
  const Points at = design::sobol(square(), 6, Rng(5));
  for (Index i = 0; i < at.rows(); ++i) {
    const LocalMarginal f = classifier.latent_at(at.row(i));
    const double p = normal_cdf(f.mean / std::sqrt(1.0 + f.variance));
    const double expected = 1.0 - classifier.region() * (1.0 - p);
    CHECK(classifier.probability(at)[i] == Approx(expected).epsilon(1e-9));
  }
}

// By the formula of a process that has one more observation, of f = mean, with the inverse of the
// label's Fisher information as noise.
TEST_CASE("a classifier that supposes a run knows more there, and thinks the same", "[failures]") {
  const Points x = design::sobol(square(), 24, Rng(1));
  const Classifier before = told(x);
  const Points there = design::sobol(square(), 30, Rng(8)).bottomRows(1);
  const Classifier after = before.supposing(there);
  const LocalMarginal was = before.latent_at(there.row(0));
  const LocalMarginal is = after.latent_at(there.row(0));
  const double density = normal_pdf(was.mean);
  const double noise = normal_cdf(was.mean) * normal_cdf(-was.mean) / (density * density);
  CHECK(is.mean == Approx(was.mean).epsilon(1e-9));
  CHECK(is.variance == Approx(was.variance * noise / (was.variance + noise)).epsilon(1e-6));
  const Points far = design::sobol(square(), 6, Rng(5));
  for (Index i = 0; i < far.rows(); ++i) {
    CHECK(after.latent_at(far.row(i)).mean == Approx(before.latent_at(far.row(i)).mean));
    CHECK(after.latent_at(far.row(i)).variance <= before.latent_at(far.row(i)).variance + 1e-12);
  }
  // What it was fitted to tells nothing twice.
  CHECK(before.supposing(x).latent_at(there.row(0)).variance == Approx(was.variance));
}

TEST_CASE("in turn and by ranks failures are looked for as well", "[failures]") {
  const Points x = design::sobol(square(), 24, Rng(1));
  const Surrogate surrogate = of_points(x).with_success(told(x));
  const Criterion its = criteria::failure_information();
  const Points at = design::sobol(square(), 30, Rng(5));
  const Vector alone = query::wanted(its, surrogate, Rng(1)).on_rows(at);
  CHECK(query::wanted(criteria::in_turn({its, its}), surrogate, Rng(1)).on_rows(at) == alone);
  const Criterion one = criteria::on_outputs(criteria::in_turn({its, its}), {0});
  CHECK(query::wanted(one, surrogate, Rng(1)).on_rows(at) == alone);
  // A rank changes no order.
  const Vector ranks =
      query::wanted(criteria::rank_sum({{its, 1.0}}), surrogate, Rng(1)).on_rows(at);
  Index best = 0, first = 0;
  alone.maxCoeff(&best);
  ranks.maxCoeff(&first);
  CHECK(best == first);
}

TEST_CASE("as long as nothing failed the farthest point is asked for", "[failures]") {
  const Surrogate surrogate = of_points(design::sobol(square(), 8, Rng(1)) * 0.4);
  for (const Criterion& criterion : all()) {
    CHECK(criterion.why(surrogate) == "core set");
    CHECK(criterion.prepare(surrogate, Rng(1))(Vector{{0.9, 1.9}}) > 0.0);
  }
  CHECK(contains(message_of<ArgumentError>([] { criteria::named_of_failure("x"); }),
                 "'failure information', 'failure entropy' or 'failure votes', got 'x'"));
}

// Of points near the edge, wrongly told ones after 12 runs by the criterion in batches of two, and
// after 12 uniform ones; summed over five seeds.
TEST_CASE("runs asked for by failures tell the edge of the region better than random ones",
          "[failures]") {
  const Points test = design::sobol(square(), 500, Rng(99));
  const auto wrong = [&](const Points& x) {
    const Classifier classifier = told(x);
    const Vector p = classifier.probability(test);
    int count = 0;
    for (Index i = 0; i < test.rows(); ++i) count += (p[i] < 0.5) != fails(test.row(i)) ? 1 : 0;
    return count;
  };
  for (const Criterion& criterion : all()) {
    int chosen = 0, random = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Points first = design::sobol(square(), 8, Rng(seed));
      Points x = first;
      for (std::uint64_t run = 0; run < 6; ++run) {
        const Surrogate surrogate = of_points(x).with_success(told(x));
        const Batch made =
            synthesize(surrogate, criterion, 2, Points(0, 2), x, {}, Rng(seed).child("run", run));
        Points more(x.rows() + 2, 2);
        more << x, made.queries;
        x = more;
      }
      chosen += wrong(x);
      Points uniform(20, 2);
      uniform << first, design::uniform(square(), 12, Rng(seed).child("uniform"));
      random += wrong(uniform);
    }
    INFO(criterion.name << ": " << chosen << " wrong, " << random << " by random runs");
    CHECK(chosen < random);
  }
}

TEST_CASE("a worth for its cost is the one over the other, and of logarithms the difference",
          "[weighing]") {
  const Points x = design::sobol(square(), 12, Rng(1)) * 0.5;
  const ScalarField log_cost([](VectorView at, VectorOut gradient) {
    if (gradient.size() > 0) gradient = Vector{{2.0, 0.0}};
    return 2.0 * at[0];
  });
  const Surrogate plain = of_points(x);
  const Surrogate costly = plain.with_log_cost(log_cost);
  const Points at = design::sobol(square(), 6, Rng(5));
  Criterion falling = criteria::variance();
  falling.prepare = [](const Surrogate&, Rng) {
    return Acquisition([](VectorView point, VectorOut gradient) {
      if (gradient.size() > 0) gradient = Vector{{0.0, -1.0}};
      return -1.0 - point[1];
    });
  };
  Criterion logarithm = falling;
  logarithm.logarithmic = true;
  for (const Criterion& criterion : {criteria::variance(), falling, logarithm}) {
    const Acquisition one = query::wanted(criterion, plain, Rng(1));
    const Acquisition two = query::wanted(criterion, costly, Rng(1));
    for (Index i = 0; i < at.rows(); ++i) {
      const double cost = 2.0 * at(i, 0), worth = one(at.row(i));
      const double expected = criterion.logarithmic ? worth - cost
                              : worth >= 0.0        ? worth / std::exp(cost)
                                                    : worth * std::exp(cost);
      CHECK(two(at.row(i)) == Approx(expected).epsilon(1e-9));
      CHECK(two.on_rows(at)[i] == Approx(expected).epsilon(1e-6));
      Vector gradient(2);
      two(at.row(i), gradient);
      const Vector slope = central_difference(two, at.row(i), Vector{{1.0, 2.0}}, 1e-5);
      CHECK((gradient - slope).norm() <= 1e-4 * (1e-3 + slope.norm()));
    }
  }
}

TEST_CASE("places that count for more are worth more by as much, or count so in an integral",
          "[weighing]") {
  const Surrogate plain = of_points(design::sobol(square(), 12, Rng(1)) * 0.5);
  const auto left = [](VectorView x) { return x[0] < 0.5 ? 3.0 : 1.0; };
  const Surrogate weighed = plain.with_importance(ScalarField(left));
  const Points at = design::sobol(square(), 8, Rng(5));
  const Vector one = criteria::variance().prepare(plain, Rng(1)).on_rows(at);
  const Vector two = criteria::variance().prepare(weighed, Rng(1)).on_rows(at);
  for (Index i = 0; i < at.rows(); ++i)
    CHECK(two[i] == Approx(one[i] * left(at.row(i))).epsilon(1e-9));
  // By hand: the drop of the weighted mean of the variance at the points that stand for the domain.
  constexpr Index r = 32;
  const Points reference = design::reference(square(), r, Rng(2).child("reference"));
  const double unit = plain[0].spread() * plain[0].spread();
  const Acquisition drop = criteria::integrated_variance(r).prepare(weighed, Rng(2));
  for (Index i = 0; i < at.rows(); ++i) {
    const Vector fallen = plain[0].predict(reference).variance -
                          plain.supposing(at.row(i))[0].predict(reference).variance;
    double sum = 0.0, weights = 0.0;
    for (Index k = 0; k < r; ++k) {
      sum += left(reference.row(k)) * fallen[k];
      weights += left(reference.row(k));
    }
    CHECK(drop(at.row(i)) == Approx(sum / weights / unit).epsilon(1e-5));
  }
}

}  // namespace
}  // namespace sonde
