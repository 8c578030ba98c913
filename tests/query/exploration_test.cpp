#include "sonde/query/exploration.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/query/synthesize.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::central_difference;
using testing_support::contains;
using testing_support::message_of;
using testing_support::near;

Domain room() {
  return Domain({Parameter::linear("a", -1.0, 3.0), Parameter::log("b", 1.0, 100.0)});
}

double bumpy(VectorView x) {
  return std::sin(2.0 * x[0]) + 0.3 * std::log(x[1]) * x[0];
}

ModelOptions one_process() {
  ModelOptions options;
  options.stack = {{}};
  options.parameter_uncertainty = false;
  return options;
}

Surrogate of_points(const Points& x, const ModelOptions& options, double unit = 1.0) {
  Dataset data{x, Matrix(x.rows(), 2)};
  for (Index i = 0; i < x.rows(); ++i) {
    data.y(i, 0) = unit * bumpy(x.row(i));
    data.y(i, 1) = std::cos(3.0 * x(i, 0)) + 0.1 * x(i, 1);
  }
  return Surrogate::fit(room(), {{"y", "1"}, {"z", "1"}}, data, options, Matrix(), Rng(1));
}

Surrogate believed(const ModelOptions& options, double unit = 1.0) {
  return of_points(design::sobol(room(), 14, Rng(1)), options, unit);
}

std::vector<Criterion> all() {
  return {criteria::core_set(), criteria::global_fit(), criteria::mutual_information(32),
          criteria::model_change(), criteria::expected_error_reduction(32)};
}

TEST_CASE("worths of exploration are those of their rows, with true slopes where they have any",
          "[exploration]") {
  const Surrogate surrogate = believed({});
  const Points x = design::sobol(room(), 8, Rng(7));
  for (const Criterion& criterion : all()) {
    const Acquisition worth = criterion.prepare(surrogate, Rng(5));
    const Vector rows = worth.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) {
      INFO(criterion.name << " at " << x.row(i));
      CHECK(rows[i] == Approx(worth(x.row(i))).epsilon(1e-8));
      if (!worth.has_gradient()) continue;
      Vector gradient(2);
      CHECK(worth(x.row(i), gradient) == Approx(rows[i]).epsilon(1e-8));
      const Vector expected = central_difference(worth, x.row(i), Vector{{4.0, x(i, 1)}}, 1e-5);
      CHECK((gradient - expected).norm() <= 1e-4 * (1e-3 + expected.norm()));
    }
  }
  CHECK_FALSE(all().back().prepare(surrogate, Rng(5)).has_gradient());
}

TEST_CASE("the unit of an output does not change what is worth exploring", "[exploration]") {
  const Points x = design::sobol(room(), 8, Rng(7));
  for (const Criterion& criterion : all()) {
    INFO(criterion.name);
    const Vector small = criterion.prepare(believed(one_process(), 0x1p20), Rng(5)).on_rows(x);
    const Vector large = criterion.prepare(believed(one_process()), Rng(5)).on_rows(x);
    CHECK(near(small, large, 1e-10));
  }
}

// Squared exponential of one known length: correlation exp(-s / 2).
TEST_CASE("a core set is farthest in the metric of the kernel", "[exploration]") {
  ModelOptions options = one_process();
  options.stack.front().family = Family::SquaredExponential;
  const Surrogate surrogate = believed(options).only({0});
  const Member& member = surrogate[0].members().front();
  const Vector lengths = member.log_parameters.segment(1, 2).array().exp();
  const Points known = room().rows_to_unit(surrogate[0].x());
  const Points x = design::sobol(room(), 16, Rng(9));
  const Vector worth = criteria::core_set().prepare(surrogate, Rng(1)).on_rows(x);
  for (Index i = 0; i < x.rows(); ++i) {
    const Vector u = room().to_unit(x.row(i));
    double largest = 0.0;
    for (Index k = 0; k < known.rows(); ++k) {
      const Vector off = (u - known.row(k).transpose()).cwiseQuotient(lengths);
      largest = std::max(largest, std::exp(-0.5 * off.squaredNorm()));
    }
    CHECK(worth[i] == Approx(2.0 * (1.0 - largest)).epsilon(1e-9));
  }
  // What is supposed is no place to go to any more.
  const Points there = x.topRows(1);
  const Acquisition after = criteria::core_set().prepare(surrogate.supposing(there), Rng(1));
  CHECK(after(there.row(0)) == Approx(0.0).margin(1e-12));
}

TEST_CASE("a global fit looks at the step to the nearest known point and at the variance",
          "[exploration]") {
  const Surrogate all_outputs = believed({});
  const Surrogate surrogate = all_outputs.only({0});
  const double unit = surrogate[0].spread() * surrogate[0].spread();
  const Points there = design::sobol(room(), 30, Rng(11)).bottomRows(2);
  const Surrogate supposing = surrogate.supposing(there);
  Points known(16, 2);
  known << surrogate[0].x(), there;
  const Vector value = supposing[0].predict(known).mean;
  const Points u = room().rows_to_unit(known);
  const Points x = design::sobol(room(), 16, Rng(9));
  const Vector worth = criteria::global_fit().prepare(supposing, Rng(1)).on_rows(x);
  const Marginals at = supposing[0].predict(x);
  const Points v = room().rows_to_unit(x);
  for (Index i = 0; i < x.rows(); ++i) {
    Index nearest = 0;
    (u.rowwise() - v.row(i)).rowwise().squaredNorm().minCoeff(&nearest);
    const double step = at.mean[i] - value[nearest];
    CHECK(worth[i] == Approx((step * step + at.variance[i]) / unit).epsilon(1e-9));
  }
}

