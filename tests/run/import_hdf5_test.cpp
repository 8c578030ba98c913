#include "run/import_hdf5.hpp"

#include <cmath>
#include <fstream>

#include "sonde/base/error.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/run/export_hdf5.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

using namespace sonde;
using namespace sonde::testing_support;
namespace fs = std::filesystem;

namespace {

/// Four runs: one answered, one in part, one failed, one open.
Campaign four_runs(const std::vector<Output>& outputs) {
  Campaign campaign(
      Domain({Parameter::linear("a", 0, 1, "mm"), Parameter::choice("b", {"p", "q, r"})}), outputs,
      criteria::variance(), {}, 1);
  Asked asked;
  const std::vector<double> a = {0.0, 0.25, 0.5, 0.75}, b = {0, 1, 0, 1};
  for (std::size_t i = 0; i < 4; ++i)
    asked.queries.push_back(
        {.id = static_cast<Index>(i), .x = Vector{{a[i], b[i]}}, .why = "imported"});
  campaign.apply(asked);
  campaign.apply(Answered{0, {.status = Answer::Status::Ok, .y = Vector{{0.1, -2}}}});
  campaign.apply(Answered{1, {.status = Answer::Status::Ok, .y = Vector{{NAN, 1e-300}}}});
  campaign.apply(Answered{2, {.status = Answer::Status::Failed, .message = "no"}});
  return campaign;
}

}  // namespace

TEST_CASE("runs that were exported are read again, whatever the outputs are called",
          "[import_hdf5]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "c.h5";
  // Names that stand for something else in the file, and those that they give way to.
  Campaign campaign = four_runs({{"x", "N"}, {"output_x", "1"}});
  export_hdf5(file, {}, campaign);
  const StoredRuns stored = runs_in_hdf5(file);
  CHECK(stored.csv == "a,b,x,output_x\n0,p,0.1,-2\n0.25,\"q, r\",,1e-300\n0.5,p,,\n");
  CHECK(stored.runs == std::vector<long>{0, 1, 2});
  CHECK(stored.left_out == 1);
  CHECK(stored.inputs[0].unit == "mm");
  CHECK(stored.outputs[0].unit == "N");
}

TEST_CASE("HDF5 files are known by their name or by how they begin", "[import_hdf5]") {
  const TemporaryDirectory directory;
  Campaign campaign = four_runs({{"y", "N"}, {"z", "N"}});
  export_hdf5(directory / "runs", {}, campaign);
  std::ofstream(directory / "runs.csv") << "a,b\n";
  CHECK(is_hdf5(directory / "runs"));
  CHECK(is_hdf5("not/there.h5"));
  CHECK_FALSE(is_hdf5(directory / "runs.csv"));
  CHECK_FALSE(is_hdf5(directory / "not there"));
}

TEST_CASE("a file that is none of ours says which and why", "[import_hdf5]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "bad.h5";
  std::ofstream(file) << "a,b\n";
  const std::string words = message_of<StoreError>([&] { runs_in_hdf5(file); });
  CHECK(contains(words, file.string() + ": HDF5: cannot be opened: file signature not found"));
}
