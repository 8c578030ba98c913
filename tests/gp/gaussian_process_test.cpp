#include "sonde/gp/gaussian_process.hpp"

#include <cmath>
#include <numbers>

#include "sonde/base/error.hpp"
#include "sonde/gp/stationary.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

// In loops of numbers: independent of Eigen's factors and products, of which each use by a test
// would take seconds to compile.
Matrix times(const Matrix& a, const Matrix& b) {
  Matrix product = Matrix::Zero(a.rows(), b.cols());
  for (Index j = 0; j < b.cols(); ++j) {
    for (Index k = 0; k < a.cols(); ++k) {
      for (Index i = 0; i < a.rows(); ++i) product(i, j) += a(i, k) * b(k, j);
    }
  }
  return product;
}

Matrix transposed_times(const Matrix& a, const Matrix& b) {
  return times(a.transpose(), b);
}

/// By Gauss-Jordan elimination, which needs no exchanges where the matrix is positive definite.
struct Inverted {
  Matrix inverse;
  double log_determinant = 0.0;

  explicit Inverted(Matrix a) : inverse(Matrix::Identity(a.rows(), a.rows())) {
    for (Index k = 0; k < a.rows(); ++k) {
      const double pivot = a(k, k);
      log_determinant += std::log(pivot);
      a.row(k) /= pivot;
      inverse.row(k) /= pivot;
      for (Index i = 0; i < a.rows(); ++i) {
        const double share = a(i, k);
        if (i == k) continue;
        a.row(i) -= share * a.row(k);
        inverse.row(i) -= share * inverse.row(k);
      }
    }
  }
};

/// The posterior by its textbook formula, with full inverses. The unknown constant is a kernel of
/// variance b added to the covariance, b to infinity.
struct Dense {
  Matrix inverse;  // C^-1
  Vector ones;     // C^-1 1
  double precision;
  double constant;

  Dense(const Kernel& kernel, double noise, const Points& x, const Vector& y, Mean mean) {
    const Index n = x.rows();
    const Matrix c = kernel->covariance(x, x) + noise * Matrix::Identity(n, n);
    inverse = Inverted(c).inverse;
    ones = inverse.rowwise().sum();
    precision = ones.sum();
    constant = mean == Mean::Constant ? ones.dot(y) / precision : 0.0;
  }
};

const std::vector<Mean> means = {Mean::Zero, Mean::Constant};

}  // namespace

TEST_CASE("the posterior equals an independent dense formula", "[gaussian_process]") {
  const Points x = uniform_points(25, 3, Rng(1));
  const Vector y = wavy(x);
  const Points at = 1.4 * uniform_points(7, 3, Rng(2));
  const Points other = uniform_points(5, 3, Rng(3));
  const double noise = 1e-3;
  for (const NamedKernel& named : all_kernels(3)) {
    for (const Mean mean : means) {
      INFO(named.name);
      const Kernel& kernel = named.kernel;
      const GaussianProcess process(kernel, noise, x, y, mean);
      const Dense dense(kernel, noise, x, y, mean);
      const Matrix k = kernel->covariance(x, at);
      const Matrix k_other = kernel->covariance(x, other);
      const Matrix weights = times(dense.inverse, k);
      const Vector residual = y.array() - dense.constant;
      const Vector mean_at = transposed_times(weights, residual).array() + dense.constant;
      Matrix covariance = kernel->covariance(at, other) - transposed_times(weights, k_other);
      Vector variance = kernel->variance(at) - transposed_times(weights, k).diagonal();
      if (mean == Mean::Constant) {
        const Vector t = 1.0 - transposed_times(k, dense.ones).array();
        const Vector t_other = 1.0 - transposed_times(k_other, dense.ones).array();
        covariance += times(t, t_other.transpose()) / dense.precision;
        variance += t.cwiseAbs2() / dense.precision;
      }
      const Marginals marginals = process.predict(at);
      CHECK(near(marginals.mean, mean_at, 1e-9));
      CHECK(near(marginals.variance, variance, 1e-9));
      CHECK(near(process.predict_mean(at), mean_at, 1e-9));
      CHECK(near(process.covariance(at, other), covariance, 1e-9));
      CHECK(process.constant_mean() == Approx(dense.constant).epsilon(1e-9));
      CHECK(near(process.covariance(at, at).diagonal(), marginals.variance, 1e-9));
    }
  }
}

