#pragma once

#include <filesystem>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// The columns of a CSV file that are named as the parameters and outputs, in any order: quoted as
/// in RFC 4180, a Choice by its label, an empty field of an output where it was not observed. Blank
/// lines and lines that begin with # are passed over.
///
/// \throws ArgumentError with file, line and column: the file cannot be read, a column is missing
/// or stands twice, a field is no number or no label.
Dataset read_dataset(const std::filesystem::path& file, const Domain& domain,
                     const std::vector<Output>& outputs);

/// (n, d): those named as the parameters alone. \throws likewise
Points read_points(const std::filesystem::path& file, const Domain& domain);

}  // namespace sonde
