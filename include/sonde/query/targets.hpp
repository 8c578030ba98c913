#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sonde/query/acquisition.hpp"

/// Criteria of those who look for something: where an output has a level, or where it is best. Each
/// looks at the first output of its surrogate: see Surrogate::only().
namespace sonde::criteria {

/// -|mean - level| / standard deviation: the point of which it is least sure on which side of the
/// level it lies. The loop over a population of AK-MCS is this criterion over a pool. Goes to the
/// bounds less than variance does, but forgets what lies beyond the nearest piece of the contour.
/// \see Echard, Gayton & Lemaire (2011), Structural Safety 33(2), "U"
Criterion deviation_number(double level);

/// E max(0, 2 sd - |y - level|): near the level and uncertain, within two standard deviations.
/// Prefer it to deviation_number() as long as the contour is not found.
/// \see Bichon et al. (2008), AIAA Journal 46(10), "EFF"
Criterion expected_feasibility(double level);

/// Integrated variance, of which the places count by the density of the level there: looks at the
/// contour as a whole, so that no point is spent on a piece that is known. The default of a
/// contour. \see Picheny et al. (2010), J. Mechanical Design 132(7), "targeted IMSE"
Criterion targeted_integrated_variance(double level, Index reference_points = 256);

enum class Extreme { Smallest, Largest };

/// E max(0, best - y), best the best posterior mean of what was observed: the default of those who
/// optimise. Its logarithm beyond where it is too small for a slope. \see Jones, Schonlau & Welch
/// (1998), J. Global Optimization 13(4); Ament et al. (2023), NeurIPS 36, for the logarithm
Criterion expected_improvement(Extreme extreme);

/// -mean + deviations * standard deviation (Smallest): with few of them it goes for what looks
/// best, with many it explores. \see Cox & John (1997); Srinivas et al. (2010), ICML
Criterion confidence_bound(Extreme extreme, double deviations = 2.0);

/// Their names: of a level, and of an extreme.
std::vector<std::string> names_of_level();
std::vector<std::string> names_of_extreme();
/// \throws ArgumentError that lists the names.
Criterion named_of_level(std::string_view name, double level);
Criterion named_of_extreme(std::string_view name, Extreme extreme);

}  // namespace sonde::criteria
