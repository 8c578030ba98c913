#include "sonde/space/design.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "sonde/base/error.hpp"
#include "space/candidates.hpp"
#include "space/sequences.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::contains;
using testing_support::message_of;

namespace {

Domain cube(Index dim, std::vector<Constraint> constraints = {}) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < dim; ++j) parameters.push_back(Parameter::linear(concat("x", j), 0, 1));
  return Domain(parameters, std::move(constraints));
}

// Share 1/2^d of the cube: the corner below one half.
Constraint corner(double edge) {
  return {"corner", [edge](VectorView x) { return x.maxCoeff() - edge; }};
}

bool all_admitted(const Domain& domain, const Points& x) {
  const std::vector<bool> admitted = domain.rows_admitted(x);
  return std::all_of(admitted.begin(), admitted.end(), [](bool b) { return b; });
}

std::size_t count_distinct(const Points& x) {
  std::set<std::vector<double>> rows;
  for (Index i = 0; i < x.rows(); ++i) {
    rows.insert(std::vector<double>(x.row(i).begin(), x.row(i).end()));
  }
  return rows.size();
}

double least_distance(const Points& x) {
  double least = 1e300;
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < i; ++j) least = std::min(least, (x.row(i) - x.row(j)).norm());
  }
  return least;
}

// Points in each of n strata of a coordinate of the unit cube.
std::vector<int> strata_counts(const Points& u, Index column, Index n) {
  std::vector<int> counts(static_cast<std::size_t>(n), 0);
  for (Index i = 0; i < u.rows(); ++i) {
    ++counts[static_cast<std::size_t>(
        std::min(n - 1, static_cast<Index>(u(i, column) * static_cast<double>(n))))];
  }
  return counts;
}

