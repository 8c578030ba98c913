#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/response_state.hpp"
#include "math/dense.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

namespace {

constexpr Index block = 512;  // points on_rows() takes together: bounds the memory

/// One process of the stack, with its reference points prepared.
struct Prepared {
  GaussianProcess process;
  Points reference;  // (r, p) features
  Matrix half;       // (n + 1, r); the last row, of the constant mean, with its sign turned
  double factor;     // weight y_scale^2
};

/// Posterior covariances of the reference points with x, (r, n), and the variances at x.
struct Joint {
  Matrix half;        // (n_train + 1, n)
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
  const auto mean_row = joint.half.bottomRows(1);
  joint.variance = (process.kernel()->variance(x) -
                    joint.half.topRows(process.size()).colwise().squaredNorm().transpose() +
                    mean_row.cwiseAbs2().transpose())
                       .cwiseMax(0.0);
  return joint;
}

/// Below this a variance is rounding: one more observation teaches nothing.
double floor_of(const Prepared& prepared) {
  return prepared.process.noise_variance() + prepared.process.jitter() + 1e-14;
}

}  // namespace

struct VarianceReduction::State {
  Features features;
  Vector weights;
  std::vector<Prepared> parts;
  double mean_variance;

  double add_gradient(const Prepared& part, const Joint& here, const Vector& x,
                      Vector& gradient) const;
};

VarianceReduction::VarianceReduction(const Response& response, PointsView reference,
                                     VectorView weights) {
  require(reference.rows() == weights.size() && weights.size() > 0,
          "VarianceReduction: expected as many weights as reference points, at least one; got ",
          weights.size(), " and ", reference.rows());
  State state{response.state_->features, weights, {}, 0.0};
  const Points features = state.features.rows(reference);
  for (const Member& member : response.members()) {
    Matrix half = member.process.half_covariance(features);
    half.bottomRows(1) *= -1.0;
    state.parts.push_back({member.process, features, std::move(half),
                           member.weight * member.y_scale * member.y_scale});
  }
  state.mean_variance = response.predict(reference).variance.dot(weights);
  state_ = std::make_shared<const State>(std::move(state));
}

double VarianceReduction::mean_variance() const noexcept {
  return state_->mean_variance;
}

Vector VarianceReduction::on_rows(PointsView x) const {
  const Points features = state_->features.rows(x);
  Vector drop = Vector::Zero(x.rows());
  for (const Prepared& part : state_->parts) {
    for (Index first = 0; first < x.rows(); first += block) {
      const Index n = std::min(block, x.rows() - first);
      const Joint here = joint(part, features.middleRows(first, n));
      const Vector squares = here.covariance.cwiseAbs2().transpose() * state_->weights;
      drop.segment(first, n).array() +=
          part.factor * squares.array() / (here.variance.array() + floor_of(part));
    }
  }
  return drop;
}

double VarianceReduction::State::add_gradient(const Prepared& part, const Joint& here,
                                              const Vector& x, Vector& gradient) const {
  const GaussianProcess& process = part.process;
  const double total = here.variance[0] + floor_of(part);
  const Vector c = here.covariance.col(0);
  const double drop = weights.dot(c.cwiseAbs2()) / total;
  if (gradient.size() == 0) return part.factor * drop;

  // d/dx sum w c^2 / total = sum_r omega_r dc_r/dx - (drop / total) dv/dx, omega = 2 w c / total.
  // c_r = k(r, x) - half_r' half(x) and v = k(x, x) - half(x)' half(x), where the rows of the
  // constant mean count with the other sign.
  const Vector omega = (2.0 / total) * weights.cwiseProduct(c);
  const Index n = process.size();
  Vector w = -(part.half * omega);
  w.head(n) += (2.0 * drop / total) * here.half.col(0).head(n);
  w[n] -= (2.0 * drop / total) * here.half(n, 0);
  // half = L^-1 k below the top, (1 - ones' half) / root(precision) in the row of the mean.
  Vector on_train = w.head(n);
  dense::arithmetic().half_solve_transposed(n, 1, process.factor().data(), n, on_train.data(), n);
  on_train += w[n] * process.mean_row_slope();
  const Points at = x.transpose();
  gradient += part.factor *
              (process.kernel()->input_gradient(x, part.reference, omega) +
               process.kernel()->input_gradient(x, process.x(), on_train) -
               (2.0 * drop / total) * process.kernel()->input_gradient(x, at, Matrix::Ones(1, 1)))
                  .col(0);
  return part.factor * drop;
}

double VarianceReduction::operator()(VectorView x, VectorOut gradient) const {
  const Vector features = state_->features.point(x);
  const Points row = features.transpose();
  Vector slope = Vector::Zero(gradient.size() > 0 ? features.size() : 0);
  double drop = 0.0;
  for (const Prepared& part : state_->parts) {
    drop += state_->add_gradient(part, joint(part, row), features, slope);
  }
  if (gradient.size() > 0) gradient = state_->features.chained(x, slope);
  return drop;
}

}  // namespace sonde
