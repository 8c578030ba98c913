#include "oracle/run_inputs.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "oracle/file.hpp"
#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::message_of;
using testing_support::TemporaryDirectory;

const std::vector<Parameter> inputs = {Parameter::linear("a", 0, 1)};

Values values() {
  return Values(inputs, {}, Query{.id = 1, .x = Vector::Constant(1, 0.5), .why = ""}, 1);
}

// A study's directory with a file of each sort, and a run's, empty.
struct Directories {
  TemporaryDirectory study;
  TemporaryDirectory run;

  Directories() {
    fs::create_directories(study / "case/system");
    fs::create_directories(study / "tables");
    std::ofstream(study / "case/system/mesh") << "mesh\n";
    std::ofstream(study / "case/system/field") << "as copied\n";
    std::ofstream(study / "tables/steam.txt") << "steam\n";
    std::ofstream(study / "case.tmpl") << "a = {{a}}\n";
  }
  void lay(const SimulatorSpec& spec) const {
    RunInputs(spec, values(), study.path()).lay_into(run.path(), values(), "question\n");
  }
  std::string text(const std::string& file) const {
    return read_small_file((run / file).string()).value_or("absent");
  }
  std::string refusal(const SimulatorSpec& spec) const {
    return message_of<StudyError>([&] { RunInputs(spec, values(), study.path()); });
  }
};

TEST_CASE("templates, copies, links and standard input are laid into a run", "[run_inputs]") {
  const Directories here;
  SimulatorSpec spec;
  spec.templates = {{"case.tmpl", "in/case.inp"}, {"case.tmpl", "case/system/field"}};
  spec.copy = {"case"};
  spec.link = {"tables"};
  here.lay(spec);
  CHECK(here.text("in/case.inp") == "a = 0.5\n");
  CHECK(here.text("case/system/mesh") == "mesh\n");
  CHECK(here.text("case/system/field") == "a = 0.5\n");  // before what would be copied there
  CHECK(here.text("tables/steam.txt") == "steam\n");
  CHECK(fs::read_symlink(here.run / "tables") == here.study / "tables");
  CHECK(here.text("stdin.txt") == "question\n");
}

TEST_CASE("standard input may be a template", "[run_inputs]") {
  const Directories here;
  SimulatorSpec spec;
  spec.stdin_template = "case.tmpl";
  here.lay(spec);
  CHECK(here.text("stdin.txt") == "a = 0.5\n");
}

TEST_CASE("a copy keeps times and permissions", "[run_inputs]") {
  const Directories here;
  fs::permissions(here.study / "case/system/mesh", fs::perms::owner_all);
  fs::last_write_time(here.study / "case/system/mesh",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  SimulatorSpec spec;
  spec.copy = {"case/system/mesh"};
  here.lay(spec);
  const fs::path copy = here.run / "case/system/mesh";
  CHECK(fs::status(copy).permissions() == fs::perms::owner_all);
  CHECK(fs::last_write_time(copy) == fs::last_write_time(here.study / "case/system/mesh"));
}

TEST_CASE("nothing is written through a link out of the run's directory", "[run_inputs]") {
  const Directories here;
  SimulatorSpec spec;
  spec.link = {"tables"};
  spec.templates = {{"case.tmpl", "tables/steam.txt"}};
  CHECK(contains(here.refusal(spec), "in one another's place"));

  const SimulatorSpec other{.run = {}, .templates = {{"case.tmpl", "sub/x"}}};
  fs::create_directory_symlink(here.study / "tables", here.run / "sub");
  CHECK(contains(message_of<Error>([&] { here.lay(other); }), "cannot be made"));
  CHECK_FALSE(fs::exists(here.study / "tables/x"));
}

TEST_CASE("names that leave a directory, or take Sonde's own, are refused", "[run_inputs]") {
  const Directories here;
  for (const char* target : {"../x", "/tmp/x", "", "a/../../x", "."}) {
    SimulatorSpec spec;
    spec.templates = {{"case.tmpl", target}};
    INFO(target);
    CHECK(contains(here.refusal(spec), "expected a file in the run's directory"));
  }
  for (const char* target : {".sonde/lock", "stdout.txt", "stdin.txt"}) {
    SimulatorSpec spec;
    spec.templates = {{"case.tmpl", target}};
    CHECK(contains(here.refusal(spec), "a name that Sonde itself uses"));
  }
  SimulatorSpec outside;
  outside.copy = {"../secret"};
  CHECK(contains(here.refusal(outside), "below the study's directory"));
  SimulatorSpec twice;
  twice.templates = {{"case.tmpl", "x"}, {"case.tmpl", "./x"}};
  CHECK(contains(here.refusal(twice), "in one another's place"));
}

TEST_CASE("a source that cannot be read is named with the place", "[run_inputs]") {
  const Directories here;
  SimulatorSpec spec;
  spec.templates = {{"absent.tmpl", "x"}};
  CHECK(contains(here.refusal(spec), "simulator.templates: 'absent.tmpl' cannot be read"));
  spec = {};
  spec.templates = {{"tables", "x"}};
  CHECK(contains(here.refusal(spec), "cannot be read"));
  spec = {};
  spec.link = {"absent"};
  CHECK(contains(here.refusal(spec), "simulator.link: 'absent' cannot be read"));
}

TEST_CASE("folders that contain themselves are not copied for ever", "[run_inputs]") {
  const Directories here;
  fs::create_directory_symlink(here.study / "case", here.study / "case/again");
  SimulatorSpec spec;
  spec.copy = {"case"};
  CHECK(contains(message_of<Error>([&] { here.lay(spec); }), "deep"));
}

}  // namespace
}  // namespace sonde
