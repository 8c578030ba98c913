#include "sonde/query/criteria.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::central_difference;
using testing_support::contains;
using testing_support::message_of;
using testing_support::near;

Domain plate() {
  return Domain({Parameter::linear("width", 10.0, 30.0, "mm"), Parameter::log("load", 1.0, 100.0)});
}

Surrogate two_outputs(const Domain& domain, double unit, const ModelOptions& options = {}) {
  const Points x = design::sobol(domain, 12, Rng(3));
  Dataset data{x, Matrix(x.rows(), 2)};
  for (Index i = 0; i < x.rows(); ++i) {
    data.y(i, 0) = unit * std::sin(x(i, 0) / 5.0) * std::log(x(i, 1));
    data.y(i, 1) = std::cos(x(i, 0) / 7.0) + 0.1 * x(i, 1);
  }
  return Surrogate::fit(domain, {{"stress", "MPa"}, {"sag", "mm"}}, data, options, Matrix(),
                        Rng(1));
}

TEST_CASE("the worth of a row is the worth of the point, its gradient the central difference",
          "[criteria]") {
  const Domain domain = plate();
  const Surrogate surrogate = two_outputs(domain, 1.0);
  for (const Criterion& criterion :
       {criteria::variance(), criteria::integrated_variance(32),
        criteria::calibrated_integrated_variance(32), criteria::committee()}) {
    const Acquisition worth = criterion.prepare(surrogate, Rng(5));
    const Points x = design::sobol(domain, 8, Rng(7));
    const Vector rows = worth.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) {
      INFO(criterion.name << " at " << x.row(i));
      Vector gradient(2);
      const double value = worth(x.row(i), gradient);
      CHECK(value > 0.0);
      CHECK(rows[i] == Approx(value).epsilon(1e-8));
      CHECK(worth(x.row(i)) == Approx(value).epsilon(1e-10));
      const Vector expected = central_difference(worth, x.row(i), Vector{{20.0, x(i, 1)}}, 1e-5);
      CHECK((gradient - expected).norm() <= 1e-4 * (1e-3 + expected.norm()));
    }
  }
}

TEST_CASE("the unit of an output does not change what is worth asking", "[criteria]") {
  const Domain domain = plate();
  const Points x = design::sobol(domain, 8, Rng(7));
  for (const Criterion& criterion :
       {criteria::variance(), criteria::integrated_variance(32),
        criteria::calibrated_integrated_variance(32), criteria::committee()}) {
    // By a power of two nothing is rounded: the fits are the same.
    const Vector small = criterion.prepare(two_outputs(domain, 0x1p20), Rng(5)).on_rows(x);
    const Vector large = criterion.prepare(two_outputs(domain, 1.0), Rng(5)).on_rows(x);
    CHECK(near(small, large, 1e-10));
  }
}

TEST_CASE("integrated variance is the drop of the mean variance that supposing brings",
          "[criteria]") {
  const Domain domain = plate();
  ModelOptions alone;  // between members there is variance that the criterion leaves out
  alone.stack.resize(1);
  alone.parameter_uncertainty = false;  // which supposing leaves aside
  const Surrogate surrogate = two_outputs(domain, 1.0, alone);
  const Acquisition worth = criteria::integrated_variance(64).prepare(surrogate, Rng(5));
  // The reference points are drawn from a stream of that name below the criterion's.
  const Points reference = design::reference(domain, 64, Rng(5).child("reference"));
  for (const Vector& x : {Vector{{12.0, 3.0}}, Vector{{29.0, 90.0}}}) {
    const Surrogate supposed = surrogate.supposing(x.transpose());
    double drop = 0.0;
    for (Index j = 0; j < 2; ++j) {
      const Vector before = surrogate[j].predict(reference).variance;
      const Vector after = supposed[j].predict(reference).variance;
      drop += (before - after).mean() / (surrogate[j].spread() * surrogate[j].spread());
    }
    CHECK(worth(x) == Approx(drop).epsilon(1e-5).margin(1e-9));
  }
}

