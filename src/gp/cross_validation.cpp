#include "gp/cross_validation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "gp/transform.hpp"

namespace sonde::stack {
namespace {

constexpr Index folds = 5;
constexpr double usual_squares = 3.0;  // of 1, that stand beside those of the misses
constexpr double largest_square = 100.0;

/// \param foretold (m) standardised z of each point, and its variance
LeftOut judged(const Member& member, const Observed& observed, const LeaveOneOut& foretold) {
  const Index points = member.process.size();
  const Transform transform = member.kind.transform;
  const auto mean_of = [&](const Vector& values) {
    return averages({values, Vector()}, observed.place, points).z;
  };
  const Vector y = mean_of(observed.y);
  const Vector slope = mean_of(
      observed.y.unaryExpr([&](double value) { return transform::log_slope(transform, value); }));
  Vector density(points);
  Vector miss(points);
  for (Index i = 0; i < points; ++i) {
    const double sd = std::sqrt(std::max(foretold.variance[i], 1e-24));
    const double off = (member.process.y()[i] - foretold.mean[i]) / sd;
    density[i] = -0.5 * off * off - std::log(sd * member.z_scale) -
                 0.5 * std::log(2.0 * std::numbers::pi) + slope[i];
    const double z = std::min(member.z_shift + member.z_scale * foretold.mean[i], member.z_top);
    const double variance = member.z_scale * member.z_scale * foretold.variance[i];
    miss[i] = transform::moments(transform, z, variance).mean - y[i];
  }
  const double largest = std::max(miss.cwiseAbs().maxCoeff(), std::numeric_limits<double>::min());
  return {std::move(density),
          largest * (miss / largest).norm() / std::sqrt(static_cast<double>(points))};
}

std::vector<Index> shuffled(Index count, Rng rng) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  for (std::size_t i = order.size(); i > 1; --i) {
    const auto other = static_cast<std::size_t>(rng.uniform() * static_cast<double>(i));
    std::swap(order[i - 1], order[std::min(other, i - 1)]);
  }
  return order;
}

/// Standardised z of these points, by a member of others, in the units of `whole`.
void foretell(const Member& part, const Member& whole, const std::vector<Index>& points,
              LeaveOneOut& foretold) {
  const GaussianProcess& process = part.process;
  const Marginals there = process.predict(whole.process.x()(points, Eigen::all));
  const double unit = part.z_scale / whole.z_scale;
  const double shift = (part.z_shift - whole.z_shift) / whole.z_scale;
  const Noise& noise = whole.process.noise();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto at = static_cast<Index>(i);
    const Index point = points[i];
    const double share = noise.share.size() > 0 ? noise.share[point] : 1.0;
    const double known = noise.known.size() > 0 ? noise.known[point] : 0.0;
    foretold.mean[point] = shift + unit * there.mean[at];
    foretold.variance[point] =
        unit * unit * (there.variance[at] + share * process.noise().variance) + known;
  }
}

LeaveOneOut foretold_in_folds(const Member& member, const Features& features,
                              const Observed& observed, const ModelOptions& options, Rng rng) {
  ModelOptions search = options;
  search.fit.starts = 1;
  const Index m = member.process.size();
  const Index count = std::min(folds, m);
  const Vector begin =
      member.kind.warped
          ? Vector(0.5 * (member.log_parameters + prior_mean(member.kind, features.size())))
          : member.log_parameters;
  const std::vector<Index> order = shuffled(m, rng.child("folds"));
  LeaveOneOut foretold{Vector(m), Vector(m)};
  for (Index fold = 0; fold < count; ++fold) {
    std::vector<Index> seen, unseen;
    for (Index i = 0; i < m; ++i)
      (i % count == fold ? unseen : seen).push_back(order[static_cast<std::size_t>(i)]);
    std::sort(seen.begin(), seen.end());
    const Observed others = only(observed, seen);
    const Member part = fitted_member(member.kind, features, others, search, begin,
                                      rng.child("fold", static_cast<std::uint64_t>(fold)));
    foretell(part, member, unseen, foretold);
    // Of others that are all alike nothing is learnt but that.
    if (!others.standard.varies) foretold.variance(unseen).setOnes();
  }
  return foretold;
}

}  // namespace

LeftOut left_out(const Member& member, const Observed& observed) {
  return judged(member, observed, member.process.leave_one_out());
}

Member inflated(const Member& member, const Features& features, const Observed& observed,
                const ModelOptions& options, double factor) {
  Vector parameters = member.log_parameters;
  parameters[0] += std::log(factor);
  const Noise& noise = member.process.noise();
  const bool told =
      noise.known.size() > 0 || noise.scatter_freedom > 0.0 || !std::isnan(options.noise_sd);
  if (!told) parameters[parameters.size() - 1] += std::log(factor);
  return conditioned_member(member.kind, features, observed, parameters);
}

Calibrated cross_validated(const Member& member, const Features& features, const Observed& observed,
                           const ModelOptions& options, Rng rng) {
  LeaveOneOut foretold = foretold_in_folds(member, features, observed, options, std::move(rng));
  const Vector squares =
      (member.process.y() - foretold.mean).cwiseAbs2().cwiseQuotient(foretold.variance);
  const double mean = (squares.cwiseMin(largest_square).sum() + usual_squares) /
                      (static_cast<double>(squares.size()) + usual_squares);
  if (!(mean > 1.0)) return {member, judged(member, observed, foretold)};
  foretold.variance *= mean;
  Calibrated found{inflated(member, features, observed, options, mean),
                   judged(member, observed, foretold)};
  found.member.calibration = mean;
  return found;
}

}  // namespace sonde::stack
