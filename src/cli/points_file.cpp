#include "cli/points_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "cli/exit_status.hpp"

namespace sonde::cli {

PointsFile read_points(const std::filesystem::path& file, const Study& study) {
  try {
    return points_in(read_csv(file), study);
  } catch (const ArgumentError& failure) {
    throw UsageError(failure.what());
  }
}

PointsFile points_in(CsvTable table, const Study& study) {
  try {
    PointsFile points{std::move(table), {}, {}};
    points.x = points_of(points.table, study.parameters);
    points.y = values_of(points.table, study.output_names());
    return points;
  } catch (const ArgumentError& failure) {
    throw UsageError(failure.what());
  }
}

std::string points_text(const Study& study, PointsView x, const Matrix& y) {
  std::string text;
  const auto field = [&text](const std::string& written, bool first) {
    if (!first) text += ',';
    text += csv_field(written);
  };
  for (std::size_t j = 0; j < study.parameters.size(); ++j) field(study.parameters[j].name, j == 0);
  for (const Output& output : study.output_names()) field(output.name, false);
  text += '\n';
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < x.cols(); ++j)
      field(format_value(x(i, j), study.parameters[static_cast<std::size_t>(j)]), j == 0);
    for (Index j = 0; j < y.cols(); ++j)
      field(std::isfinite(y(i, j)) ? fmt::format("{}", y(i, j)) : "", false);
    text += '\n';
  }
  return text;
}

}  // namespace sonde::cli
