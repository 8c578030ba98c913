#pragma once

#include <string_view>
#include <vector>

#include "sonde/query/acquisition.hpp"

namespace sonde::criteria {

/// Sum over outputs of posterior variance / spread^2. Prefer it in one to three dimensions; in more
/// it walks the corners. MacKay (1992), Neural Computation 4(4), "ALM"
Criterion variance();

/// Drop of the mean posterior variance over the domain that the query would bring, summed over
/// outputs in units of their spread^2. The domain stands as points of the input distribution inside
/// the constraints, drawn anew for each query. \param reference_points how many \see Cohn (1996),
/// Neural Networks 9(6), "ALC"
Criterion integrated_variance(Index reference_points = 256);

/// What "auto" stands for: integrated variance.
Criterion automatic();

/// One of the above by its name: "variance", "integrated variance", "auto".
/// \throws ArgumentError that lists the names.
Criterion named(std::string_view name);
std::vector<std::string> names();

}  // namespace sonde::criteria
