#include "gp/cross_validation.hpp"

#include <cmath>
#include <numbers>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

namespace sonde::stack {
namespace {

using namespace testing_support;

const Domain box({{.name = "a", .lower = 1.0, .upper = 3.0},
                  {.name = "b", .lower = 1.0, .upper = 3.0}});

Observed observed_of(const Points& x, const Vector& y) {
  return observed(box, {"y", ""}, {x, Matrix(y)}, 0);
}

Points points_of(Index n, Rng rng) {
  return (1.0 + 2.0 * uniform_points(n, 2, rng).array()).matrix();
}

struct Expected {
  Vector log_density;
  double raised;  // by what variances are to be multiplied
};

// Four points have folds of one each. Left out by hand: a fit to the other three, then the normal
// density of the one, carried from ln y to y.
Expected by_hand(const Member& member, const Points& x, const Vector& y,
                 const ModelOptions& options) {
  ModelOptions one_start = options;
  one_start.fit.starts = 1;
  Vector begin = member.log_parameters;
  if (member.kind.warped) begin = 0.5 * (begin + prior_mean(member.kind, 2));
  Vector miss(4), variance(4);
  for (Index i = 0; i < 4; ++i) {
    std::vector<Index> others;
    for (Index j = 0; j < 4; ++j) {
      if (j != i) others.push_back(j);
    }
    const Member part =
        fitted_member(member.kind, Features(box, false),
                      observed_of(x(others, Eigen::all), y(others)), one_start, begin, Rng(0));
    const Marginals at = part.process.predict(Features(box, false).rows(x.row(i)));
    miss[i] = std::log(y[i]) - (part.z_shift + part.z_scale * at.mean[0]);
    variance[i] = part.z_scale * part.z_scale * (at.variance[0] + part.process.noise().variance);
  }
  const double squares = miss.cwiseAbs2().cwiseQuotient(variance).cwiseMin(100.0).sum();
  const double raised = std::max(1.0, (squares + 3.0) / (4.0 + 3.0));
  const Vector v = raised * variance;
  return {(-0.5 * miss.array().square() / v.array() -
           0.5 * (2.0 * std::numbers::pi * v.array()).log() - y.array().log())
              .matrix(),
          raised};
}

TEST_CASE("folds of one point are that point foretold by a fit to all others",
          "[cross_validation]") {
  const ModelOptions options;
  for (const bool warped : {false, true}) {
    for (const std::uint64_t seed : {1, 2, 3}) {
      INFO("warped " << warped << ", seed " << seed);
      const Points x = points_of(4, Rng(seed));
      const Vector y = random_vector(4, Rng(seed + 9)).array().exp().matrix();
      const Observed seen = observed_of(x, y);
      const MemberKind kind{.family = Family::Matern52,
                            .form = Form::Anova,
                            .transform = Transform::Log,
                            .warped = warped,
                            .linear = true};
      const Member member =
          fitted_member(kind, Features(box, false), seen, options, std::nullopt, Rng(5));
      const Calibrated found = cross_validated(member, Features(box, false), seen, options, Rng(6));
      const Expected expected = by_hand(member, x, y, options);
      CHECK(near(found.left.log_density, expected.log_density, 1e-9));
      const Vector before = member.log_parameters;
      const Vector after = found.member.log_parameters;
      CHECK(after[0] - before[0] == Approx(std::log(expected.raised)).margin(1e-12));
      CHECK(after.tail(1)[0] - before.tail(1)[0] ==
            Approx(std::log(expected.raised)).margin(1e-12));
      CHECK(near(after.segment(1, before.size() - 2), before.segment(1, before.size() - 2), 0.0));
    }
  }
}

TEST_CASE("noise that replicates tell is not raised with the variance", "[cross_validation]") {
  Points x(12, 2);
  x.topRows(6) = points_of(6, Rng(4));
  x.bottomRows(6) = x.topRows(6);
  // A tenth of the variance is noise; of where the response goes the points say nothing.
  const Vector heights = random_vector(6, Rng(8));
  Vector y(12);
  y << heights, heights;
  y += 0.1 * random_vector(12, Rng(9));
  const Observed seen = observed_of(x, y);
  const ModelOptions options;
  const Member member = fitted_member({.form = Form::Anova}, Features(box, false), seen, options,
                                      std::nullopt, Rng(1));
  const Calibrated found = cross_validated(member, Features(box, false), seen, options, Rng(2));
  CHECK(found.member.log_parameters[0] > member.log_parameters[0]);
  CHECK(found.member.process.noise().variance == member.process.noise().variance);
}

TEST_CASE("of others that are all alike one is foretold as any of them, and unsurely",
          "[cross_validation]") {
  const Points x = points_of(4, Rng(3));
  const Vector y{{2.0, 2.0, 2.0, 5.0}};
  const Observed seen = observed_of(x, y);
  const ModelOptions options;
  const Member member =
      fitted_member({}, Features(box, false), seen, options, std::nullopt, Rng(1));
  const Calibrated found = cross_validated(member, Features(box, false), seen, options, Rng(2));
  // The fourth: foretold 2 with the variance of all four, (3 * 0.75^2 + 2.25^2) / 4 = 1.6875. Its
  // square is 9 / 1.6875 = 5.33.
  CHECK(found.left.log_density.allFinite());
  const double v = std::exp(found.member.log_parameters[0] - member.log_parameters[0]) * 1.6875;
  CHECK(found.left.log_density[3] ==
        Approx(-0.5 * 9.0 / v - 0.5 * std::log(2.0 * std::numbers::pi * v)));
}

}  // namespace
}  // namespace sonde::stack
