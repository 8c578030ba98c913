#include <algorithm>
#include <cmath>
#include <set>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/matchers.hpp"
#include "support/number_of_domains.hpp"

using namespace sonde;

namespace {

Parameter random_parameter(const std::string& name, Rng& rng, bool discrete_only) {
  const double lower = std::exp(4 * rng.normal());
  const double width = std::exp(4 * rng.normal());
  Parameter parameter;
  switch (discrete_only ? 2 + rng.below(2) : rng.below(4)) {
    case 0:
      parameter = Parameter::linear(name, lower - 2 * width, lower + width);
      break;
    case 1:
      parameter = Parameter::log(name, lower, lower + width);
      break;
    case 2: {
      const int least = static_cast<int>(rng.below(20)) - 10;
      parameter = Parameter::integer(name, least, least + 1 + static_cast<int>(rng.below(6)));
      break;
    }
    default: {
      std::vector<std::string> labels = {"a", "b", "c", "d", "e"};
      labels.resize(2 + rng.below(4));
      return Parameter::choice(name, labels);
    }
  }
  if (rng.uniform() < 0.3) {
    const double place = 1.4 * rng.uniform() - 0.2;
    parameter.distribution = TruncatedNormal{std::lerp(parameter.lower, parameter.upper, place),
                                             0.3 * (parameter.upper - parameter.lower)};
  }
  return parameter;
}

// A half-space, a ball or a shell of the unit cube that holds a random point of it.
Constraint random_constraint(const Domain& box, Rng& rng) {
  Vector normal(box.dim());
  Vector u(box.dim());
  for (double& one : normal) one = rng.normal();
  for (double& one : u) one = rng.uniform();
  const Vector centre = box.to_unit(box.from_unit(u));
  const double radius = 0.2 + 0.4 * rng.uniform();
  switch (rng.below(3)) {
    case 0:
      return {"half", [=](VectorView x) { return normal.dot(box.to_unit(x) - centre); }, 1e-9};
    case 1:
      return {"ball", [=](VectorView x) { return (box.to_unit(x) - centre).norm() - radius; }};
    default:
      return {"band",
              [=](VectorView x) { return std::abs(normal.dot(box.to_unit(x) - centre)) - 0.05; }};
  }
}

Domain random_domain(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<Parameter> parameters;
  const std::uint64_t dim = 1 + rng.below(6);
  const bool discrete_only = rng.uniform() < 0.25;
  for (std::uint64_t j = 0; j < dim; ++j) {
    parameters.push_back(random_parameter(concat("p", j), rng, discrete_only));
  }
  const Domain box(parameters);
  std::vector<Constraint> constraints;
  for (std::uint64_t k = rng.below(3); k > 0; --k) {
    constraints.push_back(random_constraint(box, rng));
  }
  return Domain(parameters, constraints);
}

std::size_t count_distinct(const Points& x) {
  std::set<std::vector<double>> rows;
  for (Index i = 0; i < x.rows(); ++i) {
    rows.insert(std::vector<double>(x.row(i).begin(), x.row(i).end()));
  }
  return rows.size();
}

double levels_of(const Domain& domain) {
  double count = 1.0;
  for (const Parameter& p : domain.parameters())
    count *= p.discrete() ? p.upper - p.lower + 1 : 1e9;
  return count;
}

}  // namespace

TEST_CASE("designs of random domains are admissible and without needless repetition", "[design]") {
  int refused = 0;
  const std::uint64_t domains = testing_support::number_of_domains(40);
  for (std::uint64_t seed = 0; seed < domains; ++seed) {
    const Domain domain = random_domain(seed);
    INFO("seed " << seed);
    const std::string name = design::names()[seed % 5];
    const Index n = 1 + static_cast<Index>(seed % 13);
    try {
      for (const Points& x :
           {design::named(name, domain, n, Rng(seed)), design::reference(domain, n, Rng(seed))}) {
        REQUIRE(x.rows() == n);
        for (Index i = 0; i < n; ++i) CHECK(domain.admits(x.row(i).transpose()));
        if (levels_of(domain) >= 1e9) CHECK(count_distinct(x) == static_cast<std::size_t>(n));
      }
    } catch (const ArgumentError& failure) {
      ++refused;
      CHECK(testing_support::contains(failure.what(), "admissible; check the constraints"));
    }
  }
  // Two regions may well be apart, one is not empty.
  CHECK(refused < static_cast<int>(domains) / 5);
}

TEST_CASE("discrete domains are exhausted exactly", "[design]") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Rng rng(seed);
    std::vector<Parameter> parameters;
    for (std::uint64_t j = 0; j < 1 + seed % 3; ++j) {
      parameters.push_back(random_parameter(concat("p", j), rng, true));
      parameters.back().distribution.reset();
    }
    const Domain box(parameters);
    const Domain domain(parameters, {random_constraint(box, rng)});
    std::set<std::vector<double>> all;
    const Points many = design::uniform(box, 3000, Rng(seed));
    for (Index i = 0; i < many.rows(); ++i) {
      if (!domain.admits(many.row(i).transpose())) continue;
      all.insert(std::vector<double>(many.row(i).begin(), many.row(i).end()));
    }
    if (all.empty()) continue;
    const auto n = static_cast<Index>(all.size());
    INFO("seed " << seed << ", " << n << " points");
    for (const std::string& name : design::names()) {
      CHECK(count_distinct(design::named(name, domain, n, Rng(seed))) == all.size());
      CHECK(count_distinct(design::named(name, domain, n + 3, Rng(seed))) == all.size());
      const Index half = (n + 1) / 2;
      CHECK(count_distinct(design::named(name, domain, half, Rng(seed))) ==
            static_cast<std::size_t>(half));
    }
  }
}
