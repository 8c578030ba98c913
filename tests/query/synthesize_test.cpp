#include "sonde/query/synthesize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/math/expression.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/number_of_domains.hpp"

namespace sonde {
namespace {

using testing_support::contains;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const Points none_of(const Domain& domain) {
  return Points(0, domain.dim());
}

// A surrogate of a smooth function, fitted to n points.
Surrogate believed(const Domain& domain, Index n, std::uint64_t seed) {
  const Points x = design::sobol(domain, n, Rng(seed));
  const Points u = domain.rows_to_unit(x);
  Dataset data{x, Matrix(n, 1)};
  for (Index i = 0; i < n; ++i) {
    double y = 0.0;
    for (Index j = 0; j < u.cols(); ++j) y += std::sin(4.0 * u(i, j) + static_cast<double>(j));
    data.y(i, 0) = y;
  }
  return Surrogate::fit(domain, {{"y", "1"}}, data, {}, Matrix(), Rng(seed));
}

// The domains of the property test: every scale, constraints with and without gradients, an odd
// number of levels.
Domain random_domain(Rng& rng) {
  const auto d = static_cast<Index>(1 + rng.below(4));
  std::vector<Parameter> parameters;
  for (Index i = 0; i < d; ++i) {
    const std::string name = "p" + std::to_string(i);
    switch (rng.below(5)) {
      case 0:
        parameters.push_back(Parameter::log(name, 1e-2, 1e3));
        break;
      case 1:
        parameters.push_back(Parameter::integer(name, -2, static_cast<int>(rng.below(5)), "1"));
        break;
      case 2:
        parameters.push_back(Parameter::choice(
            name, rng.below(2) == 0 ? std::vector<std::string>{"a", "b"}
                                    : std::vector<std::string>{"a", "b", "c", "d"}));
        break;
      default:
        parameters.push_back(Parameter::linear(name, -5.0, 20.0));
    }
  }
  const Domain box(parameters);
  std::vector<Constraint> constraints;
  for (std::uint64_t c = rng.below(3); c > 0; --c) {
    Vector normal(d);
    for (Index i = 0; i < d; ++i) normal[i] = rng.normal();
    Vector middle = box.from_unit(Vector::Constant(d, 0.5));
    const Vector scale = box.unit_slope(middle);
    const auto excess = [=](VectorView x) {
      return normal.dot((x - middle).cwiseProduct(scale)) - 0.05;
    };
    const std::uint64_t kind = rng.below(3);
    if (kind == 2) {  // as a study writes them: the same half space, by name
      std::string text = "0";
      Symbols symbols;
      for (Index i = 0; i < d; ++i) {
        symbols.variables.push_back("p" + std::to_string(i));
        text += concat(" + ", normal[i] * scale[i], "*(p", i, " - ", middle[i], ")");
      }
      const Expression condition(concat(text, " <= 0.05 && p0 > -99"), symbols);
      for (const ScalarField& field : inequalities(condition)) {
        constraints.push_back({"written " + std::to_string(c), field});
      }
    } else if (kind == 0) {
      constraints.push_back({"blind " + std::to_string(c), ScalarField(excess), 1e-9});
    } else {
      constraints.push_back(
          {"sloped " + std::to_string(c), ScalarField([=](VectorView x, VectorOut gradient) {
             if (gradient.size() > 0) gradient = normal.cwiseProduct(scale);
             return excess(x);
           })});
    }
  }
  return Domain(parameters, constraints);
}

bool all_apart(const Domain& domain, const Points& x, double same_point) {
  const Points u = domain.rows_to_unit(x);
  for (Index i = 0; i < u.rows(); ++i) {
    for (Index j = 0; j < i; ++j) {
      if ((u.row(i) - u.row(j)).lpNorm<Eigen::Infinity>() < same_point) return false;
    }
  }
  return true;
}

TEST_CASE("on random domains every query is admissible and none stands twice", "[synthesize]") {
  Rng rng(2024);
  const std::uint64_t wanted = testing_support::number_of_domains(40);
  std::uint64_t domains = 0;
  while (domains < wanted) {
    const Domain domain = random_domain(rng);
    const Points known = design::uniform(domain, 6, Rng(rng()));
    Dataset data{known.topRows(4), Matrix(4, 1)};
    data.y.col(0) = domain.rows_to_unit(known.topRows(4)).rowwise().sum().array().sin();
    if (!all_apart(domain, known, 1e-6)) {
      ++domains;  // fewer points than rows: space_filling below exhausts it
      const Points all = space_filling(domain, 5000, none_of(domain), Rng(1));
      if (all.rows() == 5000) continue;
      CHECK(all_apart(domain, all, 1e-6));
      CHECK(space_filling(domain, 1, all, Rng(2)).rows() == 0);
      continue;
    }
    const Surrogate surrogate =
        Surrogate::fit(domain, {{"y", "1"}}, data, {}, Matrix(), Rng(rng()));
    const Criterion criterion =
        rng.below(2) == 0 ? criteria::variance() : criteria::integrated_variance(32);
    const Batch made = synthesize(surrogate, criterion, 4, known.bottomRows(2), known.topRows(4),
                                  {.candidates = 64, .starts = 3}, Rng(rng()));
    ++domains;
    INFO("domain " << domains << " of " << domain.dim() << " parameters and "
                   << domain.constraints().size() << " constraints, " << criterion.name);
    for (Index i = 0; i < made.queries.rows(); ++i) {
      CHECK(domain.violations(made.queries.row(i)).empty());
    }
    Points all(6 + made.queries.rows(), domain.dim());
    all << known, made.queries;
    CHECK(all_apart(domain, all, 1e-6));
    CHECK(made.why.size() == static_cast<std::size_t>(made.queries.rows()));
    if (made.queries.rows() == 4) continue;
    CHECK(space_filling(domain, 1, all, Rng(3)).rows() == 0);  // fewer: there are no more
  }
}

TEST_CASE("the point found is as worthy as the best of many tried", "[synthesize]") {
  const Constraint disc{"disc", ScalarField([](VectorView x, VectorOut gradient) {
                          if (gradient.size() > 0) gradient = 2.0 * x;
                          return x.squaredNorm() - 0.8;
                        })};
  for (const Index d : {1, 2, 3}) {
    for (const bool constrained : {false, true}) {
      std::vector<Parameter> parameters;
      for (Index i = 0; i < d; ++i) {
        parameters.push_back(Parameter::linear("p" + std::to_string(i), 0.0, 1.0));
      }
      const Domain domain(parameters, constrained ? std::vector{disc} : std::vector<Constraint>{});
      const Surrogate surrogate = believed(domain, 5 * d, static_cast<std::uint64_t>(d));
      for (const Criterion& criterion : {criteria::variance(), criteria::integrated_variance()}) {
        const Rng rng(11);
        const Batch made =
            synthesize(surrogate, criterion, 1, none_of(domain), none_of(domain), {}, rng);
        // The stream that the first query's criterion is prepared with.
        const Acquisition worth =
            criterion.prepare(surrogate, rng.child("query", 0).child("criterion"));
        const double tried = worth.on_rows(design::sobol(domain, 5000, Rng(9))).maxCoeff();
        INFO(criterion.name << " in " << d << " dimensions, constrained: " << constrained);
        CHECK(made.worth[0] >= 0.99 * tried);
        CHECK(made.worth[0] == worth(made.queries.row(0)));
        CHECK(made.why[0] == criterion.name);
      }
    }
  }
}

TEST_CASE("of a thousand corners that are all summits the search finds the highest",
          "[synthesize]") {
  constexpr Index d = 10;
  std::vector<Parameter> parameters;
  for (Index j = 0; j < d; ++j) parameters.push_back(Parameter::linear(concat("x", j), -1.0, 1.0));
  const Domain domain(parameters);
  const Surrogate surrogate = believed(domain, 12, 3);
  std::vector<double> ratios;
  for (std::uint64_t seed = 1; seed <= 9; ++seed) {
    // x'Ax with a diagonal that makes it convex.
    Rng rng(seed);
    Matrix a(d, d);
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j <= i; ++j) a(i, j) = a(j, i) = i == j ? 6.0 : rng.normal();
    }
    const Criterion convex{"convex", [a](const Surrogate&, Rng) -> Acquisition {
                             return Acquisition([a](VectorView x, VectorOut gradient) {
                               if (gradient.size() > 0) gradient = 2.0 * a * x;
                               return x.dot(a * x);
                             });
                           }};
    double highest = 0.0;
    for (int corner = 0; corner < 1 << d; ++corner) {
      Vector x(d);
      for (Index j = 0; j < d; ++j) x[j] = (corner >> j) % 2 == 0 ? -1.0 : 1.0;
      highest = std::max(highest, x.dot(a * x));
    }
    const Batch made =
        synthesize(surrogate, convex, 1, none_of(domain), none_of(domain), {}, Rng(seed));
    ratios.push_back(made.worth[0] / highest);
  }
  CAPTURE(ratios);
  CHECK(*std::min_element(ratios.begin(), ratios.end()) > 0.99);
}

