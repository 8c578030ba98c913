#include "sonde/query/classes.hpp"

#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"
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

double regime(VectorView x) {
  if (x[0] + x[1] < 0.9) return 0.0;
  return x[0] < 0.55 ? 1.0 : 2.0;
}

Surrogate of_points(const Points& x, double most = 2.0) {
  Dataset data{x, Matrix(x.rows(), 1)};
  for (Index i = 0; i < x.rows(); ++i) data.y(i, 0) = std::min(regime(x.row(i)), most);
  return Surrogate::fit(square(), {{"regime", "1", {"low", "left", "right"}}}, data, ModelOptions{},
                        Matrix(), Rng(1));
}

std::vector<Criterion> all() {
  std::vector<Criterion> criteria;
  for (const std::string& name : criteria::names_of_classes())
    criteria.push_back(criteria::named_of_classes(name));
  return criteria;
}

double bits(VectorView p) {
  double sum = 0.0;
  for (const double one : p)
    if (one > 0.0) sum -= one * std::log2(one);
  return sum;
}

TEST_CASE("criteria of classes are what their formulas say of the committee", "[classes]") {
  const Surrogate surrogate = of_points(design::sobol(square(), 24, Rng(1)));
  const MulticlassClassifier& classifier = *surrogate.classes(0);
  const Points at = design::sobol(square(), 12, Rng(5));
  const Matrix predicted = classifier.probability(at);
  for (Index i = 0; i < at.rows(); ++i) {
    const Matrix p = probabilities_of(classifier.committee_at(at.row(i)).log_p);
    Vector sorted = predicted.row(i).transpose();
    std::sort(sorted.begin(), sorted.end());
    double own = 0.0, divergence = 0.0;
    for (Index q = 0; q < p.rows(); ++q) {
      own += bits(p.row(q).transpose()) / static_cast<double>(p.rows());
      for (Index k = 0; k < 3; ++k)
        if (p(q, k) > 0.0)
          divergence +=
              p(q, k) * std::log2(p(q, k) / predicted(i, k)) / static_cast<double>(p.rows());
    }
    const auto worth = [&](const Criterion& criterion) {
      return criterion.prepare(surrogate, Rng(1))(at.row(i));
    };
    const double entropy = bits(predicted.row(i).transpose());
    CHECK(worth(criteria::class_entropy()) == Approx(entropy).epsilon(1e-9));
    CHECK(worth(criteria::class_information()) == Approx(entropy - own).margin(1e-9));
    CHECK(worth(criteria::class_information()) == Approx(divergence).margin(1e-9));
    CHECK(worth(criteria::class_margin()) == Approx(1.0 - sorted[2] + sorted[1]).epsilon(1e-9));
    CHECK(worth(criteria::class_least_confidence()) == Approx(1.0 - sorted[2]).epsilon(1e-9));
    // Votes that are cast whole: the smooth ones are near.
    Vector votes = Vector::Zero(3);
    for (Index q = 0; q < p.rows(); ++q) {
      Index likely = 0;
      p.row(q).maxCoeff(&likely);
      votes[likely] += 1.0 / static_cast<double>(p.rows());
    }
    CHECK(worth(criteria::class_votes()) == Approx(bits(votes)).margin(0.15));
  }
}

TEST_CASE("slopes of criteria of classes are central differences", "[classes]") {
  for (const double most : {1.0, 2.0}) {  // of two classes, and of three
    const Surrogate surrogate = of_points(design::sobol(square(), 24, Rng(1)), most);
    const Points at = design::sobol(square(), 10, Rng(6));
    for (const Criterion& criterion : all()) {
      INFO(criterion.name);
      const Acquisition of = criterion.prepare(surrogate, Rng(1));
      for (Index i = 0; i < at.rows(); ++i) {
        Vector gradient(2);
        of(at.row(i), gradient);
        const Vector expected = central_difference(of, at.row(i), Vector{{1.0, 2.0}}, 1e-6);
        CHECK((gradient - expected).norm() <= 1e-3 * (1e-2 + expected.norm()));
      }
    }
  }
}

TEST_CASE("of two classes entropy, margin and least confidence order points the same",
          "[classes]") {
  const Surrogate surrogate = of_points(design::sobol(square(), 20, Rng(1)), 1.0);
  const Points at = design::sobol(square(), 40, Rng(5));
  const auto order = [&](const Criterion& criterion) {
    const Vector worth = criterion.prepare(surrogate, Rng(1)).on_rows(at);
    std::vector<Index> rows(40);
    for (Index i = 0; i < 40; ++i) rows[static_cast<std::size_t>(i)] = i;
    std::sort(rows.begin(), rows.end(), [&](Index a, Index b) { return worth[a] > worth[b]; });
    return rows;
  };
  CHECK(order(criteria::class_entropy()) == order(criteria::class_margin()));
  CHECK(order(criteria::class_entropy()) == order(criteria::class_least_confidence()));
}

TEST_CASE("as long as one class was seen the farthest point is asked for", "[classes]") {
  const Surrogate surrogate = of_points(design::sobol(square(), 8, Rng(1)), 0.0);
  for (const Criterion& criterion : all()) {
    CHECK(criterion.why(surrogate) == "core set");
    CHECK(criterion.prepare(surrogate, Rng(1))(Vector{{0.9, 1.9}}) > 0.0);
  }
  CHECK(contains(message_of<ArgumentError>([] { criteria::named_of_classes("x"); }),
                 "'class least confidence' or 'class votes', got 'x'"));
}

// Points told wrongly after 20 runs by the criterion in batches of two, and after 20 uniform ones;
// summed over five seeds.
TEST_CASE("runs asked for by classes tell regimes better than random ones", "[classes]") {
  const Points test = design::sobol(square(), 500, Rng(99));
  const auto wrong = [&](const Points& x) {
    const Matrix p = of_points(x).classes(0)->probability(test);
    int count = 0;
    for (Index i = 0; i < test.rows(); ++i) {
      Index likely = 0;
      p.row(i).maxCoeff(&likely);
      count += static_cast<double>(likely) != regime(test.row(i)) ? 1 : 0;
    }
    return count;
  };
  for (const Criterion& criterion : all()) {
    int chosen = 0, random = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Points first = design::sobol(square(), 8, Rng(seed));
      Points x = first;
      for (std::uint64_t run = 0; run < 10; ++run) {
        const Batch made = synthesize(of_points(x), criterion, 2, Points(0, 2), x, {},
                                      Rng(seed).child("run", run));
        Points more(x.rows() + 2, 2);
        more << x, made.queries;
        x = more;
      }
      chosen += wrong(x);
      Points uniform(28, 2);
      uniform << first, design::uniform(square(), 20, Rng(seed).child("uniform"));
      random += wrong(uniform);
    }
    INFO(criterion.name << ": " << chosen << " wrong, " << random << " by random runs");
    CHECK(chosen < random);
  }
}

}  // namespace
}  // namespace sonde
