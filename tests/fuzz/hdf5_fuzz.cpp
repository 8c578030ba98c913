#include "fuzz/fuzz.hpp"
#include "run/csv.hpp"
#include "run/import_hdf5.hpp"
#include "sonde/base/error.hpp"

// The HDF5 library breaks down on files that are made to: the child does, and that is said.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sonde;
  const std::filesystem::path file = fuzz::scratch() / "runs.h5";
  fuzz::write(file, fuzz::text_of(data, size));
  try {
    const StoredRuns stored = runs_in_hdf5(file, {.cpu_seconds = 1, .wall_seconds = 5.0});
    const CsvTable table = parse_csv(stored.csv, "runs.h5");
    fuzz::expect(table.rows.size() == stored.runs.size(), "a line a run");
    fuzz::expect(table.head.size() == stored.inputs.size() + stored.outputs.size(),
                 "a column an input, and an output");
  } catch (const StoreError&) {
  } catch (const ArgumentError&) {
    // As of any table whose names cannot be meant.
  }
  return 0;
}
