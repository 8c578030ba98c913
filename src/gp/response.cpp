#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/matrix.hpp"
#include "gp/alternatives.hpp"
#include "gp/response_state.hpp"
#include "gp/transform.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

namespace sonde {

namespace {

Domain with_log_inputs(const Domain& domain) {
  std::vector<Parameter> parameters = domain.parameters();
  for (Parameter& parameter : parameters) {
    if (parameter.scale == Scale::Linear && parameter.lower > 0.0) parameter.scale = Scale::Log;
  }
  return Domain(std::move(parameters));
}

}  // namespace

Features::Features(const Domain& domain, bool log_inputs)
    : domain_(log_inputs ? with_log_inputs(domain) : domain), least_(domain.dim()) {
  constexpr double far_below = 1e-3;  // of the lower bound: nearer to zero nothing is known
  for (const Parameter& parameter : domain_.parameters()) {
    const auto labels = static_cast<Index>(parameter.labels.size());
    least_[static_cast<Index>(columns_.size())] = parameter.scale == Scale::Log
                                                      ? far_below * parameter.lower
                                                      : -std::numeric_limits<double>::infinity();
    columns_.push_back({size_, labels > 2 ? labels : 1});
    size_ += columns_.back().count;
  }
}

Points Features::in_reach(PointsView x) const {
  Points reached = x;
  for (Index j = 0; j < x.cols(); ++j) reached.col(j) = x.col(j).cwiseMax(least_[j]);
  return reached;
}

Points Features::rows(PointsView x) const {
  require(x.cols() == domain_.dim(), "Surrogate: points have ", x.cols(),
          " columns, the domain has ", domain_.dim(), " parameters");
  const Points unit = domain_.rows_to_unit(in_reach(x));
  if (size_ == domain_.dim()) return unit;
  Points features = Points::Zero(x.rows(), size_);
  for (Index j = 0; j < domain_.dim(); ++j) {
    const Column column = columns_[static_cast<std::size_t>(j)];
    if (column.count == 1) {
      features.col(column.first) = unit.col(j);
      continue;
    }
    for (Index i = 0; i < x.rows(); ++i) {
      const Index label = std::clamp<Index>(std::lround(x(i, j)), 0, column.count - 1);
      features(i, column.first + label) = std::sqrt(0.5);
    }
  }
  return features;
}

Vector Features::point(VectorView x) const {
  return rows(x.transpose()).row(0).transpose();
}

Vector Features::chained(VectorView x, VectorView gradient) const {
  Vector natural = domain_.unit_slope(x);
  for (Index j = 0; j < natural.size(); ++j) {
    const Column column = columns_[static_cast<std::size_t>(j)];
    const bool moves = column.count == 1 && x[j] >= least_[j];
    natural[j] = moves ? natural[j] * gradient[column.first] : 0.0;
  }
  return natural;
}

Vector Features::shortest(VectorView log_lengths) const {
  Vector shortest(domain_.dim());
  for (Index j = 0; j < shortest.size(); ++j) {
    const Column column = columns_[static_cast<std::size_t>(j)];
    shortest[j] = log_lengths.segment(column.first, column.count).minCoeff();
  }
  return shortest;
}

namespace {

/// Of standardised z.
Marginals seen_by(const Member& member, const Points& features) {
  Marginals z = member.process.predict(features);
  z.variance += scatter_of(member.alternatives, features, z.mean);
  return z;
}

/// Of z, from what the process says of standardised z.
Marginals in_units(const Member& member, Marginals z) {
  z.mean = (z.mean.array() * member.z_scale + member.z_shift).cwiseMin(member.z_top);
  z.variance *= member.z_scale * member.z_scale;
  return z;
}

/// Of y, from those of z.
Marginals carried_back(Transform kind, Marginals z) {
  if (kind == Transform::None) return z;
  for (Index i = 0; i < z.mean.size(); ++i) {
    const transform::Moments y = transform::moments(kind, z.mean[i], z.variance[i]);
    z.mean[i] = y.mean;
    z.variance[i] = y.variance;
  }
  return z;
}

/// Mean and variance of the mixture. \param parts of each member, of y
Marginals mixed(const std::vector<Member>& members, const std::vector<Marginals>& parts) {
  const Index n = parts.front().mean.size();
  Marginals mixture{Vector::Zero(n), Vector::Zero(n)};
  for (std::size_t k = 0; k < parts.size(); ++k) mixture.mean += members[k].weight * parts[k].mean;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    mixture.variance +=
        members[k].weight * (parts[k].variance + (parts[k].mean - mixture.mean).cwiseAbs2());
  }
  return mixture;
}

}  // namespace