TEST_CASE("integers and choices are searched for their best level", "[synthesize]") {
  // Worth peaks at load 3.7, 6.4 rounds (6 is better than 7), the third material.
  const Criterion peak{"peak", [](const Surrogate&, Rng) -> Acquisition {
                         return Acquisition([](VectorView x, VectorOut gradient) {
                           const Vector off = x - Vector{{3.7, 6.4, 2.0}};
                           if (gradient.size() > 0) gradient = -2.0 * off;
                           return -off.squaredNorm();
                         });
                       }};
  const Domain domain({Parameter::linear("load", 0.0, 10.0), Parameter::integer("rounds", 0, 400),
                       Parameter::choice("material", {"a", "b", "c", "d"})});
  const Surrogate surrogate = believed(domain, 8, 1);
  const Batch made = synthesize(surrogate, peak, 1, none_of(domain), none_of(domain),
                                {.candidates = 32, .starts = 2}, Rng(1));
  CHECK(made.queries(0, 0) == Approx(3.7).margin(2e-3));
  CHECK(made.queries(0, 1) == 6.0);
  CHECK(made.queries(0, 2) == 2.0);
}

TEST_CASE("a batch is no point twice, and supposes what was chosen before", "[synthesize]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
  const Surrogate surrogate = believed(domain, 8, 4);
  const Batch both =
      synthesize(surrogate, criteria::variance(), 3, none_of(domain), none_of(domain), {}, Rng(2));
  CHECK(all_apart(domain, both.queries, 0.02));
  // The second of a batch is as worthy as the first of a batch that is told of the first as asked.
  const Acquisition after =
      criteria::variance().prepare(surrogate.supposing(both.queries.topRows(1)), Rng(1));
  const Batch told = synthesize(surrogate, criteria::variance(), 1, both.queries.topRows(1),
                                none_of(domain), {}, Rng(3));
  CHECK(told.worth[0] == Approx(both.worth[1]).epsilon(0.01));
  CHECK(both.worth[1] == Approx(after(both.queries.row(1))).epsilon(1e-6));
  CHECK(both.worth[1] < both.worth[0]);
}

