#include "sonde/space/domain.hpp"

#include <cmath>
#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/base/random.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using testing_support::central_difference;
using testing_support::contains;
using testing_support::message_of;
using testing_support::near;

namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();

Domain mixed() {
  return Domain({Parameter::linear("angle", -30, 30, "deg"), Parameter::log("reynolds", 1e5, 1e7),
                 Parameter::integer("ribs", 2, 8), Parameter::choice("material", {"AL", "CFRP"})});
}

Parameter cut_normal(Parameter parameter, double mean, double sd) {
  parameter.distribution = TruncatedNormal{mean, sd};
  return parameter;
}

std::string refusal(std::vector<Parameter> parameters) {
  return message_of<ArgumentError>([&] { Domain domain(std::move(parameters)); });
}

}  // namespace

TEST_CASE("unit coordinates run from bound to bound along each scale", "[domain]") {
  const Domain domain = mixed();
  CHECK(domain.from_unit(Vector::Zero(4)) == Vector{{-30, 1e5, 2, 0}});
  CHECK(domain.from_unit(Vector::Ones(4)) == Vector{{30, 1e7, 8, 1}});
  CHECK(near(domain.from_unit(Vector::Constant(4, 0.5)), Vector{{0, 1e6, 5, 1}}, 1e-14));
  CHECK(near(domain.to_unit(Vector{{15, 1e6, 3, 1}}), Vector{{0.75, 0.5, 1.0 / 6, 1}}, 1e-14));
}

TEST_CASE("from_unit is the inverse of to_unit, exactly on the levels", "[domain]") {
  const Domain domain = mixed();
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    const Vector x =
        domain.from_unit(Vector{{rng.uniform(), rng.uniform(), rng.uniform(), rng.uniform()}});
    const Vector back = domain.from_unit(domain.to_unit(x));
    CHECK(near(back, x, 1e-13));
    CHECK(back.tail(2) == x.tail(2));
    REQUIRE(domain.admits(x));
  }
}

TEST_CASE("from_unit never leaves the box", "[domain]") {
  Rng rng(2);
  for (int i = 0; i < 2000; ++i) {
    const double lower = std::exp(20 * rng.normal());
    const double upper = lower * (1 + std::exp(5 * rng.normal()));
    if (!(lower < upper)) continue;
    const Domain domain({Parameter::linear("a", lower, upper), Parameter::log("b", lower, upper)});
    for (const double u : {-1.0, 0.0, 1e-300, rng.uniform(), 1 - 1e-16, 1.0, 2.0}) {
      REQUIRE(domain.admits(domain.from_unit(Vector{{u, u}})));
      REQUIRE(domain.admits(domain.from_quantiles(Vector{{u, u}})));
    }
    CHECK(domain.from_unit(Vector::Ones(2)) == Vector::Constant(2, upper));
    CHECK(domain.from_unit(Vector::Zero(2)) == Vector::Constant(2, lower));
  }
}

TEST_CASE("rows are converted as points are", "[domain]") {
  const Domain domain = mixed();
  Rng rng(3);
  Points u(20, 4);
  for (Index i = 0; i < u.size(); ++i) u.data()[i] = rng.uniform();
  const Points x = domain.rows_from_unit(u);
  const Points back = domain.rows_to_unit(x);
  for (Index i = 0; i < u.rows(); ++i) {
    CHECK(x.row(i).transpose() == domain.from_unit(u.row(i).transpose()));
    CHECK(back.row(i).transpose() == domain.to_unit(x.row(i).transpose()));
  }
}

TEST_CASE("unit_slope is the derivative of to_unit", "[domain]") {
  const Domain domain = mixed();
  const Vector x{{12.0, 3e6, 4, 1}};
  const Vector slope = domain.unit_slope(x);
  for (Index i = 0; i < 4; ++i) {
    const ScalarField along = [&](VectorView y) { return domain.to_unit(y)[i]; };
    CHECK(slope[i] * x[i] == Approx(central_difference(along, x, x)[i] * x[i]).epsilon(1e-8));
  }
}

TEST_CASE("every level owns the same share of the quantiles", "[domain]") {
  const Domain domain({Parameter::integer("k", -1, 3), Parameter::choice("c", {"a", "b", "c"})});
  Vector counts = Vector::Zero(5), labels = Vector::Zero(3);
  const int n = 1500;
  for (int i = 0; i < n; ++i) {
    const Vector x = domain.from_quantiles(Vector::Constant(2, (i + 0.5) / n));
    counts[static_cast<Index>(x[0]) + 1] += 1;
    labels[static_cast<Index>(x[1])] += 1;
  }
  CHECK(counts == Vector::Constant(5, n / 5));
  CHECK(labels == Vector::Constant(3, n / 3));
}

