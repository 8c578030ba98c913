#include "sonde/gp/classify.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "gp/expectation_propagation.hpp"
#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/kernel.hpp"
#include "sonde/gp/stationary.hpp"
#include "sonde/math/normal.hpp"

namespace sonde {
namespace {

// What is searched: log variance, log lengths (p), mean, logit of s. The prior is normal. Most
// runs succeed, and one in twenty of the others' failures is a speckle, or so it is thought before.
struct Prior {
  Vector mean;
  Vector sd;

  Prior(Index p, bool certain) : mean(p + 3), sd(p + 3) {
    mean[0] = std::log(6.0);
    sd[0] = 1.0;
    // A distance in the cube grows as the root of the number of inputs.
    mean.segment(1, p).setConstant(std::log(0.5) + 0.5 * std::log(static_cast<double>(p)));
    sd.segment(1, p).setConstant(0.8);
    mean[p + 1] = 1.5;
    sd[p + 1] = 1.0;
    mean[p + 2] = -3.5;
    sd[p + 2] = 1.2;
    if (!certain) return;
    // Nothing is known of how often a class comes, and borders are sharp.
    mean[p + 1] = 0.0;
    mean[0] = std::log(30.0);
    sd[0] = 1.5;
  }
};

// Odds of a region before the data: what fails by chance has mostly been tried again and gone well.
constexpr double odds_of_region = 4.0;

double speckle_of(double logit) {
  return 1.0 / (1.0 + std::exp(-logit));
}

Kernel kernel_of(VectorView at, Index p) {
  return std::exp(at[0]) * matern52(at.segment(1, p).array().exp(), Form::Radial);
}

// log of the evidence that failures hit any run alike, s integrated over its prior.
double log_evidence_of_speckle_alone(const std::vector<bool>& succeeded, double mean, double sd) {
  const auto n = static_cast<double>(succeeded.size());
  const auto failed = static_cast<double>(std::count(succeeded.begin(), succeeded.end(), false));
  constexpr int steps = 400;
  constexpr double reach = 6.0;  // prior deviations
  double sum = 0.0, most = -std::numeric_limits<double>::infinity();
  std::vector<double> terms;
  for (int i = 0; i <= steps; ++i) {
    const double u = reach * (2.0 * i / steps - 1.0);
    const double s = speckle_of(mean + sd * u);
    terms.push_back(failed * std::log(s) + (n - failed) * std::log1p(-s) + std::log(normal_pdf(u)));
    most = std::max(most, terms.back());
  }
  for (const double term : terms) sum += std::exp(term - most);
  return most + std::log(sum * 2.0 * reach / steps);
}

// Laplace's approximation of log integral of exp(f) over the unit normal prior that f includes
// (MacKay 1992): how much narrower than the prior is what the data leave. Slopes of f are taken a
// third of a deviation to either side, as expectation propagation is not smooth.
double log_evidence_by_laplace(const ScalarField& f, VectorView best, VectorView sd) {
  const Index k = best.size();
  constexpr double step = 0.3;
  Matrix curvature(k, k);
  for (Index i = 0; i < k; ++i) {
    Vector above = best, below = best, up(k), down(k);
    above[i] += step * sd[i];
    below[i] -= step * sd[i];
    f(above, up);
    f(below, down);
    curvature.col(i) = (down - up).cwiseProduct(sd) / (2.0 * step);
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> parts(0.5 * (curvature + curvature.transpose()),
                                                    Eigen::EigenvaluesOnly);
  Vector none;
  return f(best, none) - 0.5 * parts.eigenvalues().cwiseMax(1.0).array().log().sum();
}

// Rows to learn from where there are too many.
std::vector<Index> chosen_rows(const Points& features, const std::vector<bool>& succeeded,
                               Index most) {
  std::vector<Index> failed, well;
  for (Index i = 0; i < features.rows(); ++i)
    (succeeded[static_cast<std::size_t>(i)] ? well : failed).push_back(i);
  const auto room = static_cast<std::size_t>(most);
  if (failed.size() + well.size() <= room) {
    failed.insert(failed.end(), well.begin(), well.end());
    std::sort(failed.begin(), failed.end());
    return failed;
  }
  if (failed.size() > room / 2 && well.size() > room / 2)
    failed.erase(failed.begin(), failed.end() - static_cast<std::ptrdiff_t>(room / 2));
  if (failed.size() > room)
    failed.erase(failed.begin(), failed.end() - static_cast<std::ptrdiff_t>(room - room / 4));
  Vector distance(features.rows());
  for (const Index i : well) {
    double nearest = std::numeric_limits<double>::infinity();
    for (const Index f : failed)
      nearest = std::min(nearest, (features.row(i) - features.row(f)).squaredNorm());
    distance[i] = nearest;
  }
  std::stable_sort(well.begin(), well.end(),
                   [&](Index a, Index b) { return distance[a] < distance[b]; });
  well.resize(std::min(well.size(), room - failed.size()));
  failed.insert(failed.end(), well.begin(), well.end());
  std::sort(failed.begin(), failed.end());
  return failed;
}

}  // namespace

struct Classifier::State {
  Features features;
  std::vector<Index> rows;  // of what was given, that were seen
  Points x;                 // (n, p) features
  Kernel kernel;
  double mean;
  double speckle;
  double region;
  Propagated posterior;

