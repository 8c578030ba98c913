#pragma once

#include <string>
#include <vector>

#include "run/hdf5.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde {

/// The unit all of them have, else "1".
std::string common_unit(const std::vector<std::string>& units);

/// Names for datasets, none of which is `taken` or another's: output_NAME where NAME is.
std::vector<std::string> free_names(const std::vector<std::string>& names,
                                    std::vector<std::string> taken);

/// What the datasets of these outputs are called in /runs.
std::vector<std::string> names_in_runs(const std::vector<std::string>& outputs);

/// /runs and /runs/lineage. \param model (asked) number of the model that made each query, 0: none
void write_runs(const hdf5::Handle& file, const Campaign& campaign,
                const std::vector<std::int64_t>& model);

}  // namespace sonde