TEST_CASE("the evidence is the density of the values", "[gaussian_process]") {
  const Points x = uniform_points(20, 2, Rng(4));
  const Vector y = wavy(x);
  const Kernel kernel = 1.3 * matern52(some_lengths(2), Form::Product);
  const double noise = 1e-2;
  const Inverted c(kernel->covariance(x, x) + noise * Matrix::Identity(20, 20));
  const double log_2pi = std::log(2.0 * std::numbers::pi);
  const auto log_density = [&](const Vector& residual) {
    const double square = transposed_times(residual, times(c.inverse, residual))(0, 0);
    return -0.5 * square - 0.5 * c.log_determinant - 10.0 * log_2pi;
  };
  const double zero = log_density(y);
  CHECK(GaussianProcess(kernel, noise, x, y, Mean::Zero).log_evidence() == Approx(zero));

  // The constant integrated out by the trapezoidal rule, which is exact to rounding on a Gaussian.
  const GaussianProcess process(kernel, noise, x, y, Mean::Constant);
  double integral = 0.0;
  const double step = 0.05;
  for (double constant = -15.0; constant < 15.0; constant += step) {
    integral += step * std::exp(log_density(y.array() - constant) - zero);
  }
  CHECK(process.log_evidence() == Approx(std::log(integral) + zero).epsilon(1e-9));
}

TEST_CASE("the gradient of the evidence equals central differences", "[gaussian_process]") {
  const Points x = uniform_points(33, 3, Rng(5));
  const Vector y = wavy(x);
  for (const NamedKernel& named : all_kernels(3)) {
    for (const Mean mean : means) {
      INFO(named.name);
      const Index p = named.kernel.parameters();
      const ScalarField evidence = [&](VectorView at) {
        return GaussianProcess(named.kernel.with(at.head(p)), std::exp(at[p]), x, y, mean)
            .log_evidence();
      };
      Vector at(p + 1);
      at << named.kernel->log_parameters(), std::log(0.02);
      const GaussianProcess process(named.kernel, 0.02, x, y, mean);
      const Vector expected = central_difference(evidence, at, Vector::Ones(p + 1));
      CHECK(near(process.log_evidence_gradient(), expected, 1e-7));
    }
  }
}

TEST_CASE("local predictions equal the others, their gradients central differences",
          "[gaussian_process]") {
  const Points x = uniform_points(33, 3, Rng(6));
  const Vector y = wavy(x);
  const Vector at{{0.4, 0.7, 1.1}};
  for (const NamedKernel& named : all_kernels(3)) {
    for (const Mean mean : means) {
      INFO(named.name);
      const GaussianProcess process(named.kernel, 1e-3, x, y, mean);
      const LocalMarginal local = process.predict_at(at);
      const Marginals marginals = process.predict(at.transpose());
      CHECK(local.mean == Approx(marginals.mean[0]).epsilon(1e-12));
      CHECK(local.variance == Approx(marginals.variance[0]).epsilon(1e-9));
      const ScalarField mean_of = [&](VectorView u) {
        return process.predict(u.transpose()).mean[0];
      };
      const ScalarField variance_of = [&](VectorView u) {
        return process.predict(u.transpose()).variance[0];
      };
      const Vector one = Vector::Ones(3);
      CHECK(near(local.mean_gradient, central_difference(mean_of, at, one), 1e-7));
      CHECK(near(local.variance_gradient, central_difference(variance_of, at, one), 1e-7));
    }
  }
}