TEST_CASE("quantiles of a cut normal have its distribution", "[domain]") {
  // Checked by its density: the mass between two quantiles is proportional to the integral of
  // exp(-z^2/2), here by Simpson's rule on short intervals.
  const auto check = [](const Parameter& parameter, double mean, double sd) {
    const Domain domain({parameter});
    const auto at = [&](double u) { return domain.from_quantiles(Vector::Constant(1, u))[0]; };
    const auto density = [&](double x) { return std::exp(-0.5 * std::pow((x - mean) / sd, 2)); };
    const auto mass = [&](double a, double b) {
      return (b - a) / 6 * (density(a) + 4 * density((a + b) / 2) + density(b));
    };
    double first = 0.0;
    for (int i = 0; i < 1000; ++i) {
      const double slice = mass(at(i / 1000.0), at((i + 1) / 1000.0));
      if (i == 1) first = slice;
      if (i > 1 && i < 999) CHECK(slice == Approx(first).epsilon(1e-4));
    }
    CHECK(at(0) == parameter.lower);
    CHECK(at(1) == parameter.upper);
  };
  check(cut_normal(Parameter::linear("mach", 0.2, 0.75), 0.45, 0.08), 0.45, 0.08);
  check(cut_normal(Parameter::log("re", 1e5, 1e7), 2e6, 1e6), 2e6, 1e6);
  check(cut_normal(Parameter::linear("tail", 10, 12), 0, 1), 0, 1);
  check(cut_normal(Parameter::linear("tail", -12, -10), 0, 1), 0, 1);
}

TEST_CASE("an integer with a distribution takes the mass that rounds to it", "[domain]") {
  // Mean 5, sd 1 on 4..6: levels have the masses Phi(-.5)-Phi(-1.5), Phi(.5)-Phi(-.5), and the
  // first again: 0.2417, 0.3829, 0.2417; divided by their sum 0.8664: 0.2790, 0.4420, 0.2790.
  const Domain domain({cut_normal(Parameter::integer("ribs", 4, 6), 5, 1)});
  Vector counts = Vector::Zero(3);
  for (int i = 0; i < 10000; ++i) {
    counts[static_cast<Index>(domain.from_quantiles(Vector::Constant(1, (i + 0.5) / 1e4))[0]) -
           4] += 1;
  }
  CHECK(near(counts, Vector{{2790, 4420, 2790}}, 1e-3));
}

TEST_CASE("a domain tells what a point breaks, box first", "[domain]") {
  const Domain domain({Parameter::linear("x", 0, 1), Parameter::integer("k", 0, 5)},
                      {{"sum", [](VectorView x) { return x[0] + x[1] - 3; }, 0.5}});
  CHECK(domain.violations(Vector{{0.5, 3}}).empty());
  const std::vector<Violation> found = domain.violations(Vector{{1.25, 4}});
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "x");
  CHECK(found[0].excess == 0.25);
  CHECK(found[1].name == "sum");
  CHECK(found[1].excess == 1.75);
  CHECK(domain.violations(Vector{{-0.5, 2.25}}).size() == 2);
  CHECK(domain.violations(Vector{{0.5, 2.25}})[0].excess == 0.25);
}

TEST_CASE("a point or an excess that is not a number is not admissible", "[domain]") {
  const Domain domain({Parameter::linear("x", -1, 1)},
                      {{"root", [](VectorView x) { return std::sqrt(x[0]) - 10; }}});
  CHECK(domain.admits(Vector{{0.5}}));
  for (const double x : {-0.5, kNaN, 2.0, -std::numeric_limits<double>::infinity()}) {
    CHECK_FALSE(domain.admits(Vector{{x}}));
    CHECK_FALSE(domain.violations(Vector{{x}}).empty());
  }
  CHECK(domain.rows_admitted(Points{{0.5}, {-0.5}, {kNaN}, {2}}) ==
        std::vector<bool>{true, false, false, false});
}

