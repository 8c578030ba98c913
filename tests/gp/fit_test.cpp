#include "sonde/gp/fit.hpp"

#include <cmath>
#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/gp/stationary.hpp"
#include "sonde/math/cholesky.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

LogPrior weak_prior(Index d) {
  return {Vector::Zero(d + 1), Vector::Constant(d + 1, 2.0)};
}

}  // namespace

TEST_CASE("a fit finds the parameters of a sample of the process", "[fit]") {
  // 300 values of a process with variance 2, lengths 0.3 and 1.5, noise variance 0.01.
  const Points x = uniform_points(300, 2, Rng(1));
  const Vector truth{{std::log(2.0), std::log(0.3), std::log(1.5)}};
  const Kernel kernel = (1.0 * matern52(Vector::Ones(2))).with(truth);
  const Matrix covariance = kernel->covariance(x, x) + 0.01 * Matrix::Identity(300, 300);
  const Vector y = Cholesky::of(covariance)->lower() * random_vector(300, Rng(2));
  const Fit found = fit(1.0 * matern52(Vector::Ones(2)), weak_prior(2), 1e-3, x, y, {}, Rng(3));

  // The noise variance is estimated from about 200 free residuals: a standard error of 10 %.
  CHECK(std::abs(found.evidence.x[3] - std::log(0.01)) < 0.4);
  // No parameter that explains the sample better than the true ones lies far from them: twice the
  // gain in log evidence is chi-square with 4 degrees of freedom, below 23 but for 1 in 10,000.
  Vector at(4);
  at << truth, std::log(0.01);
  const GaussianProcess true_process(kernel, 0.01, x, y);
  const double gain = found.process.log_evidence() - true_process.log_evidence();
  CHECK(gain > -0.6);  // the prior may cost this
  CHECK(gain < 11.5);
  CHECK(std::abs(found.evidence.x[1] - truth[1]) < 0.5);
  CHECK(std::abs(found.evidence.x[0] - truth[0]) < 2.0);
}

TEST_CASE("a fit ends where evidence and prior have no slope", "[fit]") {
  const Points x = uniform_points(40, 3, Rng(4));
  const Vector y = wavy(x) + 0.05 * random_vector(40, Rng(5));
  const LogPrior prior = weak_prior(3);
  FitOptions options;
  options.optimize.x_tolerance = 1e-6;
  options.optimize.f_tolerance = 1e-12;
  const Fit found =
      fit(1.0 * matern52(Vector::Ones(3), Form::Product), prior, 1e-3, x, y, options, Rng(6));
  Vector slope = found.process.log_evidence_gradient();
  slope.head(4) -= (found.evidence.x.head(4) - prior.mean).cwiseQuotient(prior.sd.cwiseAbs2());
  CHECK(slope.norm() < 0.05);
  const Vector z = (found.evidence.x.head(4) - prior.mean).cwiseQuotient(prior.sd);
  CHECK(found.evidence.value ==
        Approx(found.process.log_evidence() - 0.5 * z.squaredNorm()).epsilon(1e-9));
  CHECK(near(found.process.kernel()->log_parameters(), found.evidence.x.head(4), 1e-12));
}

TEST_CASE("a prior of two halves falls more slowly above its mean", "[fit]") {
  const LogPrior prior{Vector{{0.5, 0.5, 0.5}}, Vector::Ones(3), Vector::Constant(3, 4.0)};
  Vector slope;
  // -(1/2) 1^2, 0 and -(1/2) (2/4)^2
  CHECK(prior(Vector{{-0.5, 0.5, 2.5}}, slope) == Approx(-0.5 - 0.125));
  CHECK(near(slope, Vector{{1.0, 0.0, -0.125}}, 1e-15));
}