TEST_CASE("appending data equals fitting all of it", "[gaussian_process]") {
  const Points x = uniform_points(30, 3, Rng(7));
  const Vector y = wavy(x);
  const Points at = uniform_points(9, 3, Rng(8));
  const Kernel kernel = 1.3 * matern52(some_lengths(3), Form::Product);
  for (const Mean mean : means) {
    const GaussianProcess all(kernel, 1e-4, x, y, mean);
    const GaussianProcess grown = GaussianProcess(kernel, 1e-4, x.topRows(20), y.head(20), mean)
                                      .given(x.middleRows(20, 9), y.segment(20, 9))
                                      .given(x.bottomRows(1), y.tail(1));
    CHECK(near(grown.factor(), all.factor(), 1e-11));
    CHECK(near(grown.predict(at).mean, all.predict(at).mean, 1e-9));
    CHECK(near(grown.predict(at).variance, all.predict(at).variance, 1e-10));
    CHECK(grown.log_evidence() == Approx(all.log_evidence()).epsilon(1e-10));
    CHECK(near(grown.log_evidence_gradient(), all.log_evidence_gradient(), 1e-8));
  }
}

TEST_CASE("supposing keeps means to the last bit and lowers variances", "[gaussian_process]") {
  const Points x = uniform_points(30, 3, Rng(9));
  const Points supposed = uniform_points(4, 3, Rng(10));
  const Points at = uniform_points(50, 3, Rng(11));
  const GaussianProcess process(1.3 * matern52(some_lengths(3)), 1e-6, x, wavy(x));
  const GaussianProcess next = process.supposing(supposed);
  const Marginals before = process.predict(at);
  const Marginals after = next.predict(at);
  CHECK(next.size() == 34);
  CHECK(near(after.mean, before.mean, 0.0));
  CHECK(near(next.predict_mean(at), process.predict_mean(at), 0.0));
  CHECK(((before.variance - after.variance).array() >= -1e-12).all());
  CHECK(next.predict(supposed).variance.maxCoeff() < 2e-6);

  const Marginals told = process.given(supposed, process.predict_mean(supposed)).predict(at);
  CHECK(near(told.mean, after.mean, 1e-7));
  CHECK(near(told.variance, after.variance, 1e-10));
  CHECK(process.supposing(Points(0, 3)).size() == 30);
}

TEST_CASE("supposing what is known, again and again, does no harm", "[gaussian_process]") {
  const Points x = uniform_points(40, 2, Rng(12));
  GaussianProcess process(100.0 * squared_exponential(Vector::Constant(2, 2.0)), 1e-10, x, wavy(x));
  const Vector before = process.predict_mean(x);
  Points repeated(6, 2);
  repeated << x.row(3), x.row(3), x.row(3).array() + 1e-12, x.row(5).array() + 1e-9, x.row(7),
      x.row(3);
  for (int i = 0; i < 5; ++i) {
    process = process.supposing(repeated).supposing(x.row(3));
    const Marginals now = process.predict(x);
    CHECK(now.mean.allFinite());
    CHECK(now.variance.allFinite());
    CHECK(near(now.mean, before, 1e-9));
  }
  CHECK(process.predict_at(x.row(3).transpose()).variance_gradient.allFinite());
}

TEST_CASE("leave-one-out equals leaving out", "[gaussian_process]") {
  const Points x = uniform_points(18, 2, Rng(13));
  const Vector y = wavy(x);
  const Kernel kernel = 1.3 * matern32(some_lengths(2), Form::Product);
  for (const Mean mean : means) {
    const LeaveOneOut left = GaussianProcess(kernel, 1e-3, x, y, mean).leave_one_out();
    for (Index i = 0; i < 18; ++i) {
      Points others(17, 2);
      Vector values(17);
      others << x.topRows(i), x.bottomRows(17 - i);
      values << y.head(i), y.tail(17 - i);
      const Marginals one = GaussianProcess(kernel, 1e-3, others, values, mean).predict(x.row(i));
      CHECK(left.mean[i] == Approx(one.mean[0]).epsilon(1e-10));
      CHECK(left.variance[i] == Approx(one.variance[0] + 1e-3).epsilon(1e-10));
    }
  }
}

