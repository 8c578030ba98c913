#pragma once

#include <string_view>
#include <vector>

#include "sonde/query/acquisition.hpp"

namespace sonde::criteria {

/// Sum over outputs of posterior variance / spread^2. Beyond three inputs it walks the corners and
/// is no better than uniform points. MacKay (1992), Neural Computation 4(4), "ALM"
Criterion variance();

/// Drop of the mean posterior variance over the domain that the query would bring, summed over
/// outputs in units of their spread^2. The domain stands as points of the input distribution inside
/// the constraints, drawn anew for each query. \param reference_points how many \see Cohn (1996),
/// Neural Networks 9(6), "ALC"
Criterion integrated_variance(Index reference_points = 256);

/// The same where variances are believed as far as leaving out says: those near an observation that
/// was missed by more than its standard deviation count for more. Near is what the length scales
/// call so, at most a range, and squared misses are smoothed and cut at 16.
Criterion calibrated_integrated_variance(Index reference_points = 256);

/// Where the members of the stack, each with parameters as uncertain as they are, disagree most:
/// Response::disagreement() in units of spread^2, summed over outputs. Where they agree everywhere,
/// integrated variance. \see Riis et al. (2022), NeurIPS 35, "B-QBC"
Criterion committee();

/// What "auto" stands for: calibrated integrated variance, and the committee every third time in up
/// to four dimensions, every sixth in more, where the processes disagree, on average over the
/// domain, by more than anywhere an output was observed.
Criterion automatic();

/// One of the above, or of exploration.hpp, by its name: "variance", "integrated variance",
/// "calibrated integrated variance", "committee", "expected error reduction", "mutual information",
/// "model change", "global fit", "core set", "auto".
/// \throws ArgumentError that lists the names.
Criterion named(std::string_view name);
std::vector<std::string> names();

}  // namespace sonde::criteria