Marginals Response::predict(PointsView x, int threads) const {
  constexpr Index block = 512;
  Marginals whole{Vector(x.rows()), Vector(x.rows())};
  parallel_for((x.rows() + block - 1) / block, threads, [&](Index b) {
    const Index n = std::min(block, x.rows() - b * block);
    std::vector<Marginals> parts;
    for (std::size_t k = 0; k < members().size(); ++k) {
      const Member& member = members()[k];
      const Points features = state_->features[k].rows(x.middleRows(b * block, n));
      parts.push_back(
          carried_back(member.kind.transform, in_units(member, seen_by(member, features))));
    }
    const Marginals mixture = mixed(members(), parts);
    whole.mean.segment(b * block, n) = mixture.mean;
    whole.variance.segment(b * block, n) = mixture.variance;
  });
  for (Index i = 0; i < x.rows(); ++i) {
    if (x.row(i).hasNaN()) whole.mean[i] = whole.variance[i] = nan;
  }
  return whole;
}

LocalMarginal Response::predict_at(VectorView x) const {
  if (x.hasNaN())
    return {nan, nan, Vector::Constant(x.size(), nan), Vector::Constant(x.size(), nan)};
  struct Part {
    transform::Moments y;
    LocalMarginal z;
  };
  std::vector<Part> parts;
  LocalMarginal mixture{0.0, 0.0, Vector::Zero(x.size()), Vector::Zero(x.size())};
  for (std::size_t k = 0; k < members().size(); ++k) {
    const Member& member = members()[k];
    const double scale = member.z_scale;
    const Features& features = state_->features[k];
    const Vector at = features.point(x);
    LocalMarginal z = member.process.predict_at(at);
    Vector slope;
    z.variance += scatter_of(member.alternatives, at, z.mean, z.mean_gradient, slope);
    z.variance_gradient += slope;
    z.mean = z.mean * scale + member.z_shift;
    if (z.mean > member.z_top) {
      z.mean = member.z_top;
      z.mean_gradient.setZero();
    }
    z.variance *= scale * scale;
    z.mean_gradient = features.chained(x, scale * z.mean_gradient);
    z.variance_gradient = features.chained(x, scale * scale * z.variance_gradient);
    parts.push_back({transform::moments(member.kind.transform, z.mean, z.variance), std::move(z)});
    mixture.mean += member.weight * parts.back().y.mean;
  }
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const double weight = members()[k].weight;
    const auto& [y, z] = parts[k];
    const double off = y.mean - mixture.mean;
    const Vector slope = y.mean_by_m * z.mean_gradient + y.mean_by_v * z.variance_gradient;
    mixture.variance += weight * (y.variance + off * off);
    mixture.mean_gradient += weight * slope;
    mixture.variance_gradient +=
        weight * (y.variance_by_m * z.mean_gradient + y.variance_by_v * z.variance_gradient +
                  2.0 * off * slope);
  }
  return mixture;
}

namespace {

/// How far y moves from the mean of a member with each of its alternatives: value and slope.
struct Carried {
  double value;
  Vector slope;  // in the features
};

Carried carried(const Member& member, const PosteriorMean& mean, const Vector& features,
                bool with_slope) {
  Vector slope(with_slope ? features.size() : 0);
  const double z = mean(features, slope) * member.z_scale + member.z_shift;
  if (z > member.z_top) slope.setZero();
  const transform::Moments y =
      transform::moments(member.kind.transform, std::min(z, member.z_top), 0.0);
  return {y.mean, Vector(member.z_scale * y.mean_by_m * slope)};
}

}  // namespace

