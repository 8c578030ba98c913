#include "supervisor/progress_watch.hpp"

#include <fstream>
#include <limits>

#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde {
namespace {

using testing_support::TemporaryDirectory;

TEST_CASE("silence for as long as the limit is a stall", "[supervisor]") {
  const TemporaryDirectory folder;
  ProgressWatch watch(10.0, 0.0, folder.path());
  CHECK_FALSE(watch.stalled(9.9));
  CHECK(watch.stalled(10.0));
}

TEST_CASE("what comes through a stream ends the silence", "[supervisor]") {
  const TemporaryDirectory folder;
  ProgressWatch watch(10.0, 0.0, folder.path());
  watch.heard(9.0);
  CHECK_FALSE(watch.stalled(18.9));
  CHECK(watch.stalled(19.0));
}

TEST_CASE("a file that grows, deep down too, ends the silence", "[supervisor]") {
  const TemporaryDirectory folder;
  std::filesystem::create_directories(folder / "a/b");
  ProgressWatch watch(10.0, 0.0, folder.path());
  std::ofstream(folder / "a/b/run.log") << "step 1\n";
  CHECK_FALSE(watch.stalled(10.0));  // seen at the next look, which is at 10
  CHECK_FALSE(watch.stalled(19.9));
  CHECK(watch.stalled(20.0));
}

TEST_CASE("without a limit nothing is ever a stall", "[supervisor]") {
  ProgressWatch watch(std::numeric_limits<double>::infinity(), 0.0, "/no/such/folder");
  CHECK_FALSE(watch.stalled(1e12));
  CHECK(watch.next_look() == std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace sonde
