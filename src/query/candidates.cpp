#include "query/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sonde/space/design.hpp"

namespace sonde::query {
namespace {

// A design of this size lists all points of any domain that is small enough to be listed.
constexpr Index exhaustive = 10000;
constexpr std::size_t most_swapped = 24;  // coordinates: 276 pairs
constexpr double stay = 0.7;              // probability that a discrete coordinate keeps its level

bool all_discrete(const Domain& domain) {
  const std::vector<Parameter>& parameters = domain.parameters();
  return std::all_of(parameters.begin(), parameters.end(),
                     [](const Parameter& p) { return p.discrete(); });
}

// Rows that are not known; on domains without a continuous coordinate also none twice.
Points without_known(const KnownPoints& known, PointsView x) {
  KnownPoints seen = known;
  const bool may_repeat = all_discrete(known.domain());
  Points result(x.rows(), x.cols());
  Index kept = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (seen.has(known.domain().to_unit(x.row(i)))) continue;
    result.row(kept++) = x.row(i);
    if (may_repeat) seen.add(x.row(i));
  }
  result.conservativeResize(kept, Eigen::NoChange);
  return result;
}

Points admissible(const Domain& domain, Points x) {
  const std::vector<bool> admitted = domain.rows_admitted(x);
  Index kept = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (admitted[static_cast<std::size_t>(i)]) x.row(kept++) = x.row(i);
  }
  return x.topRows(kept);
}

double moved(const Parameter& parameter, double u, double width, Rng& rng) {
  if (!parameter.discrete()) return std::clamp(u + width * rng.normal(), 0.0, 1.0);
  if (rng.uniform() < stay) return u;
  const double steps = parameter.upper - parameter.lower;
  if (parameter.scale == Scale::Integer) {
    const double step = std::max(1.0, std::round(width * steps)) / steps;
    return std::clamp(u + (rng.uniform() < 0.5 ? -step : step), 0.0, 1.0);
  }
  return static_cast<double>(rng.below(static_cast<std::uint64_t>(steps) + 1)) / steps;
}

}  // namespace

Points fresh_candidates(const KnownPoints& known, Index n, Rng rng) {
  const Points some = without_known(known, design::sobol(known.domain(), n, rng.child("some")));
  if (some.rows() > 0 || n >= exhaustive) return some;
  return without_known(known, design::sobol(known.domain(), exhaustive, rng.child("many")));
}

Points exchanged(const KnownPoints& known, VectorView x) {
  const Domain& domain = known.domain();
  const Vector u = domain.to_unit(x);
  std::vector<Index> continuous;
  for (Index j = 0; j < u.size(); ++j) {
    if (!domain.parameters()[static_cast<std::size_t>(j)].discrete()) continuous.push_back(j);
  }
  std::vector<Vector> others;
  for (const Index j : continuous) {
    for (const double v : {0.0, 1.0, 1.0 - u[j]}) {
      if (std::abs(v - u[j]) < 1e-3) continue;
      others.push_back(u);
      others.back()[j] = v;
    }
  }
  for (std::size_t a = 0; a < continuous.size() && continuous.size() <= most_swapped; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (std::abs(u[continuous[a]] - u[continuous[b]]) < 1e-3) continue;
      others.push_back(u);
      std::swap(others.back()[continuous[a]], others.back()[continuous[b]]);
    }
  }
  Points rows(static_cast<Index>(others.size()), u.size());
  for (Index i = 0; i < rows.rows(); ++i)
    rows.row(i) = domain.from_unit(others[static_cast<std::size_t>(i)]);
  return without_known(known, admissible(domain, rows));
}

Points candidates_near(const KnownPoints& known, PointsView centres, Index n, Rng rng) {
  const Domain& domain = known.domain();
  if (centres.rows() == 0) return Points(0, domain.dim());
  constexpr double widths[] = {0.15, 0.05, 0.015};
  Points near(n, domain.dim());
  for (Index i = 0; i < n; ++i) {
    const Vector u = domain.to_unit(centres.row(i % centres.rows()));
    const double width = widths[(i / centres.rows()) % 3];
    Vector v(u.size());
    for (Index j = 0; j < u.size(); ++j) {
      v[j] = moved(domain.parameters()[static_cast<std::size_t>(j)], u[j], width, rng);
    }
    near.row(i) = domain.from_unit(v);
  }
  return without_known(known, admissible(domain, near));
}

Index farthest(const KnownPoints& known, PointsView candidates) {
  const Points u = known.domain().rows_to_unit(candidates);
  const PointsView taken = known.unit_rows();
  Index best = 0;
  double best_distance = -1.0;
  for (Index i = 0; i < u.rows(); ++i) {
    double nearest = std::numeric_limits<double>::infinity();
    for (Index k = 0; k < known.size() && nearest > best_distance; ++k) {
      nearest = std::min(nearest, (taken.row(k) - u.row(i)).squaredNorm());
    }
    if (known.size() == 0) nearest = -(u.row(i).array() - 0.5).matrix().squaredNorm();
    if (nearest > best_distance || i == 0) {
      best = i;
      best_distance = nearest;
    }
  }
  return best;
}

}  // namespace sonde::query
