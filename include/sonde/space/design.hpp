#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// How much of a box its constraints leave.
struct Admissibility {
  double share;           ///< estimated admissible share of the box
  double relative_error;  ///< standard error of share / share
  Index samples;          ///< points drawn in all
  std::vector<std::pair<std::string, double>>
      rejected;   ///< share of the box each constraint excludes alone
  Points points;  ///< (k, d) some admissible points, natural units; no rows: none was found
};
/// Plain Monte Carlo on scrambled Sobol points; where fewer than 100 are admissible, subset
/// simulation on the scaled excess, which reaches shares of 1e-9. Cost: `samples` evaluations, then
/// about four times as many for each factor of ten below 1. `points` are then spread evenly over
/// what is admissible. A constraint that only says yes or no gives no slope to descend: rarer than
/// 1 / samples, it looks like never. \see Au & Beck (2001), Probabilistic Engineering Mechanics
/// 16(4)
Admissibility admissibility(const Domain& domain, Index samples, Rng rng);

/// Designs: each returns (n, d) admissible points in natural units, without duplicates where the
/// domain has enough points. Points of the box are drawn until n are admissible; below a share of
/// about 1e-3 they are drawn by subset simulation (admissibility()) and thinned to be far apart.
/// \throws ArgumentError where no admissible point is found; it says what each constraint rejects.
namespace design {

Points uniform(const Domain& domain, Index n, Rng rng);  ///< independent, uniform along each scale
Points halton(const Domain& domain, Index n, Rng rng);   ///< randomly shifted; Halton (1960)
Points sobol(const Domain& domain, Index n, Rng rng);    ///< scrambled; Sobol (1967), Owen (1995)
Points latin_hypercube(const Domain& domain, Index n,
                       Rng rng);  ///< McKay, Beckman & Conover (1979)
/// Latin hypercube whose phi_p distance criterion was optimised by exchanges; Morris & Mitchell
/// (1995). Under constraints: of the admissible points the ones that are far apart, exchanged
/// likewise.
Points maximin(const Domain& domain, Index n, Rng rng);

/// Drawn from the input distribution (scrambled Sobol through its quantiles), inside the
/// constraints: stands for the domain in integrals.
Points reference(const Domain& domain, Index n, Rng rng);

/// One of the above by its name: "uniform", "halton", "sobol", "latin hypercube", "maximin".
/// \throws ArgumentError that lists the names.
Points named(std::string_view name, const Domain& domain, Index n, Rng rng);
std::vector<std::string> names();

}  // namespace design
}  // namespace sonde
