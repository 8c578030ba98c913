#include "sonde/run/export_hdf5.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "sonde/base/error.hpp"
#include "sonde/query/criteria.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

using namespace sonde;
using namespace sonde::testing_support;
namespace fs = std::filesystem;

namespace {

Campaign fresh() {
  return Campaign(Domain({Parameter::linear("x", 0, 1)}), {{"y", "N"}}, criteria::variance(), {},
                  1);
}

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("an export replaces the file and leaves nothing beside it", "[export_hdf5]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "c.h5";
  std::ofstream(file) << "old";
  Campaign campaign = fresh();
  export_hdf5(file, {}, campaign);
  CHECK(text_of(file).substr(0, 8) == "\x89HDF\r\n\x1a\n");
  CHECK(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("equal campaigns give equal files", "[export_hdf5]") {
  const TemporaryDirectory directory;
  for (const char* name : {"a.h5", "b.h5"}) {
    Campaign campaign = fresh();
    campaign.apply(campaign.propose(3));
    export_hdf5(directory / name, {}, campaign);
  }
  const std::string text = text_of(directory / "a.h5");
  CHECK(text == text_of(directory / "b.h5"));
  // Bit 5 of the flags of an object's header, of version 2: times are stored (HDF5 File Format
  // Specification 3.0, IV.A.1.b).
  int headers = 0;
  for (std::size_t at = text.find("OHDR\2"); at != std::string::npos;
       at = text.find("OHDR\2", at + 1), ++headers)
    CHECK((text[at + 5] & 0x20) == 0);
  CHECK(headers > 3);
}

TEST_CASE("on a full disk the old file stays, whole", "[export_hdf5]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "c.h5";
  std::ofstream(file) << "old";
  const pid_t child = ::fork();  // limits of one's own
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Campaign campaign = fresh();
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 3000;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string words = message_of<StoreError>([&] { export_hdf5(file, {}, campaign); });
    ::_exit(words.find("cannot be written: File too large") == std::string::npos);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(text_of(file) == "old");
  CHECK_FALSE(fs::exists(file.string() + ".tmp"));
}

TEST_CASE("an export that may not search for parameters has the model it is given, or none",
          "[export_hdf5]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "c.h5";
  Campaign campaign = fresh();
  const Asked asked = campaign.propose(3);
  campaign.apply(asked);
  for (const Query& query : asked.queries)
    campaign.apply(Answered{query.id, {.status = Answer::Status::Ok, .y = query.x}});
  export_hdf5(file, {}, campaign, {}, {.search = false});
  CHECK_FALSE(contains(text_of(file), "member_0"));
  export_hdf5(file, {}, campaign, {}, {.newest = campaign.surrogate(), .search = false});
  CHECK(contains(text_of(file), "member_0"));
}

TEST_CASE("an export into no directory says so", "[export_hdf5]") {
  const TemporaryDirectory directory;
  Campaign campaign = fresh();
  CHECK(contains(message_of<StoreError>([&] { export_hdf5(directory / "no/c.h5", {}, campaign); }),
                 "No such file or directory"));
}
