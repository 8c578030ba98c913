#pragma once

#include <string>
#include <vector>

#include "run/hdf5.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde {

/// The unit all of them have, else "1".
std::string common_unit(const std::vector<std::string>& units);

/// A name for a dataset that is none of those `taken`: output_`name` where it is.
std::string free_name(const std::string& name, const std::vector<std::string>& taken);

/// /runs and /runs/lineage. \param model (asked) number of the model that made each query, 0: none
void write_runs(const hdf5::Handle& file, const Campaign& campaign,
                const std::vector<std::int64_t>& model);

}  // namespace sonde
