#include "sonde/run/table.hpp"

#include "run/csv.hpp"

namespace sonde {

Dataset read_dataset(const std::filesystem::path& file, const Domain& domain,
                     const std::vector<Output>& outputs) {
  const CsvTable table = read_csv(file);
  for (const Output& output : outputs) table.column(output.name);
  return {points_of(table, domain.parameters()), values_of(table, outputs)};
}

Points read_points(const std::filesystem::path& file, const Domain& domain) {
  return points_of(read_csv(file), domain.parameters());
}

}  // namespace sonde