TEST_CASE("half covariances make covariances, and their last row has the stated slope",
          "[gaussian_process]") {
  const Points x = uniform_points(20, 2, Rng(14));
  const GaussianProcess process(1.3 * matern52(some_lengths(2)), 1e-3, x, wavy(x));
  const Points a = uniform_points(4, 2, Rng(15));
  const Points b = uniform_points(6, 2, Rng(16));
  const Matrix half_a = process.half_covariance(a);
  const Matrix half_b = process.half_covariance(b);
  const Matrix covariance = process.kernel()->covariance(a, b) - transposed_times(half_a, half_b) +
                            2.0 * transposed_times(half_a.bottomRows(1), half_b.bottomRows(1));
  CHECK(near(process.covariance(a, b), covariance, 1e-12));
  const Matrix k =
      process.kernel()->covariance(x, a) - process.kernel()->covariance(x, b.topRows(4));
  CHECK(near(half_a.bottomRows(1) - half_b.leftCols(4).bottomRows(1),
             transposed_times(process.mean_row_slope(), k), 1e-12));
}

TEST_CASE("units cancel", "[gaussian_process]") {
  const Points x = uniform_points(20, 3, Rng(17));
  const Vector y = wavy(x);
  const Points at = uniform_points(8, 3, Rng(18));
  const Vector lengths = some_lengths(3);
  const Vector unit{{1e3, 1e-4, 7.0}};
  const Marginals one = GaussianProcess(1.3 * matern52(lengths), 1e-3, x, y).predict(at);
  const Marginals other = GaussianProcess(1.3 * 1e-20 * matern52(lengths.cwiseProduct(unit)), 1e-23,
                                          x * unit.asDiagonal(), 1e-10 * y.array() + 3.0)
                              .predict(at * unit.asDiagonal());
  CHECK(near((other.mean.array() - 3.0).matrix() * 1e10, one.mean, 1e-5));  // 3 + 1e-10 y rounds
  CHECK(near(other.variance * 1e20, one.variance, 1e-10));
}

TEST_CASE("replicates without noise are averaged, not refused", "[gaussian_process]") {
  Points x = uniform_points(12, 2, Rng(19));
  x.row(4) = x.row(2);
  x.row(9) = x.row(2);
  Vector y = wavy(x);
  const GaussianProcess process(1.3 * squared_exponential(some_lengths(2)), 0.0, x, y);
  CHECK(process.jitter() < 1e-6);
  CHECK(near(process.predict_mean(x), y, 1e-3));

  y[4] += 0.3;
  const GaussianProcess noisy(1.3 * squared_exponential(some_lengths(2)), 1e-4, x, y);
  const double average = (y[2] + y[4] + y[9]) / 3.0;
  CHECK(noisy.predict_mean(x.row(2))[0] == Approx(average).margin(0.02));
}

TEST_CASE("one observation is enough to predict", "[gaussian_process]") {
  const GaussianProcess process(1.3 * matern52(Vector::Ones(2)), 1e-3, Points::Zero(1, 2),
                                Vector::Constant(1, 4.0));
  const Marginals marginals = process.predict(Points::Ones(1, 2));
  CHECK(marginals.mean[0] == Approx(4.0));
  CHECK(marginals.variance[0] > 1.0);
  CHECK(contains(message_of<ArgumentError>([&] { process.leave_one_out(); }),
                 "takes two observations, got 1"));
}

TEST_CASE("a process says what does not fit together", "[gaussian_process]") {
  const Kernel kernel = matern52(Vector::Ones(2));
  const Points x = uniform_points(4, 2, Rng(20));
  const Vector y = wavy(x);
  const auto message = [&](double noise, const Points& at, const Vector& values) {
    return message_of<ArgumentError>([&] { GaussianProcess(kernel, noise, at, values); });
  };
  CHECK(contains(message(1e-3, x, y.head(3)), "got 3 and 4"));
  CHECK(contains(message(-1.0, x, y), "a noise variance of zero or more, got -1"));
  CHECK(
      contains(message(1e-3, x, Vector::Constant(4, std::nan(""))), "finite numbers, got y = nan"));

  // Not a covariance function: no trifle on the diagonal helps.
  const Kernel hyperbolic = stationary(RationalQuadratic{-3.0}, Vector::Constant(2, 0.1));
  Points far = x;
  far.row(2) = far.row(1).array() + 0.001;
  const std::string broken =
      message_of<NumericalError>([&] { GaussianProcess(hyperbolic, 1e-3, far, y); });
  CHECK(contains(broken, "GaussianProcess: K + noise I is not positive definite; rows 1 and 2"));
}
