#include "sonde/query/pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sonde/base/error.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Domain square() {
  return Domain(
      {Parameter::linear("a", 0.0, 2.0), Parameter::log("b", 1.0, 100.0)},
      {{"half", ScalarField([](VectorView x) { return x[0] + std::log10(x[1]) - 3.0; })}});
}

double bumpy(VectorView u) {
  return std::sin(6.0 * u[0]) * std::cos(4.0 * u[1]) + u[0];
}

Surrogate believed(const Domain& domain, Index n, std::uint64_t seed) {
  const Points x = design::sobol(domain, n, Rng(seed));
  Dataset data{x, Matrix(n, 1)};
  for (Index i = 0; i < n; ++i) data.y(i, 0) = bumpy(domain.to_unit(x.row(i)));
  ModelOptions options;
  options.stack = {{}};
  options.parameter_uncertainty = false;
  return Surrogate::fit(domain, {{"y", "1"}}, data, options, Matrix(), Rng(seed));
}

// Some of its rows break the constraint, one is no number, one lies outside.
Points candidates(Index n, std::uint64_t seed) {
  const Domain box(square().parameters());
  Points x = design::uniform(box, n, Rng(seed));
  x(3, 0) = nan;
  x(5, 1) = 1000.0;
  x.row(n - 1) = x.row(1);
  return x;
}

Points none() {
  return Points(0, 2);
}

std::vector<Index> rows_of(const Batch& batch) {
  std::vector<Index> rows;
  for (const Selection& one : batch.selections) rows.push_back(one.row);
  return rows;
}

Batch chosen(const Surrogate& surrogate, const Criterion& criterion, const Pool& pool, Index k,
             const PoolOptions& options) {
  const Shortlist first =
      shortlist(surrogate, criterion, pool, none(), surrogate[0].x(), options, Rng(3));
  return select_from(pool, first, surrogate, criterion, k, none(), surrogate[0].x(), options,
                     Rng(3));
}

// Every row scored for each choice.
std::vector<Index> by_brute_force(Surrogate surrogate, const Criterion& criterion, const Points& x,
                                  Index k) {
  std::vector<Index> rows;
  for (Index i = 0; i < k; ++i) {
    const Acquisition worth = criterion.prepare(surrogate, Rng(3).child("criterion"));
    Index best = -1;
    double most = -1.0;
    for (Index row = 0; row < x.rows(); ++row) {
      if (!x.row(row).allFinite() || !surrogate.domain().admits(x.row(row))) continue;
      const bool taken = std::any_of(rows.begin(), rows.end(),
                                     [&](Index other) { return x.row(other) == x.row(row); });
      const double its = worth(x.row(row));
      if (taken || !(its > most)) continue;
      most = its;
      best = row;
    }
    rows.push_back(best);
    surrogate = surrogate.supposing(x.row(best));
  }
  return rows;
}

TEST_CASE("what is chosen of a pool is what scoring every row for each choice finds", "[pool]") {
  const Points x = candidates(400, 1);
  const Surrogate surrogate = believed(square(), 12, 2);
  for (const Criterion& criterion : {criteria::variance(), criteria::integrated_variance(64)}) {
    const std::vector<Index> expected = by_brute_force(surrogate, criterion, x, 8);
    // With a shortlist of 5 the pool is visited again and again.
    for (const Index most : {5, 10000}) {
      const Batch batch =
          chosen(surrogate, criterion, Pool(x), 8, {.shortlist = most, .threads = 2});
      CHECK(rows_of(batch) == expected);
      CHECK(batch.why == std::vector<std::string>(8, criterion.name));
      for (Index i = 0; i < 8; ++i)
        CHECK(batch.queries.row(i) == x.row(expected[static_cast<std::size_t>(i)]));
    }
  }
}

