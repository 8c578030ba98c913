#include "oracle/extraction.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;
using testing_support::TemporaryDirectory;
using Source = Extraction::Source;
using Take = Extraction::Take;

Reading read(const Extraction& from, const std::string& text, const std::string& name = "drag") {
  const TemporaryDirectory folder;
  const std::string file = from.source == Source::StdoutJson ? "stdout.txt" : from.file;
  std::ofstream(folder / file, std::ios::binary) << text;
  return Extractor(from, "y", name, "outputs.drag.from").number(RunOutput(folder.path()));
}

Extraction regex(const std::string& pattern, Take take = Take::Last) {
  return {.source = Source::Regex, .file = "run.log", .pattern = pattern, .take = take};
}

Extraction csv(const std::string& column, long row = -1) {
  return {.source = Source::Csv, .file = "out.csv", .column = column, .row = row};
}

Extraction json(const std::string& path) {
  return {.source = Source::Json, .file = "result.json", .path = path};
}

TEST_CASE("a regular expression takes its named group, first or last", "[extraction]") {
  const std::string log = "T_max = 1.0\nit 2\r\nT_max = 2.5D+01\r\nend\n";
  const std::string pattern = R"(^(T_max)\s*=\s*(?<v>\S+)$)";
  CHECK(read(regex(pattern), log).number == 25.0);
  CHECK(read(regex(pattern, Take::First), log).number == 1.0);
  CHECK(read(regex(R"(T_max = (\S+))"), log).number == 25.0);
  CHECK(read(regex(R"((?i)t_MAX = (\S+))"), log).number == 25.0);
}

TEST_CASE("a factor converts the unit", "[extraction]") {
  Extraction from = regex(R"(^gbw_hz = (?<v>\S+))");
  from.factor = 1e-6;
  CHECK(*read(from, "gbw_hz = 2.5e7\n").number == Approx(25.0).epsilon(1e-15));
}

TEST_CASE("a regular expression says what it did not find", "[extraction]") {
  CHECK(contains(read(regex("^Cd (\\S+)"), "nothing\n").problem,
                 "'run.log' has nothing that matches ^Cd (\\S+)"));
  CHECK(contains(read(regex("Cd (\\S+)"), "Cd 12,5\n").problem, "decimal comma"));
  CHECK(contains(read(regex("Cd (\\S+)"), "Cd ****\n").problem, "'****' is no number"));
  const Extraction nowhere{.source = Source::Regex, .file = "other.log", .pattern = "(a)"};
  const TemporaryDirectory folder;
  CHECK(
      contains(Extractor(nowhere, "y", "drag", "outputs").number(RunOutput(folder.path())).problem,
               "'other.log' was not written"));
}

TEST_CASE("a costly regular expression gives up instead of hanging", "[extraction]") {
  const Reading reading = read(regex("^(a+)+$"), std::string(64, 'a').append("b\n"));
  CHECK(contains(reading.problem, "limit"));
}

TEST_CASE("a table's column is found by head or number", "[extraction]") {
  const std::string table = "time,\"drag, mean\",lift\r\n0,1.5,2\r\n1,2.5,3\r\n";
  CHECK(read(csv("drag, mean"), table).number == 2.5);
  CHECK(read(csv("drag, mean", 0), table).number == 1.5);
  CHECK(read(csv("2"), table).number == 3.0);
  CHECK(read(csv("1"), "1 10\n2 20\n").number == 20.0);
  CHECK(read(csv("1", 0), "1 10\n2 20\n").number == 10.0);
  CHECK(read(csv("lift"), "# time lift\n# more\n  0.5\t7\n").number == 7.0);
  CHECK(read(csv("b"), "a;b\n1;2\n\n").number == 2.0);
}

TEST_CASE("a table says what it lacks", "[extraction]") {
  CHECK(contains(read(csv("drag"), "a,b\n1,2\n").problem, "no column 'drag'; it has a, b"));
  CHECK(contains(read(csv("a", 3), "a,b\n1,2\n").problem, "has 1 rows, expected row 3"));
  CHECK(contains(read(csv("b"), "a,b\n1\n").problem, "expected a column 'b', got 1 columns"));
  CHECK(contains(read(csv("b"), "a;b\n1;2,5\n").problem, "decimal comma"));
  CHECK(contains(read(csv("b"), "a,b\n").problem, "has 0 rows"));
}

