#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "gp/response_state.hpp"
#include "gp/transform.hpp"
#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

constexpr Index block_rows = 512;  // points on_rows() takes together: bounds the memory

/// One process of the stack, with its reference points prepared.
struct Prepared {
  GaussianProcess process;
  Features features;
  Points reference;  // (r, p) features
  Matrix half;       // (n + q, r); the last rows, of the trend, with their sign turned
  Vector weights;    // (r), of squared covariances of standardised z there, in the output's unit
  std::optional<VaryingNoise> varying;
};

/// Those that weigh most, and their weights made to sum 1: the others change little in what is
/// worth asking, and cost as much.
std::vector<std::pair<std::size_t, double>> leaders(const std::vector<Member>& members) {
  constexpr std::size_t most = 3;
  std::vector<std::pair<std::size_t, double>> chosen;
  for (std::size_t k = 0; k < members.size(); ++k) chosen.emplace_back(k, members[k].weight);
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  chosen.resize(std::min(most, chosen.size()));
  double sum = 0.0;
  for (const auto& one : chosen) sum += one.second;
  for (auto& one : chosen) one.second /= sum;
  return chosen;
}

/// How far y moves with standardised z at each of these points, squared.
Vector squared_slopes(const Member& member, const Vector& mean) {
  Vector squares(mean.size());
  for (Index i = 0; i < mean.size(); ++i) {
    const double z = std::min(member.z_shift + member.z_scale * mean[i], member.z_top);
    const double slope = member.z_scale * transform::slope_back(member.kind.transform, z);
    squares[i] = slope * slope;
  }
  return squares;
}

/// Posterior covariances of the reference points with x, (r, n), and the variances at x.
struct Joint {
  Matrix half;        // (n_train + q, n)
  Matrix covariance;  // (r, n)
  Vector variance;    // (n)
};

Joint joint(const Prepared& prepared, PointsView x) {
  const GaussianProcess& process = prepared.process;
  Joint joint;
  joint.half = process.half_covariance(x);
  joint.covariance = process.kernel()->covariance(prepared.reference, x);
  dense::arithmetic().add_product(joint.covariance.rows(), x.rows(), joint.half.rows(), -1.0,
                                  prepared.half.data(), prepared.half.rows(), joint.half.data(),
                                  joint.half.rows(), joint.covariance.data(),
                                  joint.covariance.rows());
  const Index n = process.size();
  joint.variance =
      (process.kernel()->variance(x) - joint.half.topRows(n).colwise().squaredNorm().transpose() +
       joint.half.bottomRows(joint.half.rows() - n).colwise().squaredNorm().transpose())
          .cwiseMax(0.0);
  return joint;
}

/// What an observation's variance is besides the posterior's: its noise, `share` of the typical
/// one. Below it a variance is rounding: one more observation teaches nothing.
double error_of(const Prepared& prepared, double share) {
  const Noise& noise = prepared.process.noise();
  return noise.variance * share + noise.further + prepared.process.jitter() + 1e-14;
}

/// The drop at a point, and what the squares of covariances are divided by.
struct Drop {
  double value;
  double total;
};

/// At features x; the gradient in them of all but the error. \param error \see error_of
Drop reduction(const Prepared& part, const Vector& x, double error, Vector& gradient) {
  const GaussianProcess& process = part.process;
  const Points at = x.transpose();
  const Joint here = joint(part, at);
  const double total = here.variance[0] + error;
  const Vector c = here.covariance.col(0);
  const double drop = part.weights.dot(c.cwiseAbs2()) / total;
  if (gradient.size() == 0) return {drop, total};

  // d/dx sum w c^2 / total = sum_r omega_r dc_r/dx - (drop / total) dv/dx, omega = 2 w c / total.
  // c_r = k(r, x) - half_r' half(x) and v = k(x, x) - half(x)' half(x), where the rows of the trend
  // count with the other sign.
  const Vector omega = (2.0 / total) * part.weights.cwiseProduct(c);
  const Index n = process.size();
  const Index q = part.half.rows() - n;
  Vector w = -(part.half * omega);
  w.head(n) += (2.0 * drop / total) * here.half.col(0).head(n);
  w.tail(q) -= (2.0 * drop / total) * here.half.col(0).tail(q);
  Vector on_train = w.head(n);
  const MatrixView factor = process.factor();
  dense::arithmetic().half_solve_transposed(n, 1, factor.data(), factor.outerStride(),
                                            on_train.data(), n);
  on_train += process.trend_slope_by_covariance() * w.tail(q);
  gradient = (process.kernel()->input_gradient(x, part.reference, omega) +
              process.kernel()->input_gradient(x, process.x(), on_train) -
              (2.0 * drop / total) * process.kernel()->input_gradient(x, at, Matrix::Ones(1, 1)))
                 .col(0) +
             process.trend_slope(x) * w.tail(q);
  return {drop, total};
}

}  // namespace

struct VarianceReduction::State {
  std::vector<Prepared> parts;
  double mean_variance;
};

VarianceReduction::VarianceReduction(const Response& response, PointsView reference,
                                     VectorView weights) {
  require(reference.rows() == weights.size() && weights.size() > 0,
          "VarianceReduction: expected as many weights as reference points, at least one; got ",
          weights.size(), " and ", reference.rows());
  State state{{}, response.predict(reference).variance.dot(weights)};
  for (const auto& [k, weight] : leaders(response.members())) {
    const Member& member = response.members()[k];
    const Features& its = response.state_->features[k];
    Points features = its.rows(reference);
    Matrix half = member.process.half_covariance(features);
    half.bottomRows(half.rows() - member.process.size()) *= -1.0;
    Vector scaled = weight * weights.cwiseProduct(
                                 squared_slopes(member, member.process.predict_mean(features)));
    state.parts.push_back({member.process, its, std::move(features), std::move(half),
                           std::move(scaled), response.state_->varying_noise[k]});
  }
  state_ = std::make_shared<const State>(std::move(state));
}

double VarianceReduction::mean_variance() const noexcept {
  return state_->mean_variance;
}

Vector VarianceReduction::on_rows(PointsView x) const {
  Vector drop = Vector::Zero(x.rows());
  for (const Prepared& part : state_->parts) {
    const Points features = part.features.rows(x);
    const Vector shares = part.varying ? part.varying->on_rows(x) : Vector(Vector::Ones(x.rows()));
    for (Index first = 0; first < x.rows(); first += block_rows) {
      const Index n = std::min(block_rows, x.rows() - first);
      const Joint here = joint(part, features.middleRows(first, n));
      const Vector squares = here.covariance.cwiseAbs2().transpose() * part.weights;
      for (Index i = 0; i < n; ++i)
        drop[first + i] += squares[i] / (here.variance[i] + error_of(part, shares[first + i]));
    }
  }
  return drop;
}

double VarianceReduction::operator()(VectorView x, VectorOut gradient) const {
  double drop = 0.0;
  if (gradient.size() > 0) gradient.setZero();
  for (const Prepared& part : state_->parts) {
    const Vector features = part.features.point(x);
    Vector slope(gradient.size() > 0 ? features.size() : 0);
    Vector share_slope = Vector::Zero(gradient.size());
    const double share = part.varying ? (*part.varying)(x, share_slope) : 1.0;
    const Drop here = reduction(part, features, error_of(part, share), slope);
    drop += here.value;
    if (gradient.size() == 0) continue;
    gradient += part.features.chained(x, slope) -
                (here.value / here.total * part.process.noise().variance) * share_slope;
  }
  return drop;
}

}  // namespace sonde