bool one_a_stratum(const Points& u) {
  for (Index j = 0; j < u.cols(); ++j) {
    for (const int count : strata_counts(u, j, u.rows())) {
      if (count != 1) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("each design has n admissible points, none twice, and repeats with its seed",
          "[design]") {
  const Domain domain({Parameter::linear("a", -3, 3), Parameter::log("b", 1, 1e4),
                       Parameter::integer("k", 1, 4), Parameter::choice("c", {"x", "y", "z"})},
                      {{"slope", [](VectorView x) { return x[0] * x[0] + std::log10(x[1]) - 4; }}});
  for (const std::string& name : design::names()) {
    INFO(name);
    for (const Index n : {1, 2, 30}) {
      const Points x = design::named(name, domain, n, Rng(5));
      CHECK(x.rows() == n);
      CHECK(x.cols() == 4);
      CHECK(all_admitted(domain, x));
      CHECK(count_distinct(x) == static_cast<std::size_t>(n));
      CHECK(x == design::named(name, domain, n, Rng(5)));
      CHECK(x != design::named(name, domain, n, Rng(6)));
    }
    CHECK(design::named(name, domain, 0, Rng(5)).rows() == 0);
  }
}

TEST_CASE("a latin hypercube has one point a stratum of every coordinate", "[design]") {
  for (const Index n : {2, 10, 37}) {
    CHECK(one_a_stratum(design::latin_hypercube(cube(5), n, Rng(1))));
    CHECK(one_a_stratum(design::maximin(cube(5), n, Rng(1))));
  }
}

TEST_CASE("maximin keeps points farther apart than the best of many latin hypercubes", "[design]") {
  for (const Index dim : {2, 5, 10}) {
    double best = 0.0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      best = std::max(best, least_distance(design::latin_hypercube(cube(dim), 20, Rng(seed))));
    }
    CHECK(least_distance(design::maximin(cube(dim), 20, Rng(1))) > best);
  }
}

TEST_CASE("maximin is as spread as the best latin hypercube of the plane, to one per cent",
          "[design]") {
  // phi_p, p = 16, of n points, one a stratum, by trying all n! of them.
  for (const Index n : {3, 4, 5, 6, 7}) {
    const auto phi = [](const Points& x) {
      double sum = 0.0;
      for (Index i = 0; i < x.rows(); ++i) {
        for (Index j = 0; j < i; ++j) sum += std::pow((x.row(i) - x.row(j)).squaredNorm(), -8);
      }
      return std::pow(sum, 1.0 / 16.0);
    };
    Points x(n, 2);
    std::vector<int> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    double least = 1e300;
    do {
      for (Index i = 0; i < n; ++i) {
        x(i, 0) = static_cast<double>(i);
        x(i, 1) = order[static_cast<std::size_t>(i)];
      }
      least = std::min(least, phi(x));
    } while (std::next_permutation(order.begin(), order.end()));
    CHECK(phi(design::maximin(cube(2), n, Rng(1)) * static_cast<double>(n)) < 1.01 * least);
  }
}

TEST_CASE("under constraints maximin is still farther apart than points at random", "[design]") {
  const Domain domain = cube(3, {{"sum", [](VectorView x) { return x.sum() - 1; }}});
  const Points x = design::maximin(domain, 20, Rng(1));
  double best = 0.0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    best = std::max(best, least_distance(design::uniform(domain, 20, Rng(seed))));
  }
  CHECK(all_admitted(domain, x));
  CHECK(least_distance(x) > best);
}

TEST_CASE("under constraints a latin hypercube still fills the strata evenly", "[design]") {
  // The constraint concerns x0 alone: the strata of the others are those of the cube, of x0 those
  // of [0, 0.1]. A design at random has about n (1 - 1/e) filled strata.
  const Domain domain = cube(4, {{"first", [](VectorView x) { return x[0] - 0.1; }}});
  Points x = design::latin_hypercube(domain, 20, Rng(3));
  REQUIRE(all_admitted(domain, x));
  x.col(0) *= 10;
  for (Index j = 0; j < 4; ++j) {
    const std::vector<int> counts = strata_counts(x, j, 20);
    CHECK(std::count(counts.begin(), counts.end(), 0) <= 2);
  }
}

TEST_CASE("scrambled Sobol points are a net whatever the scrambling", "[design]") {
  // The first two coordinates of Sobol points are a (0, 2)-sequence: of the first 2^m points one
  // lies in each elementary box of volume 2^-m, whatever its shape.
  const int m = 8, n = 1 << m;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Points u = space::scrambled_sobol(2, Rng(seed))(n);
    for (int a = 0; a <= m; ++a) {
      std::set<std::pair<int, int>> boxes;
      for (Index i = 0; i < n; ++i) {
        boxes.insert({static_cast<int>(std::ldexp(u(i, 0), a)),
                      static_cast<int>(std::ldexp(u(i, 1), m - a))});
      }
      CHECK(boxes.size() == static_cast<std::size_t>(n));
    }
  }
}

TEST_CASE("every coordinate of Sobol points fills its strata", "[design]") {
  const Points u = space::scrambled_sobol(300, Rng(1))(64);
  CHECK(one_a_stratum(u));
  CHECK(u.minCoeff() >= 0.0);
  CHECK(u.maxCoeff() < 1.0);
}

TEST_CASE("Sobol points integrate better than points at random", "[design]") {
  // The mean of prod 12 (u_i - 1/2)^2 over the cube is 1, its variance (9/5)^3 - 1 = 4.83.
  const auto mean_of = [](const Points& u) {
    return (12.0 * (u.array() - 0.5).square()).rowwise().prod().mean();
  };
  const int n = 1024;
  double squares = 0.0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    squares += std::pow(mean_of(design::sobol(cube(3), n, Rng(seed))) - 1, 2);
  }
  CHECK(squares / 20 < 0.01 * 4.83 / n);
}

