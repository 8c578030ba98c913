#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

Features::Features(const Domain& domain) : domain_(domain) {
  for (const Parameter& parameter : domain.parameters()) {
    const Index labels = static_cast<Index>(parameter.labels.size());
    columns_.push_back({size_, labels > 2 ? labels : 1});
    size_ += columns_.back().count;
  }
}

Points Features::rows(PointsView x) const {
  require(x.cols() == domain_.dim(), "Surrogate: points have ", x.cols(),
          " columns, the domain has ", domain_.dim(), " parameters");
  const Points unit = domain_.rows_to_unit(x);
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
    natural[j] = column.count == 1 ? natural[j] * gradient[column.first] : 0.0;
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

Marginals Response::predict(PointsView x) const {
  const Points features = state_->features.rows(x);
  Marginals mixture{Vector::Zero(x.rows()), Vector::Zero(x.rows())};
  std::vector<Marginals> parts;
  for (const Member& member : members()) {
    Marginals part = member.process.predict(features);
    part.mean = part.mean.array() * member.y_scale + member.y_shift;
    part.variance *= member.y_scale * member.y_scale;
    mixture.mean += member.weight * part.mean;
    parts.push_back(std::move(part));
  }
  for (std::size_t k = 0; k < parts.size(); ++k) {
    mixture.variance +=
        members()[k].weight * (parts[k].variance + (parts[k].mean - mixture.mean).cwiseAbs2());
  }
  return mixture;
}

LocalMarginal Response::predict_at(VectorView x) const {
  const Vector features = state_->features.point(x);
  std::vector<LocalMarginal> parts;
  double mean = 0.0;
  for (const Member& member : members()) {
    parts.push_back(member.process.predict_at(features));
    mean += member.weight * (parts.back().mean * member.y_scale + member.y_shift);
  }
  double variance = 0.0;
  Vector mean_gradient = Vector::Zero(features.size());
  Vector variance_gradient = Vector::Zero(features.size());
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const Member& member = members()[k];
    const LocalMarginal& part = parts[k];
    const double scale = member.y_scale;
    const double off = part.mean * scale + member.y_shift - mean;
    variance += member.weight * (part.variance * scale * scale + off * off);
    mean_gradient += member.weight * scale * part.mean_gradient;
    variance_gradient +=
        member.weight * scale * (scale * part.variance_gradient + 2.0 * off * part.mean_gradient);
  }
  return {mean, variance, state_->features.chained(x, mean_gradient),
          state_->features.chained(x, variance_gradient)};
}

Matrix Response::covariance(PointsView a, PointsView b) const {
  const Points features_a = state_->features.rows(a);
  const Points features_b = state_->features.rows(b);
  Matrix covariance = Matrix::Zero(a.rows(), b.rows());
  Vector mean_a = Vector::Zero(a.rows());
  Vector mean_b = Vector::Zero(b.rows());
  for (const Member& member : members()) {
    const double scale = member.y_scale;
    covariance += member.weight * scale * scale * member.process.covariance(features_a, features_b);
    if (members().size() == 1) return covariance;
    const Vector of_a = member.process.predict_mean(features_a).array() * scale + member.y_shift;
    const Vector of_b = member.process.predict_mean(features_b).array() * scale + member.y_shift;
    covariance.noalias() += member.weight * of_a * of_b.transpose();
    mean_a += member.weight * of_a;
    mean_b += member.weight * of_b;
  }
  return covariance - mean_a * mean_b.transpose();
}

LeaveOneOut Response::leave_one_out() const {
  std::vector<LeaveOneOut> parts;
  // What was supposed stands behind what was observed.
  const Index n = static_cast<Index>(train_rows().size());
  LeaveOneOut mixture{Vector::Zero(n), Vector::Zero(n)};
  for (const Member& member : members()) {
    const LeaveOneOut left = member.process.leave_one_out();
    LeaveOneOut part{left.mean.head(n).array() * member.y_scale + member.y_shift,
                     left.variance.head(n) * member.y_scale * member.y_scale};
    mixture.mean += member.weight * part.mean;
    parts.push_back(std::move(part));
  }
  for (std::size_t k = 0; k < parts.size(); ++k) {
    mixture.variance +=
        members()[k].weight * (parts[k].variance + (parts[k].mean - mixture.mean).cwiseAbs2());
  }
  return mixture;
}

const std::vector<Member>& Response::members() const noexcept {
  return state_->members;
}
const std::vector<Index>& Response::train_rows() const noexcept {
  return state_->train_rows;
}
double Response::spread() const noexcept {
  return state_->spread;
}

Vector Response::observed() const {
  const Member& member = members().front();
  const Index n = static_cast<Index>(train_rows().size());
  return member.process.y().head(n).array() * member.y_scale + member.y_shift;
}

double Response::noise_sd() const {
  double variance = 0.0;
  for (const Member& member : members()) {
    variance += member.weight * member.y_scale * member.y_scale * member.process.noise_variance();
  }
  return std::sqrt(variance);
}

Vector Response::log_lengths() const {
  Vector lengths = Vector::Zero(state_->features.size());
  for (const Member& member : members()) {
    // Kernel parameters: the variance, then a length a feature; the noise stands last.
    lengths += member.weight * member.log_parameters.segment(1, lengths.size());
  }
  return state_->features.shortest(lengths);
}

}  // namespace sonde