double Response::disagreement(VectorView x, VectorOut gradient) const {
  const bool with_slope = gradient.size() > 0;
  double doubt = 0.0;
  double centre = 0.0;
  if (with_slope) gradient.setZero();
  Vector centre_slope = Vector::Zero(gradient.size());
  std::vector<std::pair<double, Vector>> means;  // of the members, slopes in natural units
  for (std::size_t k = 0; k < members().size(); ++k) {
    const Member& member = members()[k];
    const Features& its = state_->features[k];
    const Vector at = its.point(x);
    const Carried own = carried(member, member.process.posterior_mean(), at, with_slope);
    for (const PosteriorMean& mean : member.alternatives) {
      const Carried other = carried(member, mean, at, with_slope);
      const double off = other.value - own.value;
      doubt += member.weight * off * off;
      if (with_slope)
        gradient += its.chained(x, 2.0 * member.weight * off * (other.slope - own.slope));
    }
    means.emplace_back(own.value, with_slope ? its.chained(x, own.slope) : Vector());
    centre += member.weight * own.value;
    if (with_slope) centre_slope += member.weight * means.back().second;
  }
  for (std::size_t k = 0; k < members().size(); ++k) {
    const double off = means[k].first - centre;
    doubt += members()[k].weight * off * off;
    if (with_slope) gradient += 2.0 * members()[k].weight * off * (means[k].second - centre_slope);
  }
  return doubt;
}

Vector Response::disagreement(PointsView x) const {
  Vector doubt = Vector::Zero(x.rows());
  Matrix means(x.rows(), static_cast<Index>(members().size()));
  Vector weights(means.cols());
  for (std::size_t k = 0; k < members().size(); ++k) {
    const Member& member = members()[k];
    const Points at = state_->features[k].rows(x);
    const auto of_y = [&](const Vector& means_of_z) {
      const Vector z =
          (means_of_z.array() * member.z_scale + member.z_shift).cwiseMin(member.z_top);
      return Vector(z.unaryExpr(
          [&](double m) { return transform::moments(member.kind.transform, m, 0.0).mean; }));
    };
    const auto column = static_cast<Index>(k);
    means.col(column) = of_y(member.process.predict_mean(at));
    weights[column] = member.weight;
    for (const PosteriorMean& other : member.alternatives)
      doubt += member.weight * (of_y(other.on_rows(at)) - means.col(column)).cwiseAbs2();
  }
  const Vector centre = means * weights;
  return doubt + (means.colwise() - centre).cwiseAbs2() * weights;
}

Matrix Response::covariance(PointsView a, PointsView b) const {
  Matrix covariance = Matrix::Zero(a.rows(), b.rows());
  Matrix means_a(a.rows(), static_cast<Index>(members().size()));
  Matrix means_b(b.rows(), means_a.cols());
  Vector weights(means_a.cols());
  for (std::size_t k = 0; k < members().size(); ++k) {
    const Member& member = members()[k];
    const Transform kind = member.kind.transform;
    const Points at_a = state_->features[k].rows(a);
    const Points at_b = state_->features[k].rows(b);
    Marginals z_a = seen_by(member, at_a);
    Marginals z_b = seen_by(member, at_b);
    Matrix c = member.process.covariance(at_a, at_b);
    for (const PosteriorMean& other : member.alternatives)
      c += (other.on_rows(at_a) - z_a.mean) * (other.on_rows(at_b) - z_b.mean).transpose();
    c *= member.z_scale * member.z_scale;
    z_a = in_units(member, std::move(z_a));
    z_b = in_units(member, std::move(z_b));
    for (Index j = 0; j < c.cols(); ++j) {
      for (Index i = 0; i < c.rows(); ++i) {
        c(i, j) = transform::covariance(kind, z_a.mean[i], z_a.variance[i], z_b.mean[j],
                                        z_b.variance[j], c(i, j));
      }
    }
    covariance += member.weight * c;
    const auto column = static_cast<Index>(k);
    means_a.col(column) = carried_back(kind, z_a).mean;
    means_b.col(column) = carried_back(kind, z_b).mean;
    weights[column] = member.weight;
  }
  // By what the members' means differ, centred, so that a small covariance is not lost.
  means_a.colwise() -= Vector(means_a * weights);
  means_b.colwise() -= Vector(means_b * weights);
  return covariance + means_a * weights.asDiagonal() * means_b.transpose();
}

