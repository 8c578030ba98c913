#include "gp/expectation_propagation.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/math/cholesky.hpp"
#include "sonde/math/normal.hpp"

namespace sonde {
namespace {

constexpr int most_sweeps = 60;
constexpr double damping = 0.8;     // of a step towards the renewed sites
constexpr double tolerance = 1e-7;  // of the sites

// The likelihood of a label under N(m, v), and its derivatives in m and s.
struct Tilted {
  double log_z;
  double slope;      // d log_z / dm
  double curvature;  // - d^2 log_z / dm^2
  double speckle_slope;
};

Tilted tilted(bool succeeded, double m, double v, double s) {
  const double root = std::sqrt(1.0 + v);
  const double z = m / root;
  if (succeeded) {
    const double log_cdf = normal_log_cdf(z);
    const double ratio = std::exp(-0.5 * z * z - 0.918938533204672742 - log_cdf);
    return {std::log1p(-s) + log_cdf, ratio / root, ratio * (z + ratio) / (1.0 + v),
            -1.0 / (1.0 - s)};
  }
  const double log_miss = normal_log_cdf(-z);
  const double miss = std::exp(log_miss);
  // log(s + (1 - s) Phi(-z)), finite in the far tail also where s is 0.
  const double log_z = s > 0.0 ? std::log(s + (1.0 - s) * miss) : log_miss;
  const double ratio = (1.0 - s) * std::exp(-0.5 * z * z - 0.918938533204672742 - log_z);
  const double slope = -ratio / root;
  return {log_z, slope, slope * slope - ratio * z / (1.0 + v), std::exp(normal_log_cdf(z) - log_z)};
}

// Gaussians that stand for the likelihoods: exp(-precision g^2 / 2 + shift g).
struct Sites {
  Vector precision;
  Vector shift;
};

struct Posterior {
  Vector mean;
  Vector variance;
  Matrix half;  // L^-1 S^1/2 K
  Cholesky factor;
  Vector root;  // S^1/2
};

Posterior posterior(MatrixView k, const Sites& sites) {
  const Vector root = sites.precision.cwiseSqrt();
  Matrix b = root.asDiagonal() * k * root.asDiagonal();
  b.diagonal().array() += 1.0;
  std::optional<Cholesky> factor = Cholesky::of(std::move(b));
  require<NumericalError>(factor.has_value(),
                          "classify: the posterior of where runs succeed breaks down");
  const Matrix scaled = root.asDiagonal() * k;
  Matrix half = factor->half_solve(scaled);
  Vector variance = k.diagonal() - half.colwise().squaredNorm().transpose();
  Vector mean = k * sites.shift - half.transpose() * (half * sites.shift);
  return {std::move(mean), variance.cwiseMax(1e-12), std::move(half), std::move(*factor), root};
}

// What is left of the posterior at i without its site.
struct Cavity {
  double mean;
  double variance;
};

Cavity cavity(const Posterior& now, const Sites& sites, Index i) {
  const double precision = std::max(1.0 / now.variance[i] - sites.precision[i], 1e-10);
  return {(now.mean[i] / now.variance[i] - sites.shift[i]) / precision, 1.0 / precision};
}

// One sweep; by how much the sites have moved.
double renew(Sites& sites, const Posterior& now, const std::vector<bool>& succeeded, double mean,
             double s) {
  double moved = 0.0;
  for (Index i = 0; i < sites.shift.size(); ++i) {
    const auto [m, v] = cavity(now, sites, i);
    const Tilted t = tilted(succeeded[static_cast<std::size_t>(i)], m + mean, v, s);
    const double precision = std::max(0.0, t.curvature / (1.0 - v * t.curvature));
    // So that the mean is the tilted one, also where the precision was cut.
    const double shift = t.slope * (1.0 + v * precision) + m * precision;
    moved = std::max(
        {moved, std::abs(precision - sites.precision[i]), std::abs(shift - sites.shift[i])});
    sites.precision[i] += damping * (precision - sites.precision[i]);
    sites.shift[i] += damping * (shift - sites.shift[i]);
  }
  return moved;
}

}  // namespace

Propagated propagated(MatrixView k, const std::vector<bool>& succeeded, double mean, double s) {
  const Index n = k.rows();
  require(k.cols() == n && static_cast<Index>(succeeded.size()) == n && s >= 0.0 && s < 1.0,
          "classify: expected as many labels as points and s in [0, 1); got ", succeeded.size(),
          ", ", n, " and ", s);
  Sites sites{Vector::Zero(n), Vector::Zero(n)};
  Posterior now = posterior(k, sites);
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    const double moved = renew(sites, now, succeeded, mean, s);
    now = posterior(k, sites);
    if (moved < tolerance) break;
  }
  Propagated result;
  result.cavity = {Vector(n), Vector(n)};
  for (Index i = 0; i < n; ++i) {
    const auto [m, v] = cavity(now, sites, i);
    const Tilted t = tilted(succeeded[static_cast<std::size_t>(i)], m + mean, v, s);
    result.cavity.mean[i] = m;
    result.cavity.variance[i] = v;
    const double tau = sites.precision[i];
    const double nu = sites.shift[i];
    const double grown = 1.0 + tau * v;
    result.log_evidence +=
        t.log_z + 0.5 * std::log(grown) - 0.5 * (nu * nu * v + 2.0 * nu * m - tau * m * m) / grown;
    result.mean_slope += t.slope;
    result.speckle_slope += t.speckle_slope;
  }
  result.log_evidence += 0.5 * sites.shift.dot(now.mean) - 0.5 * now.factor.log_determinant();
  const Matrix inner = now.factor.inverse();
  result.spread = now.root.asDiagonal() * inner * now.root.asDiagonal();
  result.weights = sites.shift - result.spread * (k * sites.shift);
  return result;
}

}  // namespace sonde
