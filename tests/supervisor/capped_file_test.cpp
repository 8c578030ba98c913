#include "supervisor/capped_file.hpp"

#include <string>

#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde {
namespace {

using testing_support::TemporaryDirectory;

std::string kept(std::size_t part, const std::vector<std::string>& pieces) {
  const TemporaryDirectory folder;
  const std::string name = (folder / "out.txt").string();
  CappedFile file(name, part);
  for (const std::string& piece : pieces) file.append(piece);
  file.finish();
  CHECK(file.trouble().empty());
  return read_small_file(name).value();
}

TEST_CASE("a file within its cap is kept as it came", "[supervisor]") {
  CHECK(kept(8, {}).empty());
  CHECK(kept(8, {"one\n", "two\n"}) == "one\ntwo\n");
  CHECK(kept(8, {"one\ntwo\nthree\n"}) == "one\ntwo\nthree\n");  // 14 bytes, 16 are kept
}

TEST_CASE("of a flood the first and the last whole lines are kept", "[supervisor]") {
  std::vector<std::string> lines;
  for (int i = 100; i < 1000; ++i) lines.push_back(std::to_string(i) + "\n");
  // 10 bytes hold two lines of four and half a third one: half a number is another number.
  CHECK(kept(10, lines) == "100\n101\n[sonde-run: 3584 bytes left out]\n998\n999\n");
}

TEST_CASE("a flood without lines is cut where it has to be", "[supervisor]") {
  CHECK(kept(4, {std::string(100, 'a'), "bcde"}) == "aaaa\n[sonde-run: 96 bytes left out]\nbcde");
}

}  // namespace
}  // namespace sonde