TEST_CASE("a scrambled point is uniform", "[design]") {
  // The first point over many seeds; five standard errors of the mean and of the variance.
  const int n = 20000;
  double sum = 0.0, squares = 0.0;
  for (std::uint64_t seed = 0; seed < n; ++seed) {
    const double u = space::scrambled_sobol(1, Rng(seed))(1)(0, 0);
    sum += u;
    squares += u * u;
  }
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
}

TEST_CASE("shifted Halton points are radical inverses moved by one amount", "[design]") {
  const Points u = space::shifted_halton(3, Rng(1))(6);
  // Bases 2, 3, 5 of 0..5, by hand.
  const Points expected{{0, 0, 0},
                        {0.5, 1.0 / 3, 0.2},
                        {0.25, 2.0 / 3, 0.4},
                        {0.75, 1.0 / 9, 0.6},
                        {0.125, 4.0 / 9, 0.8},
                        {0.625, 7.0 / 9, 0.04}};
  for (Index i = 0; i < 6; ++i) {
    for (Index j = 0; j < 3; ++j) {
      const double moved = u(i, j) - u(0, j) - expected(i, j);
      CHECK(std::abs(moved - std::round(moved)) < 1e-14);
    }
  }
}

TEST_CASE("points continue where a source left off", "[design]") {
  const space::Source parts = space::scrambled_sobol(3, Rng(4));
  const Points first = parts(10), second = parts(7);
  const Points all = space::scrambled_sobol(3, Rng(4))(17);
  CHECK(first == all.topRows(10));
  CHECK(second == all.bottomRows(7));
}

TEST_CASE("designs stand where one per cent of the box is admissible", "[design]") {
  const Domain domain = cube(2, {corner(0.1)});
  for (const std::string& name : design::names()) {
    INFO(name);
    const Points x = design::named(name, domain, 30, Rng(2));
    CHECK(all_admitted(domain, x));
    CHECK(count_distinct(x) == 30);
  }
}

TEST_CASE("designs stand where the admissible share is tiny, and cover it", "[design]") {
  // Two quarter circles, thin as a hair: a share of 1e-8.
  const Domain arc =
      cube(2, {{"circle", [](VectorView x) { return std::abs(x.squaredNorm() - 0.49); }, 1e-8}});
  const Domain spot = cube(3, {corner(0.001)});
  for (const std::string& name : design::names()) {
    INFO(name);
    const Points x = design::named(name, arc, 12, Rng(4));
    CHECK(all_admitted(arc, x));
    CHECK(count_distinct(x) == 12);
    std::set<int> sixths;
    for (Index i = 0; i < 12; ++i) {
      sixths.insert(static_cast<int>(std::atan2(x(i, 1), x(i, 0)) / (std::acos(0.0) / 6)));
    }
    CHECK(sixths.size() >= (name == "uniform" ? 4u : 5u));
  }
  const Points corners = design::maximin(spot, 8, Rng(5));
  CHECK(all_admitted(spot, corners));
  const Points spread = corners * 1000;
  CHECK(least_distance(spread) > 0.4);  // the corners of a cube are 1 apart
}

TEST_CASE("rare yes-or-no constraints are met by patience", "[design]") {
  const Domain domain =
      cube(2, {{"spot", [](VectorView x) { return x.maxCoeff() < 0.01 ? 0.0 : 1.0; }}});
  const Points x = design::maximin(domain, 10, Rng(1));
  CHECK(all_admitted(domain, x));
  CHECK(count_distinct(x) == 10);
}

TEST_CASE("the levels of a discrete parameter are equally frequent", "[design]") {
  const Domain domain({Parameter::integer("k", 0, 3), Parameter::linear("x", 0, 1)});
  for (const std::string name : {"sobol", "latin hypercube", "maximin"}) {
    const Points x = design::named(name, domain, 32, Rng(1));
    for (int level = 0; level <= 3; ++level) CHECK((x.col(0).array() == level).count() == 8);
  }
}