TEST_CASE("the best of the parts of a pool are the best of the whole", "[pool]") {
  const Points x = candidates(300, 4);
  const Surrogate surrogate = believed(square(), 10, 5);
  const PoolOptions options{.shortlist = 20};
  const auto listed = [&](const Pool& pool) {
    return shortlist(surrogate, criteria::variance(), pool, none(), none(), options, Rng(1));
  };
  std::vector<Shortlist> parts;
  for (Index part = 0; part < 3; ++part) {
    parts.push_back(listed(Pool(2, [&, part](const Pool::Visitor& visitor) {
      visitor(100 * part, x.middleRows(100 * part, 100));
    })));
  }
  const Shortlist whole = listed(Pool(x));
  const Shortlist together = merged(parts, options.shortlist);
  CHECK(together.rows == whole.rows);
  CHECK(together.worth.isApprox(whole.worth, 1e-12));
  CHECK(together.visited == 300);
  CHECK(together.cut == whole.cut);
  CHECK(whole.rows.size() == 20);
}

TEST_CASE("no row of a pool is chosen twice, nor one that is known or inadmissible", "[pool]") {
  const Points x = candidates(60, 6);
  const Domain domain = square();
  const Surrogate surrogate = believed(domain, 8, 7);
  const Points taken = x.topRows(10);
  for (const Diversity diversity :
       {Diversity::Supposing, Diversity::KCentre, Diversity::MarginalRelevance}) {
    const PoolOptions options{.shortlist = 7, .diversity = diversity};
    const Shortlist first =
        shortlist(surrogate, criteria::variance(), Pool(x), none(), taken, options, Rng(1));
    const Batch batch = select_from(Pool(x), first, surrogate, criteria::variance(), 100, none(),
                                    taken, options, Rng(1));
    std::set<Index> rows;
    for (const Selection& one : batch.selections) {
      CHECK(rows.insert(one.row).second);
      CHECK(one.row >= 10);
      CHECK(one.row != 59);  // stands in row 1 as well
      CHECK(domain.admits(x.row(one.row)));
    }
    if (diversity == Diversity::Supposing) {
      Index admissible = 0;
      for (Index i = 10; i < 59; ++i) admissible += domain.admits(x.row(i)) ? 1 : 0;
      CHECK(static_cast<Index>(rows.size()) == admissible);
    } else {
      CHECK(rows.size() == 7);
    }
  }
}

// A line of which the worth rises to the right, of one length scale.
struct Line {
  Domain domain{{Parameter::linear("a", 0.0, 1.0)}};
  Surrogate surrogate = [this] {
    Points x(6, 1);
    x << 0.0, 0.2, 0.4, 0.6, 0.8, 1.0;
    Dataset data{x, Matrix(6, 1)};
    data.y.col(0) = (5.0 * x.array()).sin();
    ModelOptions options;
    options.stack = {{}};
    return Surrogate::fit(domain, {{"y", "1"}}, data, options, Matrix(), Rng(1));
  }();
  Criterion rising{"rising", [](const Surrogate&, Rng) {
                     return Acquisition([](VectorView x) { return x[0]; });
                   }};
  Batch choice(const Points& x, Index k, PoolOptions options) const {
    const Points no_rows(0, 1);
    const Shortlist first =
        shortlist(surrogate, rising, Pool(x), no_rows, no_rows, options, Rng(1));
    return select_from(Pool(x), first, surrogate, rising, k, no_rows, no_rows, options, Rng(1));
  }
};

TEST_CASE("by k-centre the most worthy comes first, then what is farthest from all before it",
          "[pool]") {
  Points x(7, 1);
  x << 0.05, 0.5, 0.51, 0.6, 0.75, 0.88, 0.9;
  // Of the best five: 0.9, then 0.51, then 0.75 (0.15 from the nearer one).
  const Batch batch =
      Line().choice(x, 3, {.shortlist = 5, .diversity = Diversity::KCentre, .breadth = 2});
  CHECK(rows_of(batch) == std::vector<Index>{6, 2, 4});
}

