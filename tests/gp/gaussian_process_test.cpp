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

/// The functions of a trend, in loops.
Matrix basis_of(Trend trend, const Points& x) {
  const Index d = x.cols();
  std::vector<Vector> columns;
  if (trend != Trend::Zero) columns.emplace_back(Vector::Ones(x.rows()));
  if (trend == Trend::Linear || trend == Trend::Quadratic) {
    for (Index j = 0; j < d; ++j) columns.emplace_back(x.col(j));
  }
  if (trend == Trend::Quadratic) {
    for (Index j = 0; j < d; ++j) {
      for (Index i = 0; i <= j; ++i) columns.emplace_back(x.col(i).cwiseProduct(x.col(j)));
    }
  }
  Matrix basis(x.rows(), static_cast<Index>(columns.size()));
  for (std::size_t k = 0; k < columns.size(); ++k) basis.col(static_cast<Index>(k)) = columns[k];
  return basis;
}

/// The posterior by its textbook formula, with full inverses. \see Rasmussen & Williams (2006),
/// eq. 2.42
struct Dense {
  Trend trend;
  Matrix inverse;       // C^-1
  Matrix solved;        // C^-1 H
  Matrix uncertainty;   // (H' C^-1 H)^-1
  Vector coefficients;  // (q)

  Dense(const Kernel& kernel, double noise, const Points& x, const Vector& y, Trend its_trend)
      : trend(its_trend) {
    const Index n = x.rows();
    const Matrix c = kernel->covariance(x, x) + noise * Matrix::Identity(n, n);
    inverse = Inverted(c).inverse;
    const Matrix h = basis_of(trend, x);
    solved = times(inverse, h);
    uncertainty = Inverted(transposed_times(h, solved)).inverse;
    coefficients = times(uncertainty, transposed_times(solved, y));
  }

  /// (q, n_b) h - H' C^-1 k
  Matrix unexplained(const Points& at, const Matrix& k) const {
    return basis_of(trend, at).transpose() - transposed_times(solved, k);
  }
};

const std::vector<Trend> trends = {Trend::Zero, Trend::Constant, Trend::Linear, Trend::Quadratic};

}  // namespace