TEST_CASE("one seed gives one synthesis, whatever the number of threads", "[synthesize]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::log("b", 0.1, 10.0),
                       Parameter::integer("c", 1, 9)});
  const Surrogate surrogate = believed(domain, 10, 5);
  SynthesisOptions one{.candidates = 128};
  SynthesisOptions four = one;
  four.optimize.threads = 4;
  const auto made = [&](const SynthesisOptions& options, std::uint64_t seed) {
    return synthesize(surrogate, criteria::integrated_variance(64), 3, none_of(domain),
                      none_of(domain), options, Rng(seed));
  };
  CHECK(made(one, 8).queries == made(four, 8).queries);
  CHECK(made(one, 8).worth == made(one, 8).worth);
  CHECK(made(one, 8).queries != made(one, 9).queries);
}

TEST_CASE("where the criterion breaks down the space is filled, and why says so", "[synthesize]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
  const Surrogate surrogate = believed(domain, 6, 6);
  const Points corner{{0.0, 0.0}};
  const Criterion nowhere{"hopeful", [](const Surrogate&, Rng) -> Acquisition {
                            return Acquisition([](VectorView) { return nan; });
                          }};
  const Batch blind = synthesize(surrogate, nowhere, 2, none_of(domain), corner, {}, Rng(1));
  CHECK(blind.why[0] == "space filling: hopeful is nowhere finite");
  CHECK(std::isnan(blind.worth[0]));
  // Farthest from (0, 0) is the opposite corner, then one of the other two.
  CHECK(blind.queries.row(0).minCoeff() > 0.85);
  CHECK(std::abs(blind.queries(1, 0) - blind.queries(1, 1)) > 0.8);

  const Criterion broken{"broken", [](const Surrogate&, Rng) -> Acquisition {
                           throw NumericalError("rows 1 and 2 are the same");
                         }};
  const Batch fallen =
      synthesize(surrogate, broken, 1, none_of(domain), none_of(domain), {}, Rng(1));
  CHECK(fallen.why[0] == "space filling: rows 1 and 2 are the same");
  CHECK(domain.admits(fallen.queries.row(0)));
}

