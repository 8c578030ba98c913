#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::contains;
using testing_support::message_of;

namespace {

Domain cube(Index dim, std::vector<Constraint> constraints) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < dim; ++j) parameters.push_back(Parameter::linear(concat("x", j), 0, 1));
  return Domain(parameters, std::move(constraints));
}

// Admissible: the corner of the given edge, a share of edge^dim.
Constraint corner(double edge) {
  return {"corner", [edge](VectorView x) { return x.maxCoeff() - edge; }};
}

Constraint plane(double thickness) {
  return {"plane", [](VectorView x) { return std::abs(x.sum() - 1.0); }, thickness};
}

bool all_admitted(const Domain& domain, const Points& x) {
  const std::vector<bool> admitted = domain.rows_admitted(x);
  return std::all_of(admitted.begin(), admitted.end(), [](bool b) { return b; });
}

}  // namespace

TEST_CASE("the share of a large region is that of its Sobol points", "[admissibility]") {
  const Admissibility found = admissibility(cube(3, {corner(0.5)}), 4096, Rng(1));
  CHECK(found.share == Approx(0.125).epsilon(0.01));
  CHECK(found.samples == 4096);
  CHECK(found.relative_error == Approx(std::sqrt(7.0 / 4096)).epsilon(0.02));
  CHECK(found.points.rows() == std::lround(found.share * 4096));
  CHECK(all_admitted(cube(3, {corner(0.5)}), found.points));
}

TEST_CASE("a box without constraints is admissible as a whole", "[admissibility]") {
  const Admissibility found = admissibility(cube(2, {}), 128, Rng(1));
  CHECK(found.share == 1.0);
  CHECK(found.relative_error == 0.0);
  CHECK(found.rejected.empty());
}

TEST_CASE("small shares are estimated within a few of their standard errors", "[admissibility]") {
  struct Rare {
    Domain domain;
    double share;
  };
  // The plane: the density of the sum at 1 times 2 t. It is 1 and 1/2 for two and three uniform
  // numbers, and 2/3 at 2 for four: half as large they have 4/3, and are so in 1 of 16 cases.
  const std::vector<Rare> all = {
      {cube(2, {corner(0.01)}), 1e-4}, {cube(3, {corner(0.001)}), 1e-9},
      {cube(5, {corner(0.1)}), 1e-5},  {cube(2, {plane(1e-6)}), 2e-6},
      {cube(3, {plane(1e-6)}), 1e-6},  {cube(4, {plane(1e-6), corner(0.5)}), 4.0 / 3 / 16 * 2e-6}};
  for (const Rare& rare : all) {
    double worst = 0.0;
    double mean = 0.0;
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const Admissibility found = admissibility(rare.domain, 2000, Rng(seed));
      REQUIRE(found.points.rows() > 100);
      CHECK(all_admitted(rare.domain, found.points));
      worst = std::max(worst, std::abs(std::log(found.share / rare.share)) / found.relative_error);
      mean += found.share / rare.share / 6;
    }
    UNSCOPED_INFO("share " << rare.share << ": mean ratio " << mean << ", worst " << worst);
    CHECK(worst < 6);
    CHECK(mean == Approx(1).epsilon(0.4));
  }
}

TEST_CASE("each constraint's share of the box is its own", "[admissibility]") {
  // Two fields of one name, as a chain gives: refused where either is broken.
  const Domain domain = cube(2, {{"band", [](VectorView x) { return 0.25 - x[0]; }},
                                 {"band", [](VectorView x) { return x[0] - 0.5; }},
                                 {"low", [](VectorView x) { return x[1] - 0.875; }}});
  const Admissibility found = admissibility(domain, 1024, Rng(2));
  REQUIRE(found.rejected.size() == 2);
  CHECK(found.rejected[0] == std::pair<std::string, double>("band", 0.75));
  CHECK(found.rejected[1] == std::pair<std::string, double>("low", 0.125));
}

TEST_CASE("where nothing is admissible the share is zero and no point is given",
          "[admissibility]") {
  const std::vector<Constraint> impossible[] = {
      {{"never", [](VectorView) { return 1.0; }}},
      {{"nan", [](VectorView) { return std::nan(""); }}},
      {{"away", [](VectorView x) { return 1.0 + x.squaredNorm(); }}},
      {{"low", [](VectorView x) { return x[0] - 0.4; }},
       {"high", [](VectorView x) { return 0.6 - x[0]; }}}};
  for (const std::vector<Constraint>& constraints : impossible) {
    const Admissibility found = admissibility(cube(2, constraints), 500, Rng(1));
    CHECK(found.share == 0.0);
    CHECK(found.points.rows() == 0);
    CHECK(found.rejected[0].second > 0.5);
  }
}

TEST_CASE("the share is of the box, whatever the input distribution", "[admissibility]") {
  Parameter mach = Parameter::linear("x", 0, 1);
  mach.distribution = TruncatedNormal{0.1, 0.05};
  const Domain domain({mach}, {{"low", [](VectorView x) { return x[0] - 0.25; }}});
  CHECK(admissibility(domain, 1024, Rng(1)).share == 0.25);
}

TEST_CASE("admissibility() wants a sample worth the name", "[admissibility]") {
  CHECK(message_of<ArgumentError>([] { admissibility(cube(1, {}), 99, Rng(1)); }) ==
        "admissibility: expected at least 100 samples, got 99");
}
