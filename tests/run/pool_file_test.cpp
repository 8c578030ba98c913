#include "run/pool_file.hpp"

#include <cmath>
#include <fstream>

#include "run/csv_stream.hpp"
#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::message_of;
using testing_support::TemporaryDirectory;

const std::vector<Parameter>& parameters() {
  static const std::vector<Parameter> all = {Parameter::linear("a", 0.0, 1.0),
                                             Parameter::integer("ribs", 1, 9),
                                             Parameter::choice("wood", {"oak", "ash, old"})};
  return all;
}

fs::path written(const TemporaryDirectory& folder, const std::string& name,
                 const std::string& text) {
  const fs::path file = folder.path() / name;
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

Points all_of(const Pool& pool) {
  Points all(0, pool.dim());
  pool.visit([&](Index first, PointsView block) {
    CHECK(first == all.rows());
    all.conservativeResize(all.rows() + block.rows(), Eigen::NoChange);
    all.bottomRows(block.rows()) = block;
  });
  return all;
}

TEST_CASE("a pool in CSV is read by the names of its columns, the others are carried along",
          "[pool file]") {
  const TemporaryDirectory folder;
  const fs::path file = written(folder, "pool.csv",
                                "\xEF\xBB\xBFname,ribs,a,wood,note\r\n"
                                "# of last year\r\n"
                                "n1, 3 ,0.25,oak,\"two\nlines, \"\"quoted\"\"\"\r\n"
                                "\r\n"
                                "n2,4,1e-1,\"ash, old\",\r\n");
  const PoolFile pool(file, parameters(), folder.path());
  CHECK(pool.rows() == 2);
  CHECK(all_of(pool.pool()) == (Points(2, 3) << 0.25, 3.0, 0.0, 0.1, 4.0, 1.0).finished());
  CHECK(pool.carried() == std::vector<std::string>{"name", "note"});
  const auto carried = pool.carried_by({1, 0});
  CHECK(carried[0] == std::vector<std::string>{"n2", ""});
  CHECK(carried[1] == std::vector<std::string>{"n1", "two\nlines, \"quoted\""});
}

TEST_CASE("a pool of many blocks is whole, and so are its parts together", "[pool file]") {
  const TemporaryDirectory folder;
  std::string text = "a,ribs,wood,id\n";
  constexpr Index rows = 20011;
  for (Index i = 0; i < rows; ++i)
    text += concat(static_cast<double>(i) / rows, ",", i % 9 + 1, ",oak,c", i, "\n");
  const fs::path file = written(folder, "pool.csv", text);
  const Points whole = all_of(PoolFile(file, parameters(), folder.path()).pool());
  REQUIRE(whole.rows() == rows);
  Points parts = Points::Constant(rows, 3, -1.0);
  Index visited = 0;
  for (Index part = 0; part < 2; ++part) {
    const PoolFile shard(file, parameters(), folder.path(), {part, 2});
    CHECK(shard.rows() == rows);
    shard.pool().visit([&](Index first, PointsView block) {
      parts.middleRows(first, block.rows()) = block;
      visited += block.rows();
    });
    CHECK(shard.carried_by({0, 4096, 20010}) ==
          std::vector<std::vector<std::string>>{{"c0"}, {"c4096"}, {"c20010"}});
  }
  CHECK(visited == rows);
  CHECK(parts == whole);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);  // no copy with a name
}

TEST_CASE("what is wrong with a pool is said with its line", "[pool file]") {
  const TemporaryDirectory folder;
  const auto refusal = [&](const std::string& text) {
    const fs::path file = written(folder, "pool.csv", text);
    return message_of<ArgumentError>([&] { PoolFile(file, parameters(), folder.path()); });
  };
  CHECK(contains(refusal(""), "expected a head"));
  CHECK(contains(refusal("a,ribs,wood\n"), "expected candidates"));
  CHECK(contains(refusal("a,rib,wood\n1,2,oak\n"), "did you mean 'rib'"));
  CHECK(contains(refusal("a,ribs,wood\n0.1,2,oak\n0.2,2\n"), "pool.csv:3: expected 3 fields"));
  CHECK(contains(refusal("a,ribs,wood\n\n0.1,2.5,oak\n"), "pool.csv:3: column 'ribs'"));
  CHECK(contains(refusal("a,ribs,wood\nnan,2,oak\n"), "expected a number"));
  CHECK(contains(refusal("a,ribs,wood\n0.1,2,elm\n"), "'elm' is no value of 'wood'"));
  CHECK(contains(message_of<StoreError>(
                     [&] { PoolFile(folder.path() / "none.csv", parameters(), folder.path()); }),
                 "none.csv"));
  const fs::path file = written(folder, "pool.csv", "a,ribs,wood,id\n0.1,2,oak,x\n");
  const PoolFile pool(file, parameters(), folder.path());
  written(folder, "pool.csv", "a,ribs,wood,id\n0.1,2,oak,other\n");
  CHECK(contains(message_of<StoreError>([&] { pool.carried_by({0}); }), "has changed"));
}

TEST_CASE("a quote without an end is a row too long, not all memory", "[pool file]") {
  const TemporaryDirectory folder;
  std::string text = "a,ribs,wood\n\"";
  text.append(70u << 20, 'x');
  const fs::path file = written(folder, "pool.csv", text);
  CHECK(contains(message_of<ArgumentError>([&] { PoolFile(file, parameters(), folder.path()); }),
                 "pool.csv:2: a row has more than 64 MiB"));
}

TEST_CASE("rows of a stream are found again by their places", "[pool file]") {
  const TemporaryDirectory folder;
  const fs::path file = written(folder, "t.csv", "a,b\n1,\"x\ny\"\n# \"\n2,z\n3,\"\"\n");
  CsvStream stream(file);
  std::vector<std::pair<std::uint64_t, long>> places;
  std::vector<std::string> second;
  while (stream.next()) {
    places.emplace_back(stream.offset(), stream.line());
    second.emplace_back(stream.fields()[1]);
  }
  CHECK(second == std::vector<std::string>{"x\ny", "z", ""});
  REQUIRE(places.size() == 3);
  CHECK(places[1].second == 5);
  stream.seek(places[1].first, places[1].second);
  REQUIRE(stream.next());
  CHECK(stream.fields()[0] == "2");
  CHECK(stream.line() == 5);
}

}  // namespace
}  // namespace sonde
