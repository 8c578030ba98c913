#pragma once

#include <vector>

#include "run/hdf5.hpp"
#include "sonde/gp/surrogate.hpp"

namespace sonde {

/// /models/NNNNNN: all that predicting takes, for who has no Sonde.
/// \param ids the run of each row of the data  \param with_factor the newest has its factors
void write_model(const hdf5::Handle& models, std::size_t number, const Surrogate& surrogate,
                 const std::vector<Index>& ids, bool with_factor);

}  // namespace sonde
