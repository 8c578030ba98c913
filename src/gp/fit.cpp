#include "sonde/gp/fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gp/conditioning.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

/// The search: log parameters, then the log noise variance.
struct Search {
  const Kernel& kernel;
  PointsView x;
  VectorView y;
  const Noise& noise;  // whose variance is searched
  Matrix basis;        // (n, q) of the trend
  LogPrior prior;      // (p + 1)
  Vector lower;        // (p + 1)
  Vector upper;        // (p + 1)
};

double variance_of(VectorView y) {
  return (y.array() - y.mean()).square().mean();
}

/// Log evidence + log prior up to a constant, and its gradient.
double posterior(const Search& search, VectorView at, VectorOut gradient) {
  const Index p = at.size() - 1;
  const Kernel kernel = search.kernel.with(at.head(p));
  Noise noise = search.noise;
  noise.variance = std::exp(at[p]);
  double value = 0.0;
  Vector slope;
  try {
    conditioning::Factor factor = conditioning::factorised(kernel, noise, search.x);
    const conditioning::Weights weights =
        conditioning::weights(factor.lower, search.basis, search.y, noise);
    value = weights.log_evidence;
    if (gradient.size() > 0) {
      slope = conditioning::evidence_gradient(kernel, noise, search.x, std::move(factor.lower),
                                              weights);
    }
  } catch (const NumericalError&) {
    if (gradient.size() > 0) gradient.setZero();
    return -std::numeric_limits<double>::infinity();
  }
  Vector pull;
  value += search.prior(at, pull);
  if (gradient.size() > 0) gradient = slope + pull;
  return value;
}

Search search_for(const Kernel& kernel, const LogPrior& prior, const Noise& noise, PointsView x,
                  VectorView y, const FitOptions& options) {
  const Index p = kernel.parameters();
  const double infinity = std::numeric_limits<double>::infinity();
  require(prior.mean.size() == prior.sd.size() &&
              (prior.mean.size() == p || prior.mean.size() == p + 1),
          "fit: the kernel has ", p, " parameters, the prior ", prior.mean.size(), " means and ",
          prior.sd.size(), " standard deviations");
  require(prior.sd_above.size() == 0 || prior.sd_above.size() == prior.sd.size(),
          "fit: the prior has ", prior.sd.size(), " standard deviations, and ",
          prior.sd_above.size(), " above its means");
  require(x.rows() == y.size() && y.size() > 0,
          "fit: expected as many values as points, at least one; got ", y.size(), " and ",
          x.rows());
  // Means of replicates vary less than what they are means of.
  const double within = noise.scatter_freedom > 0.0 ? noise.scatter / noise.scatter_freedom : 0.0;
  const double scatter = variance_of(y) + within;
  const double unit = scatter > 0.0 ? scatter : kernel->variance(x.topRows(1))[0];
  Search search{kernel,
                x,
                y,
                noise,
                Basis(options.trend, x).rows(x),
                {Vector(p + 1), Vector(p + 1), Vector(p + 1)},
                Vector(p + 1),
                Vector(p + 1)};
  search.prior.mean << kernel->log_parameters(), std::log(noise.variance);
  search.prior.sd.setConstant(infinity);
  search.prior.mean.head(prior.mean.size()) = prior.mean;
  search.prior.sd.head(prior.sd.size()) = prior.sd;
  search.prior.sd_above = search.prior.sd;
  search.prior.sd_above.head(prior.sd_above.size()) = prior.sd_above;
  search.lower = search.prior.mean.array() - options.log_range;
  search.upper = search.prior.mean.array() + options.log_range;
  search.lower[p] = std::log(options.min_noise * unit);
  search.upper[p] = std::log(options.max_noise * unit);
  if (options.noise) search.lower[p] = search.upper[p] = std::log(*options.noise);
  return search;
}

/// The given parameters, the prior's mean, then spread ones.
Points starts_of(const Search& search, double start_noise, int count, const Rng& rng) {
  const Index p = search.lower.size() - 1;
  Points starts(std::max(count, 1), p + 1);
  for (Index s = 0; s < starts.rows(); ++s) {
    Vector start = search.prior.mean;
    if (s == 0) start << search.kernel->log_parameters(), std::log(start_noise);
    if (s > 1) {
      Rng draw = rng.child("start", static_cast<std::uint64_t>(s));
      for (Index i = 0; i <= p; ++i) {
        start[i] += std::min(search.prior.sd[i], 1.5) * draw.normal();
      }
    }
    starts.row(s) = start.cwiseMax(search.lower).cwiseMin(search.upper);
  }
  // What is given may be the prior's mean itself.
  if (starts.rows() > 1 && starts.row(0) == starts.row(1)) {
    return starts.bottomRows(starts.rows() - 1);
  }
  return starts;
}

}  // namespace

double LogPrior::operator()(VectorView at, Vector& gradient) const {
  gradient.resize(at.size());
  double value = 0.0;
  for (Index i = 0; i < at.size(); ++i) {
    const double off = at[i] - mean[i];
    const double deviation = off > 0.0 && sd_above.size() > 0 ? sd_above[i] : sd[i];
    const double z = off / deviation;
    value -= 0.5 * z * z;
    gradient[i] = -z / deviation;
  }
  return value;
}

Fit fit(const Kernel& kernel, const LogPrior& prior, Noise noise, PointsView x, VectorView y,
        const FitOptions& options, Rng rng) {
  if (options.noise) noise.variance = *options.noise;
  const double start_noise = noise.variance;
  require(std::isfinite(start_noise) && start_noise > 0.0,
          "fit: expected a noise variance above zero, got ", start_noise);
  const Search search = search_for(kernel, prior, noise, x, y, options);
  const ScalarField objective = [&](VectorView at, VectorOut gradient) {
    return posterior(search, at, gradient);
  };
  const Points starts = starts_of(search, start_noise, options.starts, rng);
  Maximum best = maximize(objective, search.lower, search.upper, {}, starts, options.optimize);
  const Index p = kernel.parameters();
  require<NumericalError>(std::isfinite(best.value), "fit: no start can be factorised");
  noise.variance = std::exp(best.x[p]);
  GaussianProcess process(kernel.with(best.x.head(p)), noise, x, y, options.trend);
  return {std::move(process), std::move(best)};
}

}  // namespace sonde