TEST_CASE("variances near what leaving out missed count for more", "[criteria]") {
  // Smooth but for a step at 0.8: what stands beside the step is missed by far.
  const Domain domain({Parameter::linear("x", 0.0, 1.0)});
  Dataset data{Points(24, 1), Matrix(24, 1)};
  for (Index i = 0; i < 24; ++i) {
    const double x = (static_cast<double>(i) + 0.5) / 24.0;
    data.x(i, 0) = x;
    data.y(i, 0) = std::sin(3.0 * x) + (x > 0.8 ? 0.3 : 0.0);
  }
  ModelOptions alone;
  alone.stack = {{.family = Family::Matern52, .form = Form::Radial}};
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", ""}}, data, alone, Matrix(), Rng(1));
  const Acquisition plain = criteria::integrated_variance().prepare(surrogate, Rng(2));
  const Acquisition weighed = criteria::calibrated_integrated_variance().prepare(surrogate, Rng(2));
  // In the middle between two observations, far from the step and at it.
  const Vector far = Vector::Constant(1, 6.0 / 24.0);
  const Vector step = Vector::Constant(1, 19.0 / 24.0);
  CHECK(weighed(step) / weighed(far) > 1.5 * plain(step) / plain(far));
}

TEST_CASE(
    "the committee is asked every third time in two dimensions, where it has more than one "
    "opinion",
    "[criteria]") {
  const Domain domain = plate();
  const Criterion chosen = criteria::automatic();
  Surrogate surrogate = two_outputs(domain, 1.0);
  REQUIRE(surrogate.size() == 12);
  CHECK(chosen.why(surrogate) == "committee");
  const Points x = design::sobol(domain, 2, Rng(8));
  CHECK(chosen.why(surrogate.supposing(x.topRows(1))) == "calibrated integrated variance");
  CHECK(chosen.why(surrogate.supposing(x)) == "calibrated integrated variance");
  ModelOptions alone;
  alone.stack.resize(1);
  alone.parameter_uncertainty = false;
  surrogate = two_outputs(domain, 1.0, alone);
  CHECK(chosen.why(surrogate) == "calibrated integrated variance");
  CHECK(criteria::committee().why(surrogate) == "integrated variance");
  const Acquisition worth = criteria::committee().prepare(surrogate, Rng(5));
  CHECK(worth(x.row(0)) == criteria::integrated_variance().prepare(surrogate, Rng(5))(x.row(0)));
}

TEST_CASE("the committee is not asked where it disagrees by rounding alone", "[criteria]") {
  // A power law: with logarithms on both sides a straight line, which the stack finds at once.
  const Domain domain({Parameter::linear("a", 1.0, 3.0), Parameter::linear("b", 1.0, 3.0)});
  const Points x = design::sobol(domain, 18, Rng(3));
  Dataset data{x, Matrix(x.rows(), 1)};
  data.y.col(0) = x.col(0).array().square() / x.col(1).array();
  const Surrogate surrogate = Surrogate::fit(domain, {{"y", ""}}, data, {}, Matrix(), Rng(1));
  REQUIRE((surrogate[0].predict(x).mean - data.y.col(0)).norm() < 1e-4);
  CHECK(criteria::automatic().why(surrogate) == "calibrated integrated variance");
}

TEST_CASE("what was asked without an answer leaves the committee its other doubts", "[criteria]") {
  const Domain domain = plate();
  const Surrogate surrogate = two_outputs(domain, 1.0);
  const Points asked = design::sobol(domain, 1, Rng(8));
  const Surrogate supposing = surrogate.supposing(asked);
  const Points far{{domain.parameters()[0].lower, domain.parameters()[1].upper}};
  for (Index j = 0; j < 2; ++j) {
    const double unit = surrogate[j].spread() * surrogate[j].spread();
    CHECK(supposing[j].disagreement(asked)[0] < 1e-4 * unit);
    CHECK(supposing[j].disagreement(far)[0] > 0.2 * surrogate[j].disagreement(far)[0]);
  }
}

TEST_CASE("criteria go by their names", "[criteria]") {
  CHECK(criteria::named("variance").name == "variance");
  CHECK(criteria::named("integrated variance").name == "integrated variance");
  CHECK(criteria::named("auto").name == criteria::automatic().name);
  for (const std::string& name : criteria::names()) CHECK_NOTHROW(criteria::named(name));
  CHECK(contains(
      message_of<ArgumentError>([] { criteria::named("varianz"); }),
      "'variance', 'integrated variance', 'calibrated integrated variance', 'committee', "));
  CHECK(contains(message_of<ArgumentError>([] { criteria::named("varianz"); }),
                 "'core set', 'auto'; got 'varianz'"));
  CHECK(contains(message_of<ArgumentError>([] { criteria::integrated_variance(0); }),
                 "at least one reference point"));
}

}  // namespace
}  // namespace sonde