TEST_CASE("by marginal relevance worth is weighed against likeness", "[pool]") {
  const Line line;
  Points x(4, 1);
  x << 0.1, 0.6, 0.89, 0.9;
  const double length = std::exp(line.surrogate[0].log_lengths()[0]);
  const auto likeness = [&](double a, double b) {
    return std::exp(-0.5 * (a - b) * (a - b) / (length * length));
  };
  PoolOptions options{.diversity = Diversity::MarginalRelevance, .breadth = 2, .relevance = 0.6};
  // After 0.9 is chosen: relevance runs from 0 (0.1) to 1 (0.9).
  const auto value = [&](double at) { return 0.6 * (at - 0.1) / 0.8 - 0.4 * likeness(at, 0.9); };
  const Index second = value(0.89) > value(0.6) && value(0.89) > value(0.1) ? 2
                       : value(0.6) > value(0.1)                            ? 1
                                                                            : 0;
  CHECK(rows_of(line.choice(x, 2, options)) == std::vector<Index>{3, second});
  options.relevance = 1.0;
  CHECK(rows_of(line.choice(x, 2, options)) == std::vector<Index>{3, 2});
}

TEST_CASE("where a criterion breaks down, the candidate farthest from all is chosen", "[pool]") {
  const Points x = candidates(50, 8);
  const Surrogate surrogate = believed(square(), 8, 9);
  const Criterion nowhere{
      "nowhere", [](const Surrogate&, Rng) { return Acquisition([](VectorView) { return nan; }); }};
  const Criterion broken{
      "broken", [](const Surrogate&, Rng) -> Acquisition { throw NumericalError("no factor"); }};
  const Points taken = surrogate[0].x();
  const Points u = square().rows_to_unit(taken);
  for (const Criterion& criterion : {nowhere, broken}) {
    const Batch batch = chosen(surrogate, criterion, Pool(x), 1, {});
    REQUIRE(batch.why.size() == 1);
    CHECK(contains(batch.why[0], "space filling: "));
    CHECK(std::isnan(batch.worth[0]));
    const auto distance = [&](VectorView at) {
      return (u.rowwise() - square().to_unit(at).transpose()).rowwise().norm().minCoeff();
    };
    for (Index i = 0; i < x.rows(); ++i)
      if (x.row(i).allFinite() && square().admits(x.row(i)))
        CHECK(distance(x.row(i)) <= distance(batch.queries.row(0)) + 1e-12);
  }
}

TEST_CASE("rows drawn of a pool are admissible ones, each as often as another", "[pool]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0)});
  Points x(5, 1);
  x << 0.1, 0.3, 7.0, 0.5, 0.1;
  const Pool pool(x);
  std::vector<int> count(5, 0);
  constexpr int draws = 3000;
  for (int i = 0; i < draws; ++i)
    ++count[static_cast<std::size_t>(
        rows_of(drawn_from(pool, domain, 1, Points(0, 1), 1e-6, Rng(static_cast<std::uint64_t>(i))))
            .front())];
  CHECK(count[2] == 0);
  // Of four rows: 750 each, with a standard deviation of sqrt(3000 / 4 * 3 / 4) = 24.
  for (const std::size_t row : {0u, 1u, 3u, 4u}) CHECK(std::abs(count[row] - draws / 4) < 120);
  const Batch all = drawn_from(pool, domain, 9, x.row(1), 1e-6, Rng(1));
  CHECK(all.queries.rows() == 2);
}

TEST_CASE("a pool says what it cannot choose", "[pool]") {
  const Surrogate surrogate = believed(square(), 8, 1);
  const auto list = [&](const Pool& pool, const PoolOptions& options) {
    return message_of<ArgumentError>(
        [&] { shortlist(surrogate, criteria::variance(), pool, none(), none(), options, Rng(1)); });
  };
  CHECK(contains(list(Pool(Points(4, 3)), {}), "expected points of 2 parameters, got 3"));
  CHECK(contains(list(Pool(candidates(9, 1)), {.shortlist = 0}), "at least 1, got 0"));
  CHECK(contains(list(Pool(candidates(9, 1)), {.relevance = 2.0}), "from 0 to 1, got 2"));
}

}  // namespace
}  // namespace sonde