TEST_CASE("one fit is like the other, and better starts do not change it", "[fit]") {
  const Points x = uniform_points(30, 3, Rng(7));
  const Vector y = wavy(x);
  const Kernel kernel = 1.0 * matern52(Vector::Ones(3), Form::Product);
  const Fit one = fit(kernel, weak_prior(3), 1e-3, x, y, {}, Rng(8));
  const Fit again = fit(kernel, weak_prior(3), 1e-3, x, y, {}, Rng(8));
  CHECK(near(one.evidence.x, again.evidence.x, 0.0));
  const Fit warm = fit(one.process.kernel(), weak_prior(3), one.process.noise_variance(), x, y,
                       {.starts = 1}, Rng(9));
  CHECK(warm.evidence.value >= one.evidence.value - 1e-6);
  CHECK(warm.evidence.evaluations < one.evidence.evaluations);
}

TEST_CASE("an input without influence gets a long length, within reach", "[fit]") {
  const Points x = uniform_points(40, 4, Rng(10));
  const Vector y = wavy(x.leftCols(1));
  const Fit found = fit(1.0 * matern52(Vector::Ones(4)), weak_prior(4), 1e-6, x, y, {}, Rng(11));
  for (Index i = 2; i < 5; ++i) {
    CHECK(found.evidence.x[i] > found.evidence.x[1] + 0.5);
    CHECK(found.evidence.x[i] <= 5.0);
  }
}

TEST_CASE("noise is found, held, and kept in its bounds", "[fit]") {
  const Points x = uniform_points(60, 2, Rng(12));
  const Vector y = 10.0 * wavy(x);
  const double scatter = (y.array() - y.mean()).square().mean();
  const Kernel kernel = scatter * matern52(Vector::Ones(2), Form::Product);
  LogPrior prior = weak_prior(2);
  prior.mean[0] = std::log(scatter);
  const Fit exact = fit(kernel, prior, 1e-3, x, y, {}, Rng(13));
  CHECK(exact.process.noise_variance() < 1e-5 * scatter);
  CHECK(exact.process.noise_variance() >= 0.999e-10 * scatter);
  const Fit held = fit(kernel, prior, 1e-3, x, y, {.noise = 0.7}, Rng(13));
  CHECK(held.process.noise_variance() == Approx(0.7));
  const Vector noise = random_vector(60, Rng(14));
  const Fit all = fit(kernel, prior, 1e-3, x, noise, {}, Rng(15));
  CHECK(all.process.noise_variance() > 0.3);
}

TEST_CASE("a fit says what does not fit together", "[fit]") {
  const Points x = uniform_points(5, 2, Rng(16));
  const Vector y = wavy(x);
  const Kernel kernel = 1.0 * matern52(Vector::Ones(2));
  CHECK(contains(
      message_of<ArgumentError>([&] { fit(kernel, weak_prior(5), 1e-3, x, y, {}, Rng(1)); }),
      "the kernel has 3 parameters, the prior 6 means"));
  CHECK(contains(
      message_of<ArgumentError>([&] { fit(kernel, weak_prior(2), 0.0, x, y, {}, Rng(1)); }),
      "a noise variance above zero, got 0"));
  CHECK(contains(message_of<ArgumentError>(
                     [&] { fit(kernel, weak_prior(2), 1e-3, x, y.head(3), {}, Rng(1)); }),
                 "got 3 and 5"));
}

TEST_CASE("a fit says that nothing can be factorised from where it starts", "[fit]") {
  // Not a covariance function: no trifle on the diagonal helps.
  const Kernel hyperbolic = stationary(RationalQuadratic{-3.0}, Vector::Constant(2, 0.1));
  const Points x = uniform_points(6, 2, Rng(21));
  const LogPrior tight{hyperbolic->log_parameters(), Vector::Constant(2, 1.0)};
  CHECK(contains(message_of<NumericalError>(
                     [&] { fit(hyperbolic, tight, 1e-6, x, wavy(x), {.starts = 1}, Rng(1)); }),
                 "fit: no start can be factorised"));
}