TEST_CASE("the posterior equals an independent dense formula", "[gaussian_process]") {
  const Points x = uniform_points(25, 3, Rng(1));
  const Vector y = wavy(x);
  const Points at = 1.4 * uniform_points(7, 3, Rng(2));
  const Points other = uniform_points(5, 3, Rng(3));
  const double noise = 1e-3;
  for (const NamedKernel& named : all_kernels(3)) {
    for (const Trend trend : trends) {
      INFO(named.name);
      const Kernel& kernel = named.kernel;
      const GaussianProcess process(kernel, noise, x, y, trend);
      const Dense dense(kernel, noise, x, y, trend);
      const Matrix k = kernel->covariance(x, at);
      const Matrix k_other = kernel->covariance(x, other);
      const Matrix weights = times(dense.inverse, k);
      const Vector residual = y - basis_of(trend, x) * dense.coefficients;
      const Vector mean_at =
          transposed_times(weights, residual) + basis_of(trend, at) * dense.coefficients;
      const Matrix t = dense.unexplained(at, k);
      const Matrix t_other = dense.unexplained(other, k_other);
      const Matrix covariance = kernel->covariance(at, other) - transposed_times(weights, k_other) +
                                transposed_times(t, times(dense.uncertainty, t_other));
      const Vector variance = kernel->variance(at) - transposed_times(weights, k).diagonal() +
                              transposed_times(t, times(dense.uncertainty, t)).diagonal();
      const Marginals marginals = process.predict(at);
      CHECK(near(marginals.mean, mean_at, 1e-9));
      CHECK(near(marginals.variance, variance, 1e-9));
      CHECK(near(process.predict_mean(at), mean_at, 1e-9));
      CHECK(near(process.covariance(at, other), covariance, 1e-9));
      CHECK(near(process.coefficients(), dense.coefficients, 1e-8));
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
  CHECK(GaussianProcess(kernel, noise, x, y, Trend::Zero).log_evidence() == Approx(zero));

  // The constant integrated out by the trapezoidal rule, which is exact to rounding on a Gaussian.
  const GaussianProcess process(kernel, noise, x, y, Trend::Constant);
  double integral = 0.0;
  const double step = 0.05;
  for (double constant = -15.0; constant < 15.0; constant += step) {
    integral += step * std::exp(log_density(y.array() - constant) - zero);
  }
  CHECK(process.log_evidence() == Approx(std::log(integral) + zero).epsilon(1e-9));
}

TEST_CASE("the evidence of a trend is the restricted likelihood", "[gaussian_process]") {
  // Harville (1974), without the factor of the basis alone: y' P y with P = C^-1 - C^-1 H U H'
  // C^-1.
  const Points x = uniform_points(20, 2, Rng(4));
  const Vector y = wavy(x);
  const Kernel kernel = 1.3 * matern52(some_lengths(2), Form::Product);
  const double noise = 1e-2;
  const Inverted c(kernel->covariance(x, x) + noise * Matrix::Identity(20, 20));
  for (const Trend trend : {Trend::Constant, Trend::Linear, Trend::Quadratic}) {
    const Matrix h = basis_of(trend, x);
    const Inverted u(transposed_times(h, times(c.inverse, h)));
    const Vector projected = transposed_times(h, times(c.inverse, y));
    const double square = transposed_times(y, times(c.inverse, y))(0, 0) -
                          transposed_times(projected, times(u.inverse, projected))(0, 0);
    const double freedom = static_cast<double>(20 - h.cols());
    const double expected = -0.5 * (square + c.log_determinant + u.log_determinant +
                                    freedom * std::log(2.0 * std::numbers::pi));
    CHECK(GaussianProcess(kernel, noise, x, y, trend).log_evidence() ==
          Approx(expected).epsilon(1e-8));
  }
}

TEST_CASE("the gradient of the evidence equals central differences", "[gaussian_process]") {
  const Points x = uniform_points(33, 3, Rng(5));
  const Vector y = wavy(x);
  for (const NamedKernel& named : all_kernels(3)) {
    for (const Trend trend : trends) {
      INFO(named.name);
      const Index p = named.kernel.parameters();
      const ScalarField evidence = [&](VectorView at) {
        return GaussianProcess(named.kernel.with(at.head(p)), std::exp(at[p]), x, y, trend)
            .log_evidence();
      };
      Vector at(p + 1);
      at << named.kernel->log_parameters(), std::log(0.02);
      const GaussianProcess process(named.kernel, 0.02, x, y, trend);
      const Vector expected = central_difference(evidence, at, Vector::Ones(p + 1));
      // Rounding of the evidence, 1e-12, over the step of 1e-5.
      CHECK(near(process.log_evidence_gradient(), expected, 1e-6));
    }
  }
}

TEST_CASE("local predictions equal the others, their gradients central differences",
          "[gaussian_process]") {
  const Points x = uniform_points(33, 3, Rng(6));
  const Vector y = wavy(x);
  const Vector at{{0.4, 0.7, 1.1}};
  for (const NamedKernel& named : all_kernels(3)) {
    for (const Trend trend : trends) {
      INFO(named.name);
      const GaussianProcess process(named.kernel, 1e-3, x, y, trend);
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
  for (const Trend trend : trends) {
    const GaussianProcess all(kernel, 1e-4, x, y, trend);
    const GaussianProcess grown = GaussianProcess(kernel, 1e-4, x.topRows(20), y.head(20), trend)
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
  for (const Trend trend : trends) {
    const LeaveOneOut left = GaussianProcess(kernel, 1e-3, x, y, trend).leave_one_out();
    for (Index i = 0; i < 18; ++i) {
      Points others(17, 2);
      Vector values(17);
      others << x.topRows(i), x.bottomRows(17 - i);
      values << y.head(i), y.tail(17 - i);
      const Marginals one = GaussianProcess(kernel, 1e-3, others, values, trend).predict(x.row(i));
      CHECK(left.mean[i] == Approx(one.mean[0]).epsilon(1e-10));
      CHECK(left.variance[i] == Approx(one.variance[0] + 1e-3).epsilon(1e-10));
    }
  }
}

TEST_CASE("half covariances make covariances, and their last rows have the stated slope",
          "[gaussian_process]") {
  const Points x = uniform_points(20, 2, Rng(14));
  const Points a = uniform_points(4, 2, Rng(15));
  const Points b = uniform_points(6, 2, Rng(16));
  for (const Trend trend : trends) {
    const GaussianProcess process(1.3 * matern52(some_lengths(2)), 1e-3, x, wavy(x), trend);
    const Index q = process.trend_basis(a).cols();
    const Matrix half_a = process.half_covariance(a);
    const Matrix half_b = process.half_covariance(b);
    const Matrix covariance = process.kernel()->covariance(a, b) -
                              transposed_times(half_a, half_b) +
                              2.0 * transposed_times(half_a.bottomRows(q), half_b.bottomRows(q));
    CHECK(near(process.covariance(a, b), covariance, 1e-12));
    if (trend == Trend::Zero) continue;
    // Along one input, by central differences.
    const Vector here = a.row(0).transpose();
    constexpr double h = 1e-5;
    for (Index j = 0; j < 2; ++j) {
      Points both(2, 2);
      both << here.transpose(), here.transpose();
      both(0, j) += h;
      both(1, j) -= h;
      const Matrix k = process.kernel()->covariance(x, both);
      const Vector dk = (k.col(0) - k.col(1)) / (2.0 * h);
      const Matrix t = process.half_covariance(both).bottomRows(q);
      const Vector expected = process.trend_slope(here).row(j).transpose() +
                              transposed_times(process.trend_slope_by_covariance(), dk);
      CHECK(near(expected, (t.col(0) - t.col(1)) / (2.0 * h), 1e-7));
    }
  }
}

TEST_CASE("a trend alone is found exactly, and carries beyond the data", "[gaussian_process]") {
  const Points x = uniform_points(20, 2, Rng(31));
  const auto plane = [](const Points& at) {
    return Vector((2.0 + 3.0 * at.col(0).array() - 5.0 * at.col(1).array()).matrix());
  };
  const Points far = 10.0 * uniform_points(5, 2, Rng(32));
  const Kernel kernel = 1.3 * matern52(some_lengths(2));
  const GaussianProcess process(kernel, 1e-6, x, plane(x), Trend::Linear);
  CHECK(near(process.predict_mean(far), plane(far), 1e-6));
  CHECK(near(process.coefficients(), Vector{{2.0, 3.0, -5.0}}, 1e-7));
  const GaussianProcess curved(kernel, 1e-6, x, x.col(0).cwiseProduct(x.col(1)), Trend::Quadratic);
  CHECK(near(curved.predict_mean(far), far.col(0).cwiseProduct(far.col(1)), 1e-4));
}

TEST_CASE("terms that the observations do not tell apart are left out of a trend",
          "[gaussian_process]") {
  Points x = uniform_points(20, 3, Rng(33));
  x.col(1) = 2.0 * x.col(0).array() + 1.0;  // on a plane
  x.col(2).setConstant(0.5);
  const GaussianProcess process(1.3 * matern52(some_lengths(3)), 1e-6, x, x.col(0), Trend::Linear);
  CHECK(process.coefficients().size() == 2);
  CHECK(near(process.predict_mean(x), x.col(0), 1e-6));
  const GaussianProcess few(1.3 * matern52(some_lengths(3)), 1e-6, x.topRows(4), x.col(0).head(4),
                            Trend::Quadratic);
  CHECK(few.coefficients().size() == 1);
}

TEST_CASE("means of replicates and their scatter say what all of them say", "[gaussian_process]") {
  // Points 0, 1, 2 were observed 4, 2 and 1 times.
  const Points x = uniform_points(3, 2, Rng(34));
  const std::vector<Index> place = {0, 0, 0, 0, 1, 1, 2};
  Points all(7, 2);
  for (Index i = 0; i < 7; ++i) all.row(i) = x.row(place[static_cast<std::size_t>(i)]);
  const Vector y = random_vector(7, Rng(35));
  const Vector means{{y.head(4).mean(), y.segment(4, 2).mean(), y[6]}};
  Noise noise = 0.07;
  noise.share = Vector{{0.25, 0.5, 1.0}};
  noise.scatter_freedom = 4.0;
  noise.scatter = (y.head(4).array() - means[0]).square().sum() +
                  (y.segment(4, 2).array() - means[1]).square().sum();
  const Kernel kernel = 1.3 * matern52(some_lengths(2));
  for (const Trend trend : {Trend::Zero, Trend::Constant}) {
    const GaussianProcess long_way(kernel, 0.07, all, y, trend);
    const GaussianProcess process(kernel, noise, x, means, trend);
    const Points at = uniform_points(5, 2, Rng(36));
    CHECK(near(process.predict(at).mean, long_way.predict(at).mean, 1e-12));
    CHECK(near(process.predict(at).variance, long_way.predict(at).variance, 1e-12));
    CHECK(process.log_evidence() == Approx(long_way.log_evidence()).epsilon(1e-12));
    CHECK(near(process.log_evidence_gradient(), long_way.log_evidence_gradient(), 1e-10));
  }
}

TEST_CASE("noise that is known of each observation is noise of a variance of its own",
          "[gaussian_process]") {
  const Points x = uniform_points(12, 2, Rng(37));
  const Vector y = wavy(x);
  const Kernel kernel = 1.3 * matern52(some_lengths(2));
  Noise known = 0.0;
  known.known = Vector::Constant(12, 0.03);
  known.further = 0.03;
  const Points at = uniform_points(5, 2, Rng(38));
  const GaussianProcess same(kernel, 0.03, x, y);
  CHECK(near(GaussianProcess(kernel, known, x, y).predict(at).mean, same.predict(at).mean, 1e-12));
  Noise of_nine = known;
  of_nine.known = known.known.head(9);
  CHECK(near(GaussianProcess(kernel, of_nine, x.topRows(9), y.head(9))
                 .given(x.bottomRows(3), y.tail(3))
                 .predict(at)
                 .variance,
             same.predict(at).variance, 1e-10));
  // What is known to be useless is left aside.
  known.known[4] = 1e9;
  Points others(11, 2);
  others << x.topRows(4), x.bottomRows(7);
  Vector values(11);
  values << y.head(4), y.tail(7);
  CHECK(near(GaussianProcess(kernel, known, x, y).predict(at).mean,
             GaussianProcess(kernel, 0.03, others, values).predict(at).mean, 1e-7));
}

TEST_CASE("what grew out of one process leaves it and its other branches as they were",
          "[gaussian_process]") {
  const Points x = uniform_points(60, 2, Rng(39));
  const Vector y = wavy(x);
  const Kernel kernel = 1.3 * matern52(some_lengths(2));
  const Points at = uniform_points(5, 2, Rng(40));
  const GaussianProcess root(kernel, 1e-4, x.topRows(10), y.head(10));
  const Matrix factor = root.factor();
  GaussianProcess one = root;
  GaussianProcess other = root;
  for (Index i = 10; i < 60; ++i) {  // beyond the room that is left at first
    one = one.given(x.row(i), y.segment(i, 1));
    other = other.given(x.row(69 - i), y.segment(69 - i, 1));
  }
  CHECK(near(root.factor(), factor, 0.0));
  const Marginals all = GaussianProcess(kernel, 1e-4, x, y).predict(at);
  for (const GaussianProcess& grown : {one, other}) {
    CHECK(grown.size() == 60);
    CHECK(near(grown.predict(at).mean, all.mean, 1e-8));
    CHECK(near(grown.predict(at).variance, all.variance, 1e-9));
  }
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
  CHECK(near((other.mean.array() - 3.0).matrix() * 1e10, one.mean, 1e-4));  // 3 + 1e-10 y rounds
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
                 "takes 2 observations, got 1"));
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