  double of_both(double where_a_region) const { return 1.0 - region * (1.0 - where_a_region); }
};

Classifier::Classifier(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Classifier Classifier::fit(const Domain& domain, PointsView x, const std::vector<bool>& succeeded,
                           const ClassifierOptions& options) {
  require(x.cols() == domain.dim() && x.rows() == static_cast<Index>(succeeded.size()),
          "classify: expected points of ", domain.dim(), " parameters and a label each, got ",
          x.rows(), " x ", x.cols(), " and ", succeeded.size(), " labels");
  require(std::find(succeeded.begin(), succeeded.end(), false) != succeeded.end(),
          "classify: expected a failure among the labels, got none");
  const Features features(domain, false);
  const Points all = features.rows(x);
  const std::vector<Index> rows = chosen_rows(all, succeeded, options.most_points);
  const Points seen = all(rows, Eigen::all);
  std::vector<bool> labels;
  for (const Index row : rows) labels.push_back(succeeded[static_cast<std::size_t>(row)]);

  const Index p = features.size();
  const Prior prior(p, options.certain);
  const auto posterior = [&](VectorView at, VectorOut gradient) {
    const Kernel kernel = kernel_of(at, p);
    const double s = options.certain ? 0.0 : speckle_of(at[p + 2]);
    const Vector off = (at - prior.mean).cwiseQuotient(prior.sd);
    try {
      const Propagated found = propagated(kernel->covariance(seen, seen), labels, at[p + 1], s);
      if (gradient.size() > 0) {
        const Matrix w = 0.5 * (found.weights * found.weights.transpose() - found.spread);
        gradient.head(p + 1) = kernel->parameter_gradient(seen, w);
        gradient[p + 1] = found.mean_slope;
        gradient[p + 2] = found.speckle_slope * s * (1.0 - s);
        gradient -= off.cwiseQuotient(prior.sd);
      }
      return found.log_evidence - 0.5 * off.squaredNorm();
    } catch (const NumericalError&) {
      if (gradient.size() > 0) gradient.setZero();
      return -std::numeric_limits<double>::infinity();
    }
  };
  const Vector lower = prior.mean - 4.0 * prior.sd;
  const Vector upper = prior.mean + 4.0 * prior.sd;
  Points starts(2, p + 3);
  starts.row(0) = prior.mean;
  starts.row(1) = prior.mean;
  starts.row(1).segment(1, p).array() -= 1.0;
  const Vector best =
      maximize(ScalarField(posterior), lower, upper, {}, starts, options.optimize).x;
  const double odds_of_speckle =
      options.certain
          ? 0.0
          : std::exp(log_evidence_of_speckle_alone(labels, prior.mean[p + 2], prior.sd[p + 2]) -
                     log_evidence_by_laplace(ScalarField(posterior), best, prior.sd));

  const Kernel kernel = kernel_of(best, p);
  const double s = options.certain ? 0.0 : speckle_of(best[p + 2]);
  return Classifier(std::make_shared<const State>(State{
      features, rows, seen, kernel, best[p + 1], s, 1.0 / (1.0 + odds_of_speckle / odds_of_region),
      propagated(kernel->covariance(seen, seen), labels, best[p + 1], s)}));
}

Marginals Classifier::latent(PointsView x) const {
  const Points at = state_->features.rows(x);
  const Matrix k = state_->kernel->covariance(state_->x, at);
  const Matrix spread = state_->posterior.spread * k;
  const Vector prior = state_->kernel->variance(at);
  Marginals f{k.transpose() * state_->posterior.weights, Vector(x.rows())};
  f.mean.array() += state_->mean;
  for (Index i = 0; i < x.rows(); ++i)
    f.variance[i] = std::max(0.0, prior[i] - k.col(i).dot(spread.col(i)));
  return f;
}

Vector Classifier::probability(PointsView x) const {
  const Marginals f = latent(x);
  Vector result(x.rows());
  for (Index i = 0; i < x.rows(); ++i)
    result[i] = state_->of_both(normal_cdf(f.mean[i] / std::sqrt(1.0 + f.variance[i])));
  return result;
}

Marginals Classifier::leave_one_out(PointsView x) const {
  Marginals f = latent(x);
  for (std::size_t i = 0; i < state_->rows.size(); ++i) {
    const auto place = static_cast<Index>(i);
    f.mean[state_->rows[i]] = state_->posterior.cavity.mean[place] + state_->mean;
    f.variance[state_->rows[i]] = state_->posterior.cavity.variance[place];
  }
  return f;
}

LocalMarginal Classifier::latent_at(VectorView x) const {
  const Vector at = state_->features.point(x);
  const Points row = at.transpose();
  const Vector k = state_->kernel->covariance(state_->x, row).col(0);
  const Vector spread = state_->posterior.spread * k;
  Matrix w(k.size(), 2);
  w.col(0) = state_->posterior.weights;
  w.col(1) = -2.0 * spread;
  const Matrix slopes = state_->kernel->input_gradient(at, state_->x, w);
  return {k.dot(state_->posterior.weights) + state_->mean,
          std::max(0.0, state_->kernel->variance(row)[0] - k.dot(spread)),
          state_->features.chained(x, slopes.col(0)), state_->features.chained(x, slopes.col(1))};
}

double Classifier::probability_at(VectorView x, VectorOut gradient) const {
  const LocalMarginal f = latent_at(x);
  const double root = std::sqrt(1.0 + f.variance);
  const double z = f.mean / root;
  if (gradient.size() > 0)
    gradient = state_->region * normal_pdf(z) *
               (f.mean_gradient / root - 0.5 * f.mean / (root * root * root) * f.variance_gradient);
  return state_->of_both(normal_cdf(z));
}

Classifier Classifier::supposing(PointsView x) const {
  State grown = *state_;
  const Points rows = state_->features.rows(x);
  for (Index i = 0; i < rows.rows(); ++i) {
    const Points at = rows.row(i);
    const Index n = grown.x.rows();
    const bool known = (grown.x.rowwise() - at.row(0)).rowwise().squaredNorm().minCoeff() == 0.0;
    if (known) continue;
    const Vector k = grown.kernel->covariance(grown.x, at).col(0);
    const double mean = k.dot(grown.posterior.weights) + grown.mean;
    const double variance =
        std::max(0.0, grown.kernel->variance(at)[0] - k.dot(grown.posterior.spread * k));
    // A label tells of f what an observation with the inverse of its Fisher information as variance
    // would.
    const double information =
        std::exp(2.0 * std::log(normal_pdf(mean)) - normal_log_cdf(mean) - normal_log_cdf(-mean));
    if (!(information > 1e-12)) continue;
    Vector u(n + 1);
    u.head(n) = -grown.posterior.spread * k;
    u[n] = 1.0;
    Matrix spread = Matrix::Zero(n + 1, n + 1);
    spread.topLeftCorner(n, n) = grown.posterior.spread;
    spread += u * u.transpose() / (variance + 1.0 / information);
    grown.posterior.spread = std::move(spread);
    grown.posterior.weights.conservativeResize(n + 1);
    grown.posterior.weights[n] = 0.0;
    grown.x.conservativeResize(n + 1, Eigen::NoChange);
    grown.x.row(n) = at.row(0);
  }
  return Classifier(std::make_shared<const State>(std::move(grown)));
}

double Classifier::speckle() const noexcept {
  return state_->speckle;
}

double Classifier::region() const noexcept {
  return state_->region;
}

}  // namespace sonde