TEST_CASE("a criterion that is finite in places is asked there", "[synthesize]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
  const Criterion half{
      "half", [](const Surrogate&, Rng) -> Acquisition {
        return Acquisition([](VectorView x) { return x[0] < 0.5 ? x[1] + x[0] : nan; });
      }};
  const Batch made =
      synthesize(believed(domain, 6, 6), half, 1, none_of(domain), none_of(domain), {}, Rng(1));
  CHECK(made.why[0] == "half");
  CHECK(made.queries(0, 0) < 0.5);
  CHECK(made.worth[0] > 1.4);
}

TEST_CASE("an exhausted domain gives fewer points", "[synthesize]") {
  const Domain domain({Parameter::integer("a", 0, 2), Parameter::choice("b", {"x", "y"})},
                      {{"not both", [](VectorView x) { return x[0] + x[1] - 2.5; }}});
  // Of six points (2, y) is refused; three are known.
  const Points known{{0.0, 0.0}, {1.0, 1.0}, {2.0, 0.0}};
  Dataset data{known, Matrix{{0.0}, {1.0}, {3.0}}};
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", "1"}}, data, {}, Matrix(), Rng(1));
  const Batch made =
      synthesize(surrogate, criteria::variance(), 5, none_of(domain), known, {}, Rng(1));
  CHECK(made.queries.rows() == 2);
  CHECK(made.queries.sum() == 0.0 + 1.0 + 1.0 + 0.0);  // (0, y) and (1, x)
  CHECK(space_filling(domain, 9, known, Rng(1)).rows() == 2);
  CHECK(space_filling(domain, 9, none_of(domain), Rng(1)).rows() == 5);
}

TEST_CASE("with a margin synthesis keeps off the bounds where it can", "[synthesize]") {
  const std::vector<Parameter> parameters{Parameter::log("a", 0.01, 100.0),
                                          Parameter::linear("b", -1.0, 1.0),
                                          Parameter::integer("c", 0, 3)};
  const Domain domain(parameters);
  SynthesisOptions options;
  const auto farthest_off = [&](const Domain& where) {
    const Batch made = synthesize(believed(where, 8, 7), criteria::variance(), 4, none_of(where),
                                  none_of(where), options, Rng(2));
    const Points u = where.rows_to_unit(made.queries);
    CHECK((u.col(2).array() == 0.0 || u.col(2).array() == 1.0).any());  // levels are not kept off
    return (u.leftCols(2).array() - 0.5).abs().maxCoeff();
  };
  CHECK(farthest_off(domain) > 0.49);
  options.margin = 0.2;
  CHECK(farthest_off(domain) <= 0.3 + 1e-12);
  // All that is admissible lies by the bound of one: up to 0.085 of the range, then up to 0.005.
  const Domain edge(parameters, {{"edge", [](VectorView x) { return x[1] + 0.83; }}});
  CHECK(usable_margin(edge, 0.2) == 0.05);
  CHECK(farthest_off(edge) <= 0.45 + 1e-12);
  const Domain brink(parameters, {{"brink", [](VectorView x) { return x[1] + 0.99; }}});
  CHECK(usable_margin(brink, 0.2) == 0.0);
  CHECK(farthest_off(brink) > 0.49);
}

TEST_CASE("a mistake in a criterion is heard, not filled", "[synthesize]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
  const Criterion mistaken{"mistaken", [](const Surrogate& surrogate, Rng) -> Acquisition {
                             surrogate[0].predict(Points::Zero(1, 3));  // two parameters
                             return Acquisition([](VectorView) { return 0.0; });
                           }};
  CHECK_THROWS_AS(
      synthesize(believed(domain, 6, 6), mistaken, 1, none_of(domain), none_of(domain), {}, Rng(1)),
      ArgumentError);
}

}  // namespace
}  // namespace sonde
