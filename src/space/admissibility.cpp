#include <algorithm>
#include <cmath>
#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "space/candidates.hpp"
#include "space/sequences.hpp"
#include "space/subset.hpp"

namespace sonde {
namespace {

constexpr Index fewest = 100;

double relative_error_of(double share, Index samples) {
  if (share == 0.0) return std::numeric_limits<double>::infinity();
  return std::sqrt((1.0 - share) / (share * static_cast<double>(samples)));
}

}  // namespace

Admissibility admissibility(const Domain& domain, Index samples, Rng rng) {
  require(samples >= fewest, "admissibility: expected at least ", fewest, " samples, got ",
          samples);
  const Domain flat = space::without_distributions(domain);
  const Points u = space::scrambled_sobol(flat.dim(), rng.child("box"))(samples);
  const Points box = space::rows_from_quantiles(flat, u);
  const Points points = space::admitted_rows(flat, box);
  const double share = static_cast<double>(points.rows()) / static_cast<double>(samples);
  const auto rejected = space::rejected_shares(flat, box);
  const Admissibility plain{share, relative_error_of(share, samples), samples, rejected,
                            space::distinct_rows(points)};
  if (points.rows() >= fewest) return plain;
  const space::Subset rare = space::subset_simulation(flat, u, rng.child("subset"));
  if (rare.share == 0.0) {
    Admissibility none = plain;
    none.samples = rare.samples;
    return none;
  }
  const Points found = space::rows_from_quantiles(flat, rare.quantiles);
  return {rare.share, rare.relative_error, rare.samples, rejected, space::distinct_rows(found)};
}

}  // namespace sonde
