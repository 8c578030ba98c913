#include "gp/alternatives.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "gp/trend.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

constexpr Index most_points = 400;
constexpr Index few = 128;  // points: what differences of gradients cost is nothing beside a fit
constexpr Index most_parameters = 64;
constexpr double longest = 1.6;       // standard deviation: farther off nothing is linear
constexpr double negligible = 0.002;  // of the mean variance
constexpr double enough = 0.7;        // of what all axes add: the first that hold it stand for all

Vector parameters_of(const GaussianProcess& process) {
  return process.kernel()->log_parameters();
}

/// Nothing where that has no factor.
std::optional<GaussianProcess> with(const GaussianProcess& process, const Vector& parameters) {
  try {
    return GaussianProcess(process.kernel().with(parameters), process.noise(), process.x(),
                           process.y(), process.trend());
  } catch (const NumericalError&) {
    return std::nullopt;
  }
}

constexpr double difference = 1e-2;  // of log parameters

/// (p, p) of the log evidence, with its sign turned, by differences of gradients.
std::optional<Matrix> observed_information(const GaussianProcess& process) {
  const Vector at = parameters_of(process);
  const Index p = at.size();
  const Vector here = process.log_evidence_gradient().head(p);
  Matrix curvature(p, p);
  for (Index j = 0; j < p; ++j) {
    Vector near = at;
    near[j] += difference;
    const std::optional<GaussianProcess> other = with(process, near);
    if (!other) return std::nullopt;
    curvature.col(j) = (here - other->log_evidence_gradient().head(p)) / difference;
  }
  return 0.5 * (curvature + curvature.transpose()).eval();
}

/// The same but for terms whose expectation is zero: half of a' dK_i P dK_j a, with a = P y and P
/// the inverse of K + noise less what the trend takes. p covariances in place of p gradients.
/// \see Gilmour, Thompson & Cullis (1995), Biometrics 51(4), "average information"
Matrix average_information(const GaussianProcess& process) {
  const Vector at = parameters_of(process);
  const Index p = at.size();
  const auto lower = process.factor().triangularView<Eigen::Lower>();
  const auto pulled = [&](const Vector& parameters) -> Vector {
    return process.kernel().with(parameters)->covariance(process.x(), process.x()) *
           process.alpha();
  };
  const Vector here = pulled(at);
  Matrix half(process.size(), p);
  for (Index j = 0; j < p; ++j) {
    Vector near = at;
    near[j] += difference;
    half.col(j) = (pulled(near) - here) / difference;
  }
  lower.solveInPlace(half);
  Matrix trend = lower.solve(process.trend_basis(process.x()));
  if (trend.cols() > 0) {
    orthonormalise(trend);
    half -= trend * (trend.transpose() * half).eval();
  }
  return 0.5 * half.transpose() * half;
}

/// (p, p) of log evidence and log prior, with its sign turned.
std::optional<Matrix> curvature(const GaussianProcess& process, const Vector& deviations) {
  std::optional<Matrix> curvature = process.size() > few
                                        ? std::optional(average_information(process))
                                        : observed_information(process);
  if (curvature) curvature->diagonal() += deviations.cwiseAbs2().cwiseInverse();
  return curvature && curvature->allFinite() ? curvature : std::nullopt;
}

/// A principal axis of the posterior of the parameters.
struct PrincipalAxis {
  Vector step;  // from the maximum, one standard deviation
  PosteriorMean mean;
  double added;  // to the variance, summed over the reference points
};

/// The one that adds most first.
std::vector<PrincipalAxis> axes_of(const GaussianProcess& process, const Matrix& precision,
                                   PointsView reference, const Vector& now) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(precision);
  std::vector<PrincipalAxis> axes;
  for (Index j = 0; j < precision.rows(); ++j) {
    const double deviation =
        std::min(longest, 1.0 / std::sqrt(std::max(solver.eigenvalues()[j], 1e-12)));
    // An axis has two ends: the one where more parameters fall, lengths above all.
    const double end = solver.eigenvectors().col(j).sum() > 0.0 ? -deviation : deviation;
    Vector step = end * solver.eigenvectors().col(j);
    const std::optional<GaussianProcess> other = with(process, parameters_of(process) + step);
    if (!other) continue;
    PosteriorMean mean = other->posterior_mean();
    const double added = (mean.on_rows(reference) - now).squaredNorm();
    axes.push_back({std::move(step), std::move(mean), added});
  }
  std::stable_sort(axes.begin(), axes.end(), [](const PrincipalAxis& a, const PrincipalAxis& b) {
    return a.added > b.added;
  });
  return axes;
}

}  // namespace

Alternatives alternatives(const GaussianProcess& process, const Vector& deviations,
                          PointsView reference) {
  if (process.size() > most_points || deviations.size() > most_parameters ||
      process.size() <= process.coefficients().size())
    return {};
  const std::optional<Matrix> precision = curvature(process, deviations);
  if (!precision) return {};
  const Marginals now = process.predict(reference);
  std::vector<PrincipalAxis> axes = axes_of(process, *precision, reference, now.mean);
  const double total =
      std::accumulate(axes.begin(), axes.end(), 0.0,
                      [](double sum, const PrincipalAxis& a) { return sum + a.added; });
  Alternatives chosen;
  if (!(total > negligible * now.variance.sum())) return chosen;
  double held = 0.0;
  std::size_t count = 0;
  while (count < axes.size() && held < enough * total) held += axes[count++].added;
  const double longer = std::sqrt(total / held);
  for (std::size_t a = 0; a < count; ++a) {
    const std::optional<GaussianProcess> other =
        with(process, parameters_of(process) + longer * axes[a].step);
    chosen.push_back(other ? other->posterior_mean() : std::move(axes[a].mean));
  }
  return chosen;
}

Vector scatter_of(const Alternatives& alternatives, PointsView x, const Vector& mean) {
  Vector scatter = Vector::Zero(x.rows());
  for (const PosteriorMean& other : alternatives) scatter += (other.on_rows(x) - mean).cwiseAbs2();
  return scatter;
}

double scatter_of(const Alternatives& alternatives, VectorView x, double mean, const Vector& slope,
                  Vector& gradient) {
  double scatter = 0.0;
  gradient = Vector::Zero(x.size());
  Vector its_slope(x.size());
  for (const PosteriorMean& other : alternatives) {
    const double off = other(x, its_slope) - mean;
    scatter += off * off;
    gradient += 2.0 * off * (its_slope - slope);
  }
  return scatter;
}

}  // namespace sonde