TEST_CASE("a JSON pointer finds its number", "[extraction]") {
  const std::string document = R"({"forces": [{"drag": 1.5, "a/b": "2.5"}], "lift": NaN})";
  CHECK(read(json("/forces/0/drag"), document).number == 1.5);
  CHECK(read(json("/forces/0/a~1b"), document).number == 2.5);
  CHECK(std::isnan(*read(json("/lift"), document).number));
  CHECK(contains(read(json("/forces/1/drag"), document).problem, "nothing at '/forces/1/drag'"));
  CHECK(contains(read(json("/forces"), document).problem, "expected a number, got array"));
  CHECK(contains(read(json("/lift"), "{\"lift\": 1").problem, "no whole JSON document"));
  CHECK(contains(read(json("/lift"), "{\"lift\": null}").problem, "got null"));
  CHECK(contains(read(json("/lift"), "{\"lift\": NaNa}").problem, "no whole JSON document"));
}

TEST_CASE("the last line of standard output with y answers", "[extraction]") {
  const Extraction from{};
  CHECK(read(from, "hello\n{\"y\": {\"drag\": 1}}\n{\"y\": {\"drag\": 2}}\n{\"a\": 1}\nbye\n")
            .number == 2.0);
  CHECK(read(from, "{\"y\": {\"drag\": 2}}").number == 2.0);
  CHECK(std::isinf(*read(from, "{\"y\": {\"drag\": -Infinity}}\n").number));
  CHECK(contains(read(from, "{\"y\": {\"lift\": 2}}\n").problem, "no 'drag', it has lift"));
  CHECK(contains(read(from, "").problem, "standard output has no line"));
  CHECK(contains(read(from, "{\"y\": [1]}\n").problem, "no object \"y\""));
}

TEST_CASE("a line that was cut off is not replaced by an older one", "[extraction]") {
  const Reading reading = read({}, "{\"y\": {\"drag\": 1}}\n{\"y\": {\"dra");
  CHECK(contains(reading.problem, "cut off"));
}

TEST_CASE("a simulator may say that it failed", "[extraction]") {
  const TemporaryDirectory folder;
  std::ofstream(folder / "stdout.txt") << "{\"failed\": \"mesh is tangled\"}\n";
  CHECK(told_failure(RunOutput(folder.path())) == "mesh is tangled");
  std::ofstream(folder / "stdout.txt") << "{\"y\": {\"drag\": 1}, \"failed\": false}\n";
  CHECK(told_failure(RunOutput(folder.path())).empty());
}

TEST_CASE("a file that is older than the run is not what it wrote", "[extraction]") {
  const TemporaryDirectory folder;
  std::filesystem::create_directories(folder / ".sonde");
  std::ofstream(folder / ".sonde/run.json") << "{}";
  std::ofstream(folder / "result.json") << "{\"drag\": 1}";
  const Extractor extractor(json("/drag"), "y", "drag", "outputs");
  CHECK(extractor.number(RunOutput(folder.path())).number == 1.0);
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, (folder / "result.json").c_str(), times, 0) == 0);
  CHECK(contains(extractor.number(RunOutput(folder.path())).problem, "older than the run"));
}

TEST_CASE("a pipe in the place of a file is no file, and blocks nobody", "[extraction]") {
  const TemporaryDirectory folder;
  REQUIRE(::mkfifo((folder / "run.log").c_str(), 0600) == 0);
  const Extractor extractor(regex("(a)"), "y", "drag", "outputs");
  CHECK(contains(extractor.number(RunOutput(folder.path())).problem, "no regular file"));
}

TEST_CASE("an extraction that cannot work is refused at once", "[extraction]") {
  const auto message = [](const Extraction& from) {
    return message_of<StudyError>([&] { Extractor(from, "y", "drag", "outputs.drag.from"); });
  };
  CHECK(contains(message(regex("a(b")), "at character 4"));
  CHECK(contains(message(regex("ab")), "has no group"));
  CHECK(contains(message(json("forces")), "expected a JSON pointer"));
  Extraction outside = regex("(a)");
  for (const char* file : {"../run.log", "/etc/passwd", "", "a/../../b"}) {
    outside.file = file;
    CHECK(contains(message(outside), "outputs.drag.from: expected a file in the run's directory"));
  }
}

}  // namespace
}  // namespace sonde
