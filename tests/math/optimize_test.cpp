#include "sonde/math/optimize.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;
using testing_support::near;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// - sum_i 100 (x_(i+1) - x_i^2)^2 + (1 - x_i)^2: 0 at (1, ..., 1), nowhere larger.
double rosenbrock(VectorView x, VectorOut gradient) {
  double value = 0.0;
  if (gradient.size() > 0) gradient.setZero();
  for (Index i = 0; i + 1 < x.size(); ++i) {
    const double a = x[i + 1] - x[i] * x[i];
    const double b = 1.0 - x[i];
    value -= 100.0 * a * a + b * b;
    if (gradient.size() == 0) continue;
    gradient[i] += 400.0 * a * x[i] + 2.0 * b;
    gradient[i + 1] -= 200.0 * a;
  }
  return value;
}

// -|x - target|^2, and the ball |x|^2 <= radius^2.
ScalarField cone(Vector target) {
  return ScalarField([target](VectorView x, VectorOut gradient) {
    if (gradient.size() > 0) gradient = -2.0 * (x - target);
    return -(x - target).squaredNorm();
  });
}
ScalarField ball(double radius) {
  return ScalarField([radius](VectorView x, VectorOut gradient) {
    if (gradient.size() > 0) gradient = 2.0 * x;
    return x.squaredNorm() - radius * radius;
  });
}
ScalarField blind(const ScalarField& f) {
  return ScalarField([f](VectorView x) { return f(x); });
}

Points single(const Vector& start) {
  return start.transpose();
}
Points scattered(Index n, Index d, double half_width, std::uint64_t seed) {
  Rng rng(seed);
  Points result(n, d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) result(i, j) = half_width * (2.0 * rng.uniform() - 1.0);
  }
  return result;
}

TEST_CASE("Rosenbrock's valley is climbed to its end", "[optimize]") {
  for (const Index d : {2, 10, 60}) {
    const Vector box = Vector::Constant(d, 5.0);
    const Vector start = Vector::Constant(d, -0.9);
    const Maximum best = maximize(rosenbrock, -box, box, {}, single(start),
                                  {.max_evaluations = 3000, .f_tolerance = 1e-13});
    INFO(d << " dimensions, " << best.evaluations << " evaluations, value " << best.value);
    CHECK(near(best.x, Vector::Ones(d), 1e-3));
    CHECK(best.termination == Termination::Converged);
    CHECK(best.value == ScalarField(rosenbrock)(best.x));
  }
}

TEST_CASE("without gradients the hill is found as well", "[optimize]") {
  const Vector target{{0.3, -0.2, 0.7}};
  const Vector box = Vector::Ones(3);
  const Maximum best =
      maximize(blind(cone(target)), -box, box, {}, single(Vector::Zero(3)), {.x_tolerance = 1e-8});
  CHECK(near(best.x, target, 1e-5));
}

TEST_CASE("under a ball the answer is the nearest point of the ball, and inside it", "[optimize]") {
  // The maximum of -|x - t|^2 in |x| <= r with |t| > r is r t / |t|.
  for (const Index d : {1, 2, 10, 50, 60}) {
    for (const bool gradients : {true, false}) {
      if (!gradients && d > 10) continue;
      const Vector target = Vector::LinSpaced(d, 1.0, 2.0);
      const Vector box = Vector::Constant(d, 3.0);
      const std::vector<ScalarField> inside{gradients ? ball(0.5) : blind(ball(0.5))};
      const Maximum best =
          maximize(cone(target), -box, box, inside, single(Vector::Constant(d, 0.01)),
                   {.max_evaluations = 3000, .x_tolerance = 1e-9, .f_tolerance = 1e-13});
      INFO(d << " dimensions, gradients " << gradients << ", evaluations " << best.evaluations
             << ", value " << best.value);
      CHECK(inside[0](best.x) <= 0.0);
      CHECK(near(best.x, target * (0.5 / target.norm()), 1e-4));
    }
  }
}

TEST_CASE("a start on the boundary of a constraint leads to an admissible point", "[optimize]") {
  const Vector target{{2.0, 1.0}};
  const Vector box = Vector::Constant(2, 3.0);
  const std::vector<ScalarField> inside{ball(1.0)};
  const Maximum best = maximize(cone(target), -box, box, inside, single(Vector{{-1.0, 0.0}}));
  CHECK(inside[0](best.x) <= 0.0);
  CHECK(near(best.x, target / target.norm(), 1e-4));
}

