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
constexpr Index most_directions = 8;  // of more points
constexpr Index most_parameters = 64;
constexpr double longest = 1.6;       // standard deviation: farther off nothing is linear
constexpr double negligible = 0.002;  // of the mean variance
constexpr double difference = 1e-2;   // of log parameters
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

/// Orthonormal directions of the parameters, and the part of what all directions add to variances
/// that they hold.
struct Directions {
  Matrix columns;  // (p, k)
  double held;
};

/// What the parameters move, to first order: of K a and of the means at the reference points.
struct Moved {
  Matrix half;   // (n, p) L^-1 dK_j a, less what the trend takes
  Matrix means;  // (r, p)
};

Moved moved(const GaussianProcess& process, PointsView reference) {
  const Vector at = parameters_of(process);
  const Index n = process.size();
  Points all(n + reference.rows(), reference.cols());
  all << process.x(), reference;
  const Matrix here = process.kernel()->covariance(all, process.x());
  const Vector pulled = here * process.alpha();
  Matrix change(all.rows(), at.size());
  for (Index j = 0; j < at.size(); ++j) {
    Vector near = at;
    near[j] += difference;
    const Matrix there = process.kernel().with(near)->covariance(all, process.x());
    change.col(j) = (there * process.alpha() - pulled) / difference;
  }
  const MatrixView factor = process.factor();
  const auto lower = factor.triangularView<Eigen::Lower>();
  Moved result{lower.solve(change.topRows(n)), change.bottomRows(reference.rows())};
  if (process.coefficients().size() > 0) {
    Matrix trend = lower.solve(process.trend_basis(process.x()));
    const Matrix r = orthonormalise(trend);
    const Matrix taken = trend.transpose() * result.half;
    result.half -= trend * taken;
    result.means -= process.trend_basis(reference) * r.triangularView<Eigen::Upper>().solve(taken);
  }
  const Matrix solved = factor.transpose().triangularView<Eigen::Upper>().solve(result.half);
  result.means -= here.bottomRows(reference.rows()) * solved;
  return result;
}

/// All of them where points are few, else those that matter by the average information: p
/// covariances in place of p gradients. \see Gilmour, Thompson & Cullis (1995), Biometrics 51(4)
Directions directions(const GaussianProcess& process, const Vector& deviations,
                      PointsView reference) {
  const Index p = deviations.size();
  if (process.size() <= few || p <= most_directions) return {Matrix::Identity(p, p), 1.0};
  const Moved by = moved(process, reference);
  Matrix information = 0.5 * by.half.transpose() * by.half;
  information.diagonal() += deviations.cwiseAbs2().cwiseInverse();
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(information);
  const Vector added = (by.means * solver.eigenvectors())
                           .colwise()
                           .squaredNorm()
                           .transpose()
                           .cwiseQuotient(solver.eigenvalues());
  std::vector<Index> order(static_cast<std::size_t>(p));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index i, Index j) { return added[i] > added[j]; });
  Directions chosen{Matrix(p, most_directions), 0.0};
  for (Index k = 0; k < most_directions; ++k) {
    const Index j = order[static_cast<std::size_t>(k)];
    chosen.columns.col(k) = solver.eigenvectors().col(j);
    chosen.held += added[j] / added.sum();
  }
  return chosen;
}

/// (k, k) of log evidence and log prior along these directions (p, k), with its sign turned, by
/// differences of gradients.
std::optional<Matrix> curvature(const GaussianProcess& process, const Vector& deviations,
                                const Matrix& along) {
  const Vector at = parameters_of(process);
  const Index p = at.size();
  const Vector here = process.log_evidence_gradient().head(p);
  Matrix curvature(along.cols(), along.cols());
  for (Index j = 0; j < along.cols(); ++j) {
    const std::optional<GaussianProcess> other = with(process, at + difference * along.col(j));
    if (!other) return std::nullopt;
    curvature.col(j) =
        along.transpose() * (here - other->log_evidence_gradient().head(p)) / difference;
  }
  curvature = 0.5 * (curvature + curvature.transpose()).eval();
  curvature += along.transpose() * deviations.cwiseAbs2().cwiseInverse().asDiagonal() * along;
  return curvature.allFinite() ? std::optional<Matrix>(std::move(curvature)) : std::nullopt;
}

/// A principal axis of the posterior of the parameters.
struct PrincipalAxis {
  Vector step;  // from the maximum, one standard deviation
  PosteriorMean mean;
  double added;  // to the variance, summed over the reference points
};

/// The one that adds most first.
std::vector<PrincipalAxis> axes_of(const GaussianProcess& process, const Matrix& precision,
                                   const Matrix& along, PointsView reference, const Vector& now) {
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(precision);
  std::vector<PrincipalAxis> axes;
  for (Index j = 0; j < precision.rows(); ++j) {
    const double deviation =
        std::min(longest, 1.0 / std::sqrt(std::max(solver.eigenvalues()[j], 1e-12)));
    // An axis has two ends: the one where more parameters fall, lengths above all.
    const Vector axis = along * solver.eigenvectors().col(j);
    Vector step = (axis.sum() > 0.0 ? -deviation : deviation) * axis;
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
  const Directions along = directions(process, deviations, reference);
  if (!(along.held > 0.0)) return {};
  const std::optional<Matrix> precision = curvature(process, deviations, along.columns);
  if (!precision) return {};
  const Marginals now = process.predict(reference);
  std::vector<PrincipalAxis> axes =
      axes_of(process, *precision, along.columns, reference, now.mean);
  const double total =
      std::accumulate(axes.begin(), axes.end(), 0.0,
                      [](double sum, const PrincipalAxis& a) { return sum + a.added; }) /
      along.held;
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

Alternatives reconditioned(const Alternatives& alternatives, const GaussianProcess& process) {
  Alternatives given;
  for (const PosteriorMean& other : alternatives) {
    const std::optional<GaussianProcess> same = with(process, other.kernel()->log_parameters());
    if (same) given.push_back(same->posterior_mean());
  }
  return given;
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