TEST_CASE("a narrowed domain lacks the margin of each continuous range", "[domain]") {
  const Domain domain({Parameter::linear("a", -1.0, 3.0), Parameter::log("b", 0.01, 100.0),
                       Parameter::integer("c", 0, 4), Parameter::choice("d", {"x", "y"})},
                      {{"a below b", [](VectorView x) { return x[0] - x[1]; }}});
  const Domain inner = domain.narrowed(0.25);
  CHECK(inner.parameters()[0].lower == 0.0);
  CHECK(inner.parameters()[0].upper == 2.0);
  CHECK(inner.parameters()[1].lower == Approx(0.1));
  CHECK(inner.parameters()[1].upper == Approx(10.0));
  CHECK(inner.admits(Vector{{0.5, 1.0, 4.0, 1.0}}));
  CHECK_FALSE(inner.admits(Vector{{1.5, 1.0, 4.0, 1.0}}));  // the constraint
  CHECK_THROWS_AS(domain.narrowed(0.5), ArgumentError);
}

TEST_CASE("unit constraints have the constraints' values and slopes", "[domain]") {
  const ScalarField smooth = [](VectorView x, VectorOut gradient) {
    if (gradient.size() > 0) gradient << std::log(x[1]), x[0] / x[1], 2 * x[2];
    return x[0] * std::log(x[1]) + x[2] * x[2] - 40;
  };
  const Domain domain(
      {Parameter::linear("a", -2, 5), Parameter::log("b", 0.1, 100), Parameter::integer("k", 0, 7)},
      {{"smooth", smooth, 0.25}, {"plain", [](VectorView x) { return x[0]; }}});
  const std::vector<ScalarField> fields = domain.unit_constraints();
  REQUIRE(fields.size() == 2);
  CHECK_FALSE(fields[1].has_gradient());
  const Vector u{{0.3, 0.6, 0.45}};
  Vector gradient(3);
  CHECK(fields[0](u, gradient) == fields[0](u));
  CHECK(near(gradient, central_difference(fields[0], u, Vector::Ones(3)), 1e-8));
  const Vector level = domain.to_unit(domain.from_unit(u));
  CHECK(fields[0](level) == Approx(smooth(domain.from_unit(u)) - 0.25).epsilon(1e-12));
  const Points rows{{0.3, 0.6, 0.45}, {0.1, 0.2, 0.9}};
  for (const ScalarField& field : fields) {
    const Vector values = field.on_rows(rows);
    for (Index i = 0; i < 2; ++i) CHECK(values[i] == field(rows.row(i).transpose()));
  }
}

TEST_CASE("a domain says what is wrong with a parameter", "[domain]") {
  using P = Parameter;
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(refusal({P::linear("angle", 30, -30, "deg")}) ==
        "Domain: parameter 'angle' needs finite bounds, lower < upper; got [30, -30] deg");
  CHECK(contains(refusal({P::linear("a", 1, 1)}), "lower < upper; got [1, 1] 1"));
  CHECK(contains(refusal({P::linear("a", 0, inf)}), "finite bounds"));
  CHECK(contains(refusal({P::linear("a", kNaN, 1)}), "finite bounds"));
  CHECK(contains(refusal({P::linear("a", -1.5e308, 1.5e308)}), "finite bounds"));
  CHECK(contains(refusal({P::log("re", 0, 1)}), "'re' on a log scale needs bounds > 0"));
  CHECK(contains(refusal({P{"ribs", Scale::Integer, 0.5, 2}}), "'ribs' needs whole bounds"));
  CHECK(contains(refusal({P::choice("m", {"AL"})}), "'m' needs at least two labels, got 1"));
  CHECK(contains(refusal({P::choice("m", {})}), "'m' needs at least two labels, got 0"));
  CHECK(contains(refusal({P::choice("m", {"AL", "AL"})}), "'m' has the label 'AL' twice"));
  CHECK(contains(refusal({P::linear("", 0, 1)}), "has no name"));
  CHECK(contains(refusal({P::linear("a", 0, 1), P::log("a", 1, 2)}), "are named 'a'"));
  CHECK(contains(refusal({}), "at least one parameter"));
  CHECK(contains(refusal({cut_normal(P::linear("a", 0, 1), 0, -1)}), "sd > 0, got 0 and -1"));
  CHECK(contains(refusal({cut_normal(P::linear("a", 0, 1), 100, 1)}), "leaves nothing within"));
  CHECK(contains(message_of<ArgumentError>([] { mixed().to_unit(Vector::Zero(3)); }),
                 "a point needs 4 coordinates, got 3"));
}
