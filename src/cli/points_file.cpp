#include "cli/points_file.hpp"

#include "cli/exit_status.hpp"

namespace sonde::cli {

PointsFile read_points(const std::filesystem::path& file, const Study& study) {
  try {
    PointsFile points{read_csv(file), {}, {}};
    points.x = points_of(points.table, study.parameters);
    points.y = values_of(points.table, study.output_names());
    return points;
  } catch (const ArgumentError& failure) {
    throw UsageError(failure.what());
  }
}

}  // namespace sonde::cli
