#include "sonde/gp/trust.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

constexpr double usual = 0.9;  // share of the observations whose support is called usual
constexpr double half = 0.5;   // of the prior variance: beyond it the prior says more than the data
constexpr double rounding = 1e-14;  // relative to the prior variance: less is no doubt
constexpr double nothing = -1.0;    // no doubt is so small

/// Without that of a straight line.
double prior_variance(const GaussianProcess& process) {
  return std::exp(process.kernel()->log_parameters()[0]);
}

/// (n) variance of the errors of the observations.
Vector errors(const GaussianProcess& process) {
  const Noise& noise = process.noise();
  const Index n = process.size();
  Vector errors = Vector::Constant(n, process.jitter());
  const bool shared = noise.share.size() > 0;
  errors += noise.variance * (shared ? noise.share : Vector(Vector::Ones(n)));
  if (noise.known.size() > 0) errors += noise.known;
  return errors;
}

/// (n) of each point that was observed, by all others; what stands behind them was supposed.
Vector left_out(const Response& response) {
  const auto n = static_cast<Index>(response.point_rows().size());
  Vector doubt = Vector::Zero(n);
  for (const Member& member : response.members()) {
    const GaussianProcess& process = member.process;
    const Vector variance = process.leave_one_out().variance.head(n) - errors(process).head(n);
    doubt += (member.weight / prior_variance(process)) * variance.cwiseMax(0.0);
  }
  return doubt;
}

}  // namespace

std::string_view word(Trust trust) noexcept {
  switch (trust) {
    case Trust::Inside:
      return "inside";
    case Trust::Edge:
      return "edge";
    case Trust::Extrapolation:
      break;
  }
  return "extrapolation";
}

struct TrustRegion::State {
  Domain domain;
  Response response;
  std::vector<Features> features;  // of each member
  double inside;
  double edge;

  bool holds(const Points& x, Index row) const {
    for (Index j = 0; j < x.cols(); ++j) {
      const Parameter& parameter = domain.parameters()[static_cast<std::size_t>(j)];
      if (!(x(row, j) >= parameter.lower && x(row, j) <= parameter.upper)) return false;
    }
    return true;
  }
};

TrustRegion::TrustRegion(const Domain& domain, const Response& response) {
  State state{domain, response, {}, 0.0, 0.0};
  for (const Member& member : response.members())
    state.features.emplace_back(domain, member.kind.log_inputs);
  Vector doubt = left_out(response);
  std::sort(doubt.begin(), doubt.end());
  const auto last = doubt.size() - 1;
  const auto bound = [](double most) { return std::clamp(most, rounding, half); };
  state.edge = bound(doubt[last]);
  state.inside = doubt.size() > domain.dim()
                     ? bound(doubt[static_cast<Index>(usual * static_cast<double>(last))])
                     : nothing;
  state_ = std::make_shared<const State>(std::move(state));
}

Vector TrustRegion::doubt(PointsView x) const {
  Vector doubt = Vector::Zero(x.rows());
  const std::vector<Member>& members = state_->response.members();
  for (std::size_t k = 0; k < members.size(); ++k) {
    const GaussianProcess& process = members[k].process;
    const Vector variance = process.predict(state_->features[k].rows(x)).variance;
    doubt += (members[k].weight / prior_variance(process)) * variance;
  }
  return doubt;
}

std::vector<Trust> TrustRegion::on_rows(PointsView x) const {
  const Vector doubt = this->doubt(x);
  std::vector<Trust> trust(static_cast<std::size_t>(x.rows()), Trust::Extrapolation);
  for (Index i = 0; i < x.rows(); ++i) {
    if (!state_->holds(x, i) || !(doubt[i] <= state_->edge)) continue;
    trust[static_cast<std::size_t>(i)] = doubt[i] <= state_->inside ? Trust::Inside : Trust::Edge;
  }
  return trust;
}

Trust TrustRegion::operator()(VectorView x) const {
  return on_rows(x.transpose()).front();
}

double TrustRegion::inside() const noexcept {
  return state_->inside;
}
double TrustRegion::edge() const noexcept {
  return state_->edge;
}

}  // namespace sonde