// By the definition: determinants of covariance matrices, with and without x.
TEST_CASE("mutual information is the ratio of two conditional variances", "[exploration]") {
  const Surrogate surrogate = believed(one_process()).only({0});
  const GaussianProcess& process = surrogate[0].members().front().process;
  constexpr Index r = 24;
  // The stream that the criterion draws from.
  const Points reference =
      design::reference(room(), r, Rng(3).child("output", 0).child("reference"));
  const double prior = process.kernel()->variance(process.x())[0];
  const GaussianProcess rest(process.kernel(), Noise(prior), room().rows_to_unit(reference),
                             Vector::Zero(r), process.trend());
  const Points x = design::sobol(room(), 6, Rng(9));
  const Points u = room().rows_to_unit(x);
  const double noise = std::max(process.noise_variance(), 1e-9 * prior);
  const Vector known = process.predict(u).variance.array() + noise;
  const Vector without = rest.predict(u).variance.array() + noise;
  const Vector worth = criteria::mutual_information(r).prepare(surrogate, Rng(3)).on_rows(x);
  CHECK(near(worth, (known.array() / without.array()).log().matrix(), 1e-9));
}

TEST_CASE("a change of the model is the doubt about it over all that is uncertain there",
          "[exploration]") {
  const Surrogate surrogate = believed({}).only({0});
  const Points x = design::sobol(room(), 16, Rng(9));
  const Vector worth = criteria::model_change().prepare(surrogate, Rng(1)).on_rows(x);
  const double noise = surrogate[0].noise_sd();
  const Vector all = surrogate[0].predict(x).variance.array() + noise * noise;
  CHECK(near(worth, surrogate[0].disagreement(x).cwiseQuotient(all), 1e-8));
  CHECK(worth.minCoeff() >= 0.0);
  CHECK(worth.maxCoeff() <= 1.0);
  // One process without a doubt has nothing to change.
  const Surrogate sure = believed(one_process());
  CHECK(criteria::model_change().why(sure) == "integrated variance");
}

// Supposing brings what was promised: one process, whose parameters are known.
TEST_CASE("expected error reduction is the drop of the mean standard deviation", "[exploration]") {
  const Surrogate surrogate = believed(one_process()).only({0});
  constexpr Index r = 24;
  const Points reference = design::reference(room(), r, Rng(3).child("reference"));
  const Acquisition worth = criteria::expected_error_reduction(r).prepare(surrogate, Rng(3));
  const auto left = [&](const Surrogate& one) {
    return one[0].predict(reference).variance.array().sqrt().mean();
  };
  const Points x = design::sobol(room(), 6, Rng(9));
  for (Index i = 0; i < x.rows(); ++i) {
    const double drop = left(surrogate) - left(surrogate.supposing(x.row(i)));
    CHECK(worth(x.row(i)) == Approx(drop / surrogate[0].spread()).epsilon(1e-5));
  }
}

double error_on(const Surrogate& surrogate, const Points& x) {
  const Vector mean = surrogate[0].predict(x).mean;
  double sum = 0.0;
  for (Index i = 0; i < x.rows(); ++i) sum += std::pow(mean[i] - bumpy(x.row(i)), 2);
  return std::sqrt(sum / static_cast<double>(x.rows()));
}

// On a function that one process describes: after eight runs chosen one by one, against eight
// uniform ones, the same initial runs, geometric mean over five seeds.
TEST_CASE("each criterion of exploration learns more of a smooth function than random runs",
          "[exploration]") {
  const Points test = design::sobol(room(), 400, Rng(99));
  for (const Criterion& criterion : all()) {
    double ratio = 0.0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Points x = design::sobol(room(), 6, Rng(seed));
      Points random(14, 2);
      random << x, design::uniform(room(), 8, Rng(seed).child("random"));
      for (int run = 0; run < 8; ++run) {
        const Surrogate surrogate = of_points(x, one_process()).only({0});
        const Batch made = synthesize(surrogate, criterion, 1, Points(0, 2), x, {},
                                      Rng(seed).child("run", static_cast<std::uint64_t>(run)));
        Points more(x.rows() + 1, 2);
        more << x, made.queries;
        x = more;
      }
      ratio += std::log(error_on(of_points(x, one_process()), test) /
                        error_on(of_points(random, one_process()), test));
    }
    INFO(criterion.name << ": error over that of random runs " << std::exp(ratio / 5.0));
    CHECK(ratio < 0.0);
  }
}

TEST_CASE("exploration without reference points is refused", "[exploration]") {
  CHECK(contains(message_of<ArgumentError>([] { criteria::mutual_information(0); }),
                 "at least one reference point"));
  CHECK(contains(message_of<ArgumentError>([] { criteria::expected_error_reduction(0); }),
                 "at least one reference point"));
}

}  // namespace
}  // namespace sonde
