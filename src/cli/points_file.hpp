#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/csv.hpp"
#include "sonde/base/types.hpp"
#include "sonde/run/study.hpp"

namespace sonde::cli {

/// A table named on the command line, its inputs and what it has of the outputs.
struct PointsFile {
  CsvTable table;
  Points x;  ///< (n, d)
  Matrix y;  ///< (n, m); NaN where there is nothing
};

/// \throws UsageError where it cannot be read, a column is missing, a field is no number.
PointsFile read_points(const std::filesystem::path& file, const Study& study);

/// The same of a table that has been read already.
PointsFile points_in(CsvTable table, const Study& study);

/// Points and outputs as such a table, in the shortest texts that read back the same.
std::string points_text(const Study& study, PointsView x, const Matrix& y);

}  // namespace sonde::cli
