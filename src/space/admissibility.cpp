#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "space/candidates.hpp"

namespace sonde {

Admissibility admissibility(const Domain& domain, Index samples, Rng rng) {
  require(samples >= 100, "admissibility: expected at least 100 samples, got ", samples);
  const Points x = space::rows_from_quantiles(
      domain, space::scrambled_sobol(domain.dim(), rng.child("box"))(samples));
  const std::vector<bool> admitted = domain.rows_admitted(x);
  const auto count = std::count(admitted.begin(), admitted.end(), true);
  Points points(count, x.cols());
  for (Index i = 0, k = 0; i < samples; ++i) {
    if (admitted[static_cast<std::size_t>(i)]) points.row(k++) = x.row(i);
  }
  const double share = static_cast<double>(count) / static_cast<double>(samples);
  return {share, std::sqrt((1 - share) / static_cast<double>(count)), samples,
          space::rejected_shares(domain, x), space::distinct_rows(points)};
}

}  // namespace sonde
