#include "gp/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gp/conditioning.hpp"
#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/gaussian_process.hpp"
#include "sonde/gp/stationary.hpp"
#include "sonde/math/optimize.hpp"

namespace sonde {

namespace {

constexpr double margin = 2.5;        // of log evidence
constexpr Index least_points = 6;     // replicated: of fewer nothing smooth is seen
constexpr double least_freedom = 10;  // of them all
constexpr Index most_searched = 200;  // in the search
constexpr int most_rounds = 200;      // to the mode
constexpr double quietest = 1e-4;     // of the pooled variance: none at all counts as that

/// The replicated points.
struct Replicated {
  Points x;          // (r, p) features
  Vector variances;  // (r) over the pooled one
  Vector freedom;    // (r)

  Index size() const { return variances.size(); }
};

Replicated replicated(const Features& features, PointsView x, const Scatter& scatter) {
  std::vector<Index> rows;
  for (Index i = 0; i < x.rows(); ++i) {
    if (scatter.freedom[i] > 0.0) rows.push_back(i);
  }
  Replicated points{features.rows(Points(x(rows, Eigen::all))), scatter.squares(rows),
                    scatter.freedom(rows)};
  const double pooled = points.variances.sum() / points.freedom.sum();
  points.variances = (points.variances.cwiseQuotient(points.freedom) / pooled).cwiseMax(quietest);
  return points;
}

/// No more than the search takes, spread over all.
Replicated thinned(const Replicated& all) {
  if (all.size() <= most_searched) return all;
  std::vector<Index> rows;
  for (Index i = 0; i < most_searched; ++i) rows.push_back(i * all.size() / most_searched);
  return {all.x(rows, Eigen::all), all.variances(rows), all.freedom(rows)};
}

/// Of what is seen given g = ln variance, up to a constant. Concave.
double log_density(const Replicated& seen, const Vector& g) {
  return -0.5 * seen.freedom.dot(g + seen.variances.cwiseProduct((-g).array().exp().matrix()));
}

/// The most likely g, which is that of a process given `working` observations whose errors have
/// the variances 2 / freedom.
struct Mode {
  Vector working;  // (r)
  conditioning::Weights weights;
  double log_evidence;  // Laplace's, up to a constant
};

/// Fisher's scoring: the factor serves all rounds. A step that would descend is halved.
Mode mode_of(const Replicated& seen, MatrixView factor, const Noise& noise) {
  const Matrix basis = Matrix::Ones(seen.size(), 1);
  // g = mean + off, off = (C - noise) alpha; the density of g falls with alpha' off / 2.
  Vector alpha = Vector::Zero(seen.size());
  Vector off = alpha;
  double mean = 0.0;
  double value = log_density(seen, off);
  Mode mode;
  for (int round = 0; round < most_rounds; ++round) {
    const Vector g = off.array() + mean;
    mode.working = (g.array() + seen.variances.array() * (-g.array()).exp() - 1.0).matrix();
    mode.weights = conditioning::weights(factor, basis, mode.working, noise);
    const double next_mean = mode.weights.coefficients[0];
    const Vector alpha_step = mode.weights.alpha - alpha;
    const Vector off_step = mode.working - noise.known.cwiseProduct(mode.weights.alpha) -
                            Vector(off.array() + next_mean);
    const double mean_step = next_mean - mean;
    double part = 1.0;
    double reached = value;
    for (; part > 1e-9; part *= 0.5) {
      const Vector there = off + part * off_step;
      reached = log_density(seen, there.array() + (mean + part * mean_step)) -
                0.5 * (alpha + part * alpha_step).dot(there);
      if (reached >= value) break;
    }
    const double moved = part * (off_step.array() + mean_step).abs().maxCoeff();
    if (!(reached >= value) || moved < 1e-9) break;
    value = reached;
    alpha += part * alpha_step;
    off += part * off_step;
    mean += part * mean_step;
  }
  mode.log_evidence = mode.weights.log_evidence + log_density(seen, off.array() + mean) +
                      0.5 * noise.known.dot(mode.weights.alpha.cwiseAbs2());
  return mode;
}

Noise noise_of(const Replicated& seen, double log_variance) {
  Noise noise(std::exp(log_variance));
  noise.known = 2.0 * seen.freedom.cwiseInverse();
  return noise;
}

/// On ln variance of g, ln lengths in the unit cube, ln variance at each point by itself.
struct Hypotheses {
  Vector mean, sd;      // (p + 2) of the prior
  Vector lower, upper;  // (p + 2) of the search
};

/// A variance of one is noise whose standard deviation varies by a factor of e^(1/2) either way.
Hypotheses hypotheses_for(Index p) {
  const double centre = 0.5 * std::log(static_cast<double>(p));
  Hypotheses h{Vector(p + 2), Vector(p + 2), Vector(p + 2), Vector(p + 2)};
  h.mean << 0.0, Vector::Constant(p, centre), std::log(0.1);
  h.sd << 2.0, Vector::Constant(p, 1.0), 2.0;
  h.lower << -5.0, Vector::Constant(p, centre - 1.2), std::log(1e-4);
  h.upper << 5.0, Vector::Constant(p, centre + 3.0), std::log(10.0);
  return h;
}

Maximum best_of(const Replicated& seen, const Kernel& shape, const Hypotheses& h,
                const Points& starts) {
  const ScalarField objective = [&](VectorView at, VectorOut gradient) {
    const Index p = at.size() - 1;
    const Kernel kernel = shape.with(at.head(p));
    const Noise noise = noise_of(seen, at[p]);
    const Vector off = (at - h.mean).cwiseQuotient(h.sd);
    try {
      conditioning::Factor factor = conditioning::factorised(kernel, noise, seen.x);
      const Mode mode = mode_of(seen, factor.lower, noise);
      if (gradient.size() > 0) {
        gradient = conditioning::evidence_gradient(kernel, noise, seen.x, std::move(factor.lower),
                                                   mode.weights) -
                   off.cwiseQuotient(h.sd);
      }
      return mode.log_evidence - 0.5 * off.squaredNorm();
    } catch (const NumericalError&) {
      if (gradient.size() > 0) gradient.setZero();
      return -std::numeric_limits<double>::infinity();
    }
  };
  return maximize(objective, h.lower, h.upper, {}, starts,
                  {.max_evaluations = 60, .x_tolerance = 1e-3, .f_tolerance = 1e-5});
}

/// The same noise everywhere: without a variance of g.
double evidence_of_same(const Replicated& seen, const Kernel& shape, Hypotheses h) {
  const Index p = h.mean.size() - 2;
  h.mean[0] = std::log(1e-8);
  h.lower.head(p + 1) = h.upper.head(p + 1) = h.mean.head(p + 1);
  return best_of(seen, shape, h, Points(h.mean.transpose())).value;
}

}  // namespace

struct VaryingNoise::State {
  Features features;
  PosteriorMean log_variance;
  double typical;  // log variance
};

std::optional<VaryingNoise> VaryingNoise::found(const Features& features, PointsView x,
                                                const Scatter& scatter, double least) {
  const double freedom = scatter.freedom.sum();
  if ((scatter.freedom.array() > 0.0).count() < least_points || freedom < least_freedom ||
      !(scatter.squares.sum() > least * freedom))
    return std::nullopt;
  const Replicated all = replicated(features, x, scatter);
  const Replicated seen = thinned(all);
  const Index p = features.size();
  const Kernel shape = 1.0 * matern52(Vector::Ones(p));
  const Hypotheses h = hypotheses_for(p);
  Points starts(2, p + 2);
  starts.row(0) = h.mean;
  starts.row(1) << 1.0, (h.mean.segment(1, p).array() - 0.7).matrix().transpose(), h.mean[p + 1];
  const Maximum best = best_of(seen, shape, h, starts);
  if (!(best.value > evidence_of_same(seen, shape, h) + margin)) return std::nullopt;

  const Kernel kernel = shape.with(best.x.head(p + 1));
  const Noise noise = noise_of(all, best.x[p + 1]);
  const Mode mode = mode_of(all, conditioning::factorised(kernel, noise, all.x).lower, noise);
  const PosteriorMean log_variance =
      GaussianProcess(kernel, noise, all.x, mode.working, Trend::Constant).posterior_mean();
  const Vector observations = scatter.freedom.array() + 1.0;
  const double typical =
      log_variance.on_rows(features.rows(x)).dot(observations) / observations.sum();
  VaryingNoise varying;
  varying.state_ = std::make_shared<const State>(State{features, log_variance, typical});
  return varying;
}

Vector VaryingNoise::on_rows(PointsView x) const {
  const Vector g = state_->log_variance.on_rows(state_->features.rows(x));
  return (g.array() - state_->typical).exp();
}

double VaryingNoise::operator()(VectorView x, VectorOut gradient) const {
  const Vector features = state_->features.point(x);
  Vector slope(gradient.size() > 0 ? features.size() : 0);
  const double share = std::exp(state_->log_variance(features, slope) - state_->typical);
  if (gradient.size() > 0) gradient = share * state_->features.chained(x, slope);
  return share;
}

}  // namespace sonde
