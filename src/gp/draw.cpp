#include "sonde/gp/draw.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/response_state.hpp"
#include "gp/transform.hpp"
#include "sonde/base/error.hpp"
#include "sonde/math/cholesky.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

const Member& drawn_member(const Response& response, Rng rng) {
  double left = rng.uniform();
  for (const Member& member : response.members()) {
    left -= member.weight;
    if (left < 0.0) return member;
  }
  return response.members().back();
}

// Of the standardised z.
Vector drawn_values(const GaussianProcess& process, const Points& at, Rng rng) {
  Matrix covariance = process.covariance(at, at);
  const double prior = process.kernel()->variance(at).maxCoeff();
  Vector normal(at.rows());
  for (double& one : normal) one = rng.normal();
  for (double jitter = 1e-10; jitter < 1e-2; jitter *= 10.0) {
    Matrix shifted = covariance;
    shifted.diagonal().array() += jitter * prior;
    if (const std::optional<Cholesky> factor = Cholesky::of(std::move(shifted)))
      return process.predict_mean(at) + factor->lower() * normal;
  }
  throw NumericalError("posterior_draw: the posterior covariance has no factor");
}

}  // namespace

ScalarField posterior_draw(const Surrogate& surrogate, Index output, Index points, Rng rng) {
  require(points > 0, "posterior_draw: expected a number of points above 0, got ", points);
  const Response& response = surrogate[output];
  const Member& member = drawn_member(response, rng.child("member"));
  const Features features(surrogate.domain(), member.kind.log_inputs);
  const Points at =
      features.rows(design::reference(surrogate.domain(), points, rng.child("places")));
  // As good as without noise: the function itself, not what would be observed of it.
  constexpr double share = 1e-6;
  const GaussianProcess through = member.process.given(
      at, drawn_values(member.process, at, rng.child("values")), Vector::Constant(points, share));
  const PosteriorMean mean = through.posterior_mean();
  const auto back = [kind = member.kind.transform, shift = member.z_shift, scale = member.z_scale,
                     top = member.z_top](double z) {
    return transform::moments(kind, std::min(z * scale + shift, top), 0.0).mean;
  };
  const auto rows = [mean, features, back](PointsView x) {
    return Vector(mean.on_rows(features.rows(x)).unaryExpr(back));
  };
  return ScalarField([rows](VectorView x) { return rows(x.transpose())[0]; }).with_rows(rows);
}

}  // namespace sonde