namespace {

/// Of each observation, of standardised z, without it and its replicates.
/// \param y, noise_sd (n) as observed; the latter empty where it is not known
Marginals left_out(const Member& member, const std::vector<Index>& place, const Vector& y,
                   const Vector& noise_sd) {
  const LeaveOneOut left = member.process.leave_one_out();
  const Noise& noise = member.process.noise();
  Vector count = Vector::Zero(member.process.size());
  for (const Index p : place) count[p] += 1.0;
  const auto n = static_cast<Index>(place.size());
  Marginals of{Vector(n), Vector(n)};
  for (Index i = 0; i < n; ++i) {
    const Index p = place[static_cast<std::size_t>(i)];
    // Of a mean of replicates it holds that mean's noise; one of them has more.
    const double share = noise.share.size() > 0 ? noise.share[p] : 1.0;
    const double known = noise.known.size() > 0 ? noise.known[p] : 0.0;
    of.mean[i] = left.mean[p];
    of.variance[i] = left.variance[p] + noise.variance * share * (count[p] - 1.0);
    if (noise_sd.size() == 0) continue;
    const double own =
        noise_sd[i] * std::exp(transform::log_slope(member.kind.transform, y[i])) / member.z_scale;
    of.variance[i] += own * own - known;
  }
  return of;
}

}  // namespace

LeaveOneOut Response::leave_one_out() const {
  std::vector<Marginals> parts;
  for (const Member& member : members()) {
    parts.push_back(carried_back(
        member.kind.transform,
        in_units(member, left_out(member, state_->place, state_->observed, state_->noise_sd))));
  }
  Marginals mixture = mixed(members(), parts);
  return {std::move(mixture.mean), std::move(mixture.variance)};
}

const std::vector<Member>& Response::members() const noexcept {
  return state_->members;
}
const std::vector<Index>& Response::train_rows() const noexcept {
  return state_->train_rows;
}
const std::vector<Index>& Response::point_rows() const noexcept {
  return state_->point_rows;
}
double Response::spread() const noexcept {
  return state_->spread;
}

Vector Response::observed() const {
  return state_->observed;
}
Points Response::x() const {
  return state_->x(state_->place, Eigen::all);
}
Points Response::known() const {
  return state_->supposed.rows() > 0 ? stacked(state_->x, state_->supposed) : state_->x;
}

double Response::noise_sd() const {
  double variance = 0.0;
  for (const Member& member : members()) {
    double slope = 0.0;  // of z in y, on average
    for (const double y : state_->observed)
      slope += std::exp(transform::log_slope(member.kind.transform, y));
    const double unit = member.z_scale * static_cast<double>(state_->observed.size()) / slope;
    variance += member.weight * unit * unit * member.process.noise_variance();
  }
  return std::sqrt(variance);
}

Vector Response::noise_sd(PointsView x) const {
  Vector variance = Vector::Zero(x.rows());
  for (std::size_t k = 0; k < members().size(); ++k) {
    const Member& member = members()[k];
    const Noise& noise = member.process.noise();
    Vector of_z = Vector::Constant(x.rows(), noise.variance);
    if (state_->varying_noise[k]) of_z.array() *= state_->varying_noise[k]->on_rows(x).array();
    of_z.array() += noise.further;
    Vector slope = Vector::Ones(x.rows());
    if (member.kind.transform != Transform::None) {
      const Vector z = member.process.predict_mean(state_->features[k].rows(x));
      for (Index i = 0; i < x.rows(); ++i)
        slope[i] =
            transform::slope_back(member.kind.transform, member.z_shift + member.z_scale * z[i]);
    }
    variance += member.weight * (member.z_scale * slope).cwiseAbs2().cwiseProduct(of_z);
  }
  return variance.cwiseSqrt();
}

bool Response::has_varying_noise() const noexcept {
  return std::any_of(state_->varying_noise.begin(), state_->varying_noise.end(),
                     [](const auto& varying) { return varying.has_value(); });
}

Vector Response::log_lengths() const {
  Vector lengths;
  for (std::size_t k = 0; k < members().size(); ++k) {
    const Features& features = state_->features[k];
    // Kernel parameters: the variance, then a length a feature; the noise stands last.
    const Vector shortest =
        features.shortest(members()[k].log_parameters.segment(1, features.size()));
    if (k == 0) lengths = Vector::Zero(shortest.size());
    lengths += members()[k].weight * shortest;
  }
  return lengths;
}

}  // namespace sonde
