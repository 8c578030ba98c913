#include "sonde/gp/sensitivity.hpp"

#include <cmath>
#include <utility>

#include "sonde/base/error.hpp"
#include "space/sequences.hpp"

namespace sonde {

Vector total_effects(const Surrogate& surrogate, Index output, Index points, Rng rng, int threads) {
  require(points > 1, "total_effects: expected two points or more, got ", points);
  const Domain& domain = surrogate.domain();
  const Response& response = surrogate[output];
  const Index d = domain.dim();
  const Points both = space::scrambled_sobol(2 * d, std::move(rng))(points);
  Points x(points, d), other(points, d);
  for (Index i = 0; i < points; ++i) {
    x.row(i) = domain.from_quantiles(both.row(i).head(d).transpose());
    other.row(i) = domain.from_quantiles(both.row(i).tail(d).transpose());
  }
  const Vector y = response.predict(x, threads).mean;
  const double largest = y.cwiseAbs().maxCoeff();
  Vector effects = Vector::Zero(d);
  if (!(largest > 0.0)) return effects;
  const double variance = ((y.array() - y.mean()) / largest).square().mean();
  if (!(variance > 1e-24)) return effects;  // rounding
  for (Index j = 0; j < d; ++j) {
    Points changed = x;
    changed.col(j) = other.col(j);
    const Vector moved = response.predict(changed, threads).mean;
    effects[j] =
        0.5 * ((moved - y) / largest).squaredNorm() / static_cast<double>(points) / variance;
  }
  return effects;
}

}  // namespace sonde