TEST_CASE("a region of NaN is climbed around", "[optimize]") {
  const Vector target{{0.4, 0.4}};
  const Vector box = Vector::Ones(2);
  for (const double hole :
       {nan, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    const ScalarField f([&](VectorView x, VectorOut gradient) {
      if (x[0] > 0.5) {
        if (gradient.size() > 0) gradient.setConstant(nan);
        return hole;
      }
      return cone(target)(x, gradient);
    });
    const std::vector<ScalarField> none;
    const std::vector<ScalarField> inside{ball(1.2)};
    for (const auto& constraints : {none, inside}) {
      for (const ScalarField& field : {f, blind(f)}) {
        const Maximum best = maximize(field, -box, box, constraints, single(Vector{{-0.9, -0.3}}));
        CHECK(near(best.x, target, 1e-3));
        CHECK(best.evaluations <= 500);
      }
    }
  }
}

TEST_CASE("where f is NaN everywhere the first start is the answer", "[optimize]") {
  const ScalarField f([](VectorView, VectorOut gradient) {
    gradient.setConstant(nan);
    return nan;
  });
  const Vector box = Vector::Ones(2);
  const Maximum best = maximize(f, -box, box, {}, scattered(3, 2, 1.0, 1));
  CHECK(near(best.x, scattered(3, 2, 1.0, 1).row(0).transpose(), 0.0));
  CHECK(best.value == -std::numeric_limits<double>::infinity());
}

struct Unusual : std::runtime_error {
  using std::runtime_error::runtime_error;
  int code = 42;
};

TEST_CASE("what f or a constraint throws arrives with its own type", "[optimize]") {
  const Vector box = Vector::Ones(2);
  const auto fails_right = [](VectorView x, VectorOut gradient) -> double {
    if (x[0] > 0.2) throw Unusual("too far");
    if (gradient.size() > 0) gradient = Vector::Unit(gradient.size(), 0);
    return x[0];
  };
  const ScalarField failing(fails_right);
  const std::vector<ScalarField> harmless{ball(1.4)};
  for (const Index d : {2, 40}) {
    const Vector wide = Vector::Ones(d);
    const Points start = single(Vector::Constant(d, -0.1));
    CHECK_THROWS_AS(maximize(failing, -wide, wide, {}, start), Unusual);
    CHECK_THROWS_AS(maximize(failing, -wide, wide, harmless, start), Unusual);
    CHECK_THROWS_AS(maximize(blind(failing), -wide, wide, harmless, start), Unusual);
  }
  const std::vector<ScalarField> failing_constraint{
      ScalarField([&](VectorView x, VectorOut g) { return fails_right(x, g) - 2.0; })};
  const ScalarField uphill([](VectorView x, VectorOut gradient) {
    if (gradient.size() > 0) gradient = Vector::Unit(2, 0);
    return x[0];
  });
  const Points start = single(Vector::Constant(2, -0.5));
  CHECK(message_of<Unusual>([&] { maximize(uphill, -box, box, failing_constraint, start); }) ==
        "too far");
}

TEST_CASE("coordinates without width are held", "[optimize]") {
  const Vector target{{0.4, 0.9, -0.3}};
  const Vector lower{{-1.0, 0.25, -1.0}};
  const Vector upper{{1.0, 0.25, 1.0}};
  const Maximum best = maximize(cone(target), lower, upper, {}, single(Vector::Zero(3)));
  CHECK(near(best.x, Vector{{0.4, 0.25, -0.3}}, 1e-5));
  const Maximum held = maximize(cone(target), lower, lower, {}, single(Vector::Zero(3)));
  CHECK(near(held.x, lower, 0.0));
  CHECK(held.value == -(lower - target).squaredNorm());
}

TEST_CASE("a steep plane ends in its corner", "[optimize]") {
  const ScalarField steep([](VectorView x, VectorOut gradient) {
    if (gradient.size() > 0) gradient = Vector::Constant(x.size(), -1e8);
    return -1e8 * x.sum();
  });
  const std::vector<ScalarField> inside{ball(10.0)};
  const Vector lower{{0.25, -2.0}};
  const Vector upper{{1.0, 3.0}};
  for (const ScalarField& f : {steep, blind(steep)}) {
    CHECK(near(maximize(f, lower, upper, {}, single(upper)).x, lower, 1e-6));
    CHECK(near(maximize(f, lower, upper, inside, single(upper)).x, lower, 1e-6));
  }
}

TEST_CASE("no more is evaluated than allowed", "[optimize]") {
  const Vector box = Vector::Constant(40, 5.0);
  const std::vector<ScalarField> inside{ball(20.0)};
  for (const bool constrained : {false, true}) {
    for (const int limit : {1, 2, 7, 50}) {
      std::atomic<int> calls{0};
      const ScalarField counted([&calls](VectorView x, VectorOut gradient) {
        ++calls;
        return rosenbrock(x, gradient);
      });
      const std::span<const ScalarField> constraints(inside.data(), constrained ? 1U : 0U);
      const Maximum best = maximize(counted, -box, box, constraints, scattered(3, 40, 1.0, 2),
                                    {.max_evaluations = limit});
      CHECK(calls == best.evaluations);
      CHECK(calls <= 3 * limit);
      CHECK(best.termination == Termination::OutOfEvaluations);
    }
  }
}

TEST_CASE("a limit on time stops a climb that would go on", "[optimize]") {
  const Vector box = Vector::Constant(10, 5.0);
  const Maximum best =
      maximize(rosenbrock, -box, box, {}, scattered(1, 10, 4.0, 3),
               {.max_evaluations = 100000, .max_seconds = 0.0, .f_tolerance = 0.0});
  CHECK(best.termination == Termination::OutOfTime);
  CHECK(best.evaluations <= 2);
}

TEST_CASE("the number of threads changes nothing", "[optimize]") {
  const Vector box = Vector::Constant(4, 3.0);
  const Points starts = scattered(9, 4, 3.0, 4);
  const std::vector<ScalarField> inside{ball(2.5)};
  const Maximum one = maximize(rosenbrock, -box, box, inside, starts, {.threads = 1});
  const Maximum four = maximize(rosenbrock, -box, box, inside, starts, {.threads = 4});
  CHECK(one.x == four.x);
  CHECK(one.value == four.value);
  CHECK(one.evaluations == four.evaluations);
}

TEST_CASE("of equal maxima the earlier start's counts", "[optimize]") {
  const ScalarField two_hills([](VectorView x, VectorOut gradient) {
    const double a = std::abs(x[0]) - 0.5;
    if (gradient.size() > 0) gradient = Vector::Constant(1, -2.0 * a * (x[0] < 0.0 ? -1.0 : 1.0));
    return -a * a;
  });
  const Vector box = Vector::Ones(1);
  const Points right_first{{0.5}, {-0.5}};
  const Points left_first{{-0.5}, {0.5}};
  CHECK(maximize(two_hills, -box, box, {}, right_first).x[0] > 0.0);
  CHECK(maximize(two_hills, -box, box, {}, left_first).x[0] < 0.0);
}

TEST_CASE("starts are clipped to the box, inadmissible ones left out", "[optimize]") {
  const Vector box = Vector::Ones(2);
  const std::vector<ScalarField> inside{ball(1.1)};
  const Points starts{{9.0, 9.0}, {nan, 0.0}, {0.1, 9.0}};
  const Maximum best = maximize(cone(Vector{{0.2, 0.9}}), -box, box, inside, starts);
  CHECK(near(best.x, Vector{{0.2, 0.9}}, 1e-4));
  CHECK(contains(message_of<ArgumentError>([&] {
                   maximize(cone(Vector{{0.2, 0.9}}), -box, box, inside, starts.topRows(2));
                 }),
                 "none of 2 starts"));
}

TEST_CASE("shapes that disagree are named", "[optimize]") {
  const Vector box = Vector::Ones(2);
  const ScalarField f = cone(box);
  CHECK(contains(message_of<ArgumentError>([&] { maximize(f, -box, box, {}, Points(1, 3)); }),
                 "starts have 3 coordinates, the box has 2"));
  CHECK(contains(message_of<ArgumentError>([&] { maximize(f, box, -box, {}, Points(1, 2)); }),
                 "coordinate 0 needs finite bounds"));
}

TEST_CASE("a search without evaluations is refused", "[optimize]") {
  const Vector one = Vector::Ones(1);
  CHECK(contains(message_of<ArgumentError>([&] {
                   maximize(cone(one), -one, one, {}, Points::Zero(1, 1), {.max_evaluations = 0});
                 }),
                 "maximize: expected at least one evaluation a start, got 0"));
}

}  // namespace
}  // namespace sonde
