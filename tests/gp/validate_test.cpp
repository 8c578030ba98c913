#include "sonde/gp/validate.hpp"

#include <cmath>
#include <numbers>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

TEST_CASE("scores of four predictions, by hand", "[validate]") {
  const Vector truth{{0.0, 2.0, 4.0, 6.0}};     // mean 3, variance (9 + 1 + 1 + 9) / 4 = 5
  const Vector mean{{1.0, 2.0, 4.0, 3.0}};      // squared errors 1, 0, 0, 9: mean 2.5
  const Vector variance{{1.0, 1.0, 4.0, 2.0}};  // errors in sd: 1, 0, 0, 2.12
  const Scores score = scores(truth, mean, variance);
  CHECK(score.n == 4);
  CHECK(score.rmse == Approx(std::sqrt(2.5)));
  CHECK(score.nrmse == Approx(std::sqrt(0.5)));
  CHECK(score.q2 == Approx(0.5));
  CHECK(score.coverage50 == Approx(0.5));
  CHECK(score.coverage90 == Approx(0.75));
  CHECK(score.coverage95 == Approx(0.75));
  CHECK(score.adequacy == Approx(std::log(5.5 / 4.0)));
  // -1/2 mean(z^2 + log(2 pi v)) with z^2 = 1, 0, 0, 4.5 and log v = 0, 0, log 4, log 2
  CHECK(score.log_score ==
        Approx(-0.5 * ((5.5 + std::log(8.0)) / 4.0 + std::log(2.0 * std::numbers::pi))));
}

TEST_CASE("perfect predictions, certain ones and tiny ones score finite numbers", "[validate]") {
  const Vector truth{{1.0, 2.0, 3.0}};
  const Scores perfect = scores(truth, truth, Vector::Zero(3));
  CHECK(perfect.q2 == 1.0);
  CHECK(perfect.coverage95 == 1.0);
  CHECK(std::isfinite(perfect.log_score));
  CHECK(perfect.adequacy < -600.0);
  const Scores wrong = scores(truth, truth.array() + 1.0, Vector::Zero(3));
  CHECK(wrong.coverage95 == 0.0);
  CHECK(std::isfinite(wrong.log_score));
  CHECK(std::isfinite(wrong.adequacy));
  const Scores tiny = scores(1e-300 * truth, 1.1e-300 * truth, Vector::Ones(3));
  CHECK(tiny.rmse == Approx(1e-301 * std::sqrt(14.0 / 3.0)));
  CHECK(contains(message_of<ArgumentError>([&] { scores(truth, truth, Vector::Ones(2)); }),
                 "got 3, 2 and 3"));
}

TEST_CASE("values without a square in double precision are scored as they are", "[validate]") {
  // In any unit the same two points: errors 1 and 0, truth 1 and 0.
  for (const double unit : {1.0, 1e160, 1e-160}) {
    INFO("unit " << unit);
    const Scores score =
        scores(Vector{{unit, 0.0}}, Vector{{0.0, 0.0}}, Vector::Constant(2, 0.01 * unit * unit));
    CHECK(score.rmse == Approx(unit * std::sqrt(0.5)));
    CHECK(score.nrmse == Approx(std::sqrt(2.0)));
    CHECK(score.q2 == Approx(-1.0));
    if (unit < 1e160) CHECK(score.coverage95 == 0.5);
  }
}

TEST_CASE("leave-one-out scores come from the observations", "[validate]") {
  const Domain domain({Parameter::linear("a", 0.0, 1.0), Parameter::linear("b", 0.0, 1.0)});
  Dataset data{uniform_points(30, 2, Rng(1)), Matrix(30, 1)};
  data.y.col(0) = 7.0 * wavy(data.x);
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", "1"}}, data, {}, Matrix(0, 0), Rng(2));
  const LeaveOneOut left = surrogate[0].leave_one_out();
  const Scores by_hand = scores(data.y.col(0), left.mean, left.variance);
  const Scores score = leave_one_out_scores(surrogate[0]);
  CHECK(score.rmse == Approx(by_hand.rmse));
  CHECK(score.log_score == Approx(by_hand.log_score));
  CHECK(score.nrmse == score.rmse / surrogate[0].spread());
  CHECK(score.q2 == Approx(1.0 - score.nrmse * score.nrmse));
  CHECK(score.q2 > 0.95);
}
