#include "sonde/gp/trust.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

Domain square() {
  return Domain({Parameter::linear("a", -1.0, 1.0), Parameter::linear("b", -1.0, 1.0)});
}

template <class F>
Surrogate surrogate_of(const Points& x, F f, const ModelOptions& options = {}) {
  Dataset data{x, Matrix(x.rows(), 1)};
  for (Index i = 0; i < x.rows(); ++i) data.y(i, 0) = f(x(i, 0), x(i, 1));
  return Surrogate::fit(square(), {{"y", "1"}}, data, options, Matrix(0, 0), Rng(2));
}

double wavy(double a, double b) {
  return std::sin(3.0 * a) * std::cos(2.0 * b) + a;
}

double share(const std::vector<Trust>& flags, Trust which) {
  return static_cast<double>(std::count(flags.begin(), flags.end(), which)) /
         static_cast<double>(flags.size());
}

/// All points of the box with a on this side of a border.
Points part(double from, double to, Index n) {
  Points x = design::sobol(square(), n, Rng(5));
  x.col(0) = from + 0.5 * (x.col(0).array() + 1.0) * (to - from);
  return x;
}

}  // namespace

TEST_CASE("what is sampled evenly is inside, what was left out is not", "[trust]") {
  const Surrogate all = surrogate_of(design::maximin(square(), 40, Rng(1)), wavy);
  const std::vector<Trust> everywhere = TrustRegion(square(), all[0]).on_rows(part(-1.0, 1.0, 500));
  CHECK(share(everywhere, Trust::Inside) > 0.9);

  const Surrogate left = surrogate_of(part(-1.0, 0.0, 40), wavy);
  const TrustRegion region(square(), left[0]);
  CHECK(share(region.on_rows(part(-0.95, -0.05, 500)), Trust::Inside) > 0.9);
  CHECK(share(region.on_rows(part(0.3, 1.0, 500)), Trust::Extrapolation) > 0.9);
}

TEST_CASE("the bounds of trust are the doubts at runs that are left out", "[trust]") {
  const Points x = design::maximin(square(), 11, Rng(1));
  ModelOptions options;
  options.stack = {{}};
  options.noise_sd = 1e-3;
  const Surrogate surrogate = surrogate_of(x, wavy, options);
  const TrustRegion region(square(), surrogate[0]);
  const GaussianProcess& whole = surrogate[0].members()[0].process;
  // The same process without one of its points, by hand.
  std::vector<double> doubt;
  for (Index left = 0; left < x.rows(); ++left) {
    std::vector<Index> rest;
    for (Index i = 0; i < x.rows(); ++i)
      if (i != left) rest.push_back(i);
    const GaussianProcess without(whole.kernel(), whole.noise_variance(),
                                  whole.x()(rest, Eigen::all), whole.y()(rest));
    const Points at = whole.x().row(left);
    doubt.push_back(without.predict(at).variance[0] / whole.kernel()->variance(at)[0]);
  }
  std::sort(doubt.begin(), doubt.end());
  CHECK(std::abs(region.inside() - std::min(0.5, doubt[9])) < 1e-8);
  CHECK(std::abs(region.edge() - std::min(0.5, doubt[10])) < 1e-8);
}

TEST_CASE("out of bounds and where nothing is a number is extrapolation", "[trust]") {
  const Surrogate surrogate = surrogate_of(design::maximin(square(), 30, Rng(1)), wavy);
  const TrustRegion region(square(), surrogate[0]);
  CHECK(region(Vector{{0.0, 0.0}}) == Trust::Inside);
  CHECK(region(Vector{{1.0 + 1e-9, 0.0}}) == Trust::Extrapolation);
  CHECK(region(Vector{{std::numeric_limits<double>::quiet_NaN(), 0.0}}) == Trust::Extrapolation);
  CHECK(word(Trust::Inside) == "inside");
  CHECK(word(Trust::Edge) == "edge");
  CHECK(word(Trust::Extrapolation) == "extrapolation");
}

TEST_CASE("two runs enclose nothing, and a constant is trusted where it was sampled", "[trust]") {
  const Surrogate two = surrogate_of(Points{{-0.5, -0.5}, {0.5, 0.5}}, wavy);
  CHECK(share(TrustRegion(square(), two[0]).on_rows(part(-1.0, 1.0, 200)), Trust::Inside) == 0.0);

  const auto seven = [](double, double) { return 7.0; };
  const Surrogate constant = surrogate_of(design::maximin(square(), 30, Rng(1)), seven);
  const std::vector<Trust> flags = TrustRegion(square(), constant[0]).on_rows(part(-1.0, 1.0, 200));
  CHECK(share(flags, Trust::Inside) > 0.8);
}

TEST_CASE("replicates of a point support it as one", "[trust]") {
  const Points once = design::maximin(square(), 12, Rng(1));
  Points twice(24, 2);
  twice << once, once;
  ModelOptions options;
  options.stack = {{}};
  const Surrogate surrogate = surrogate_of(twice, wavy, options);
  const TrustRegion region(square(), surrogate[0]);
  const GaussianProcess& process = surrogate[0].members()[0].process;
  REQUIRE(process.size() == 12);
  const double noise = process.noise_variance() / 2.0 + process.jitter();
  const Vector left = process.leave_one_out().variance.array() - noise;
  const double variance = process.kernel()->variance(process.x().topRows(1))[0];
  CHECK(std::abs(region.edge() - std::min(0.5, left.maxCoeff() / variance)) < 1e-10);
}

TEST_CASE("what is supposed brings trust where it lies", "[trust]") {
  const Surrogate left = surrogate_of(part(-1.0, 0.0, 40), wavy);
  const Vector far{{0.9, 0.0}};
  REQUIRE(TrustRegion(square(), left[0])(far) == Trust::Extrapolation);
  const Surrogate supposed = left.supposing(far.transpose());
  CHECK(TrustRegion(square(), supposed[0])(far) == Trust::Inside);
}