TEST_CASE("a small discrete domain is exhausted before a point is repeated", "[design]") {
  const Domain domain({Parameter::integer("k", 0, 4), Parameter::choice("c", {"a", "b", "c"})},
                      {{"not zero", [](VectorView x) { return x[0] == 0 ? 1.0 : 0.0; }}});
  for (const std::string& name : design::names()) {
    INFO(name);
    for (const Index n : {5, 11, 12}) {
      CHECK(count_distinct(design::named(name, domain, n, Rng(1))) == static_cast<std::size_t>(n));
    }
    const Points twice = design::named(name, domain, 24, Rng(1));
    CHECK(twice.rows() == 24);
    CHECK(count_distinct(twice) == 12);
  }
}

TEST_CASE("reference points follow the input distribution inside the constraints", "[design]") {
  Parameter mach = Parameter::linear("mach", 0, 1);
  mach.distribution = TruncatedNormal{0.5, 0.1};
  const Domain domain({mach, Parameter::linear("y", 0, 1)},
                      {{"below", [](VectorView x) { return x[1] - x[0]; }}});
  const Points x = design::reference(domain, 4000, Rng(1));
  CHECK(all_admitted(domain, x));
  // Weighted by the probability x0 of passing: mean (0.25 + 0.01) / 0.5, to the cut's 1e-6.
  CHECK(std::abs(x.col(0).mean() - 0.52) < 5 * 0.1 / std::sqrt(4000.0));
  // A design does not follow it: it covers the box.
  CHECK(design::sobol(domain, 400, Rng(1)).col(0).maxCoeff() > 0.95);
}

TEST_CASE("a design without an admissible point says what each constraint rejects", "[design]") {
  const Domain domain =
      cube(2, {{"never", [](VectorView) { return 1.0; }}, corner(std::sqrt(0.5))});
  const std::string words = message_of<ArgumentError>([&] { design::maximin(domain, 30, Rng(1)); });
  CHECK(contains(words, "design: 0 of "));
  CHECK(contains(words, " candidates are admissible; check the constraints "));
  CHECK(contains(words, "('never' excludes all of the box, 'corner' 50 %)"));
}

TEST_CASE("constraints that exclude each other are told as such", "[design]") {
  const Domain domain = cube(2, {{"low", [](VectorView x) { return x[0] - 0.25; }},
                                 {"high", [](VectorView x) { return 0.5 - x[0]; }}});
  CHECK(contains(message_of<ArgumentError>([&] { design::uniform(domain, 5, Rng(1)); }),
                 "candidates are admissible; check the constraints ('low' excludes 75 %, 'high' 50 "
                 "%; each can be met, together they cannot)"));
}

TEST_CASE("shares in messages keep what sets them apart from all", "[design]") {
  using space::in_words;
  CHECK(in_words({{"a", 0.9994}}) == "'a' excludes 99.94 %");
  CHECK(in_words({{"a", 0.99997}, {"b", 1.0}}) == "'b' excludes all of the box, 'a' 99.997 %");
  CHECK(in_words({{"a", 0.0}, {"b", 0.123}, {"c", 0.0123}}) == "'b' excludes 12 %, 'c' 1.2 %");
  CHECK(in_words({}).empty());
}

TEST_CASE("an unknown design is answered with the known ones", "[design]") {
  CHECK(message_of<ArgumentError>([] { design::named("lhs", cube(2), 3, Rng(1)); }) ==
        "design: expected one of 'uniform', 'halton', 'sobol', 'latin hypercube', 'maximin'; got "
        "'lhs'");
}

TEST_CASE("Sobol points end at their largest dimension", "[design]") {
  CHECK(space::scrambled_sobol(3667, Rng(1))(2).cols() == 3667);
  CHECK(testing_support::contains(
      testing_support::message_of<ArgumentError>([] { space::scrambled_sobol(3668, Rng(1)); }),
      "at most 3667 coordinates, got 3668"));
}
