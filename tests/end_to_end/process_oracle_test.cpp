// What comes of runs of a program, one simulator after another, each a shell script.
#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/script_oracle.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::message_of;
using testing_support::ScriptOracle;
using testing_support::text_of;
using Status = Answer::Status;

const std::string well = "echo '{\"y\": {\"f\": 1.5}}'\n";

Extraction regex(const std::string& file, const std::string& pattern) {
  return {.source = Extraction::Source::Regex, .file = file, .pattern = pattern};
}

void check_failed(const Answer& answer, const std::string& kind, const std::string& words) {
  CHECK(answer.status == Status::Failed);
  CHECK(answer.kind == kind);
  CHECK(contains(answer.message, words));
  CHECK(answer.y.size() == 0);
}

TEST_CASE("a program is asked on standard input and answers on standard output", "[process]") {
  const ScriptOracle world("cat > seen; " + well);
  const Answer answer = world.ask(12, 0.1);
  CHECK(answer.message.empty());
  REQUIRE(answer.status == Status::Ok);
  CHECK(answer.y == Vector::Constant(1, 1.5));
  CHECK(answer.attempts == 1);
  CHECK(answer.seconds > 0.0);
  CHECK(answer.ended >= answer.started);
  CHECK(text_of(world.run("000012.1") / "seen") ==
        "{\"id\": 12, \"attempt\": 1, \"x\": {\"a\": 0.1}}\n");
}

TEST_CASE("a program reads templates and the environment, and writes files", "[process]") {
  ScriptOracle world("sed 's/^in/out/' case.inp > run.log; echo \"n = $N\" >> run.log\n");
  world.write("case.tmpl", "in = {{a|%.3f}}\n");
  world.spec.templates = {{"case.tmpl", "case.inp"}};
  world.spec.env = {{"N", "{{run.id}}"}};
  world.outputs = {{{"f", "1"}, regex("run.log", R"(^out = (\S+))"), {}},
                   {{"n", "1"}, regex("run.log", R"(^n = (\S+))"), {}}};
  const Answer answer = world.ask(7);
  CHECK(answer.message.empty());
  CHECK(answer.y == (Vector(2) << 2.5, 7.0).finished());
}

TEST_CASE("a run sees of our environment what it is to see", "[process]") {
  ::setenv("SONDE_TEST_SECRET", "secret", 1);
  ScriptOracle world("env > seen; " + well);
  world.ask(0);
  CHECK(contains(text_of(world.run("000000.1") / "seen"), "SONDE_TEST_SECRET=secret"));
  world.spec.inherit = {"PATH"};
  world.spec.env = {{"LEVEL", "3"}};
  world.ask(1);
  const std::string seen = text_of(world.run("000001.1") / "seen");
  CHECK_FALSE(contains(seen, "SECRET"));
  CHECK(contains(seen, "PATH="));
  CHECK(contains(seen, "LEVEL=3"));
  ::unsetenv("SONDE_TEST_SECRET");
}

TEST_CASE("a simulator that removes what Sonde keeps has failed, and is not run again",
          "[process]") {
  const ScriptOracle world("rm -rf .sonde; " + well);
  check_failed(world.ask(0), "output missing", "removed '.sonde' from its directory");
  CHECK(world.starts() == 1);
}

TEST_CASE("a signal is told by number and name, with the last words", "[process]") {
  const ScriptOracle world("echo 'mesh is bad' >&2\nkill -SEGV $$\n");
  check_failed(world.ask(), "signal",
               "signal 11 (Segmentation fault): 'mesh is bad', see runs/000000.1");
}

TEST_CASE("an exit status is a failure, unless any is allowed", "[process]") {
  ScriptOracle world(well + "printf 'no licence\\033[2J\\n\\n' >&2\nexit 3\n");
  check_failed(world.ask(0), "exit status", "exit status 3: 'no licence?[2J', see runs/000000.1");
  world.spec.any_exit_status = true;
  CHECK(world.ask(1).status == Status::Ok);
}

TEST_CASE("a file that lies beside the study is missed in the run's directory", "[process]") {
  ScriptOracle world(well);
  world.write("model.sh", well);
  world.spec.run = {"sh", "model.sh"};
  const Answer answer = world.ask(0);
  check_failed(answer, "exit status", "name it in copy");
  world.spec.copy = {"model.sh"};
  CHECK(world.ask(1).status == Status::Ok);
}

TEST_CASE("texts decide about a run", "[process]") {
  ScriptOracle world("echo 'it 7: Residual DIVERGED' > run.log\n" + well);
  world.spec.fail_when = {{"absent.log", "x", ""}, {"run.log", "(?i)diverged", "diverged"}};
  check_failed(world.ask(0), "diverged", "'run.log' says 'it 7: Residual DIVERGED'");
  world.spec.fail_when = {};
  world.spec.succeed_when = {{"run.log", "END OF RUN", ""}};
  check_failed(world.ask(1), "succeed_when", "nothing that matches END OF RUN");
  world.spec.succeed_when = {{"end.log", "END", ""}};
  check_failed(world.ask(2), "succeed_when", "'end.log' was not written");
}

TEST_CASE("outputs that are missing, not finite or out of range are failures", "[process]") {
  check_failed(ScriptOracle("true\n").ask(), "output missing", "f: standard output has no line");
  check_failed(ScriptOracle("echo '{\"y\": {\"f\": NaN}}'\n").ask(), "not finite", "f is NaN");
  check_failed(ScriptOracle("echo '{\"failed\": \"no lift\"}'\n").ask(), "told", "no lift");
  ScriptOracle world(well);
  const Symbols symbols{{"a", "f"}, {}, {}, {}};
  world.outputs[0].accept = Expression("f < a", symbols);
  CHECK(world.ask(0, 2.5).status == Status::Ok);
  check_failed(world.ask(1, 1.0), "out of range", "f = 1.5: 'f < a' does not hold");
}

TEST_CASE("what the simulator says it was given must be what it was given", "[process]") {
  ScriptOracle world("echo '{\"x\": {\"a\": 2.5001}, \"y\": {\"f\": 1}}'\n");
  world.spec.echo = {{"a", {}, 1e-3}};
  CHECK(world.ask(0).status == Status::Ok);
  world.spec.echo[0].tolerance = 1e-5;
  check_failed(world.ask(1), "echo differs", "echo of a: expected 2.5, got 2.5001");
  world.spec.echo[0].from = regex("run.log", "A = (.*)");
  check_failed(world.ask(2), "echo differs", "'run.log' was not written");
}

TEST_CASE("a run that takes too long is ended", "[process]") {
  ScriptOracle world("echo 'waiting' >&2\nsleep 1000\n");
  world.spec.timeout_seconds = 0.3;
  const Answer answer = world.ask();
  CHECK(answer.status == Status::TimedOut);
  CHECK(answer.kind == "timeout");
  CHECK(contains(answer.message, "not done within 0.3 s: 'waiting', see runs/000000.1"));
  CHECK(answer.seconds >= 0.3);
}

TEST_CASE("a run that writes nothing is ended", "[process]") {
  ScriptOracle world("sleep 1000\n");
  world.spec.stall_seconds = 0.3;
  const Answer answer = world.ask();
  CHECK(answer.status == Status::TimedOut);
  CHECK(answer.kind == "stall");
  CHECK(contains(answer.message, "nothing written for 0.3 s"));
}

TEST_CASE("a program that cannot be started says why, after its retries", "[process]") {
  ScriptOracle world(well);
  world.write("sim.sh", "echo no first line\n");
  world.spec.retries = 1;
  const Answer answer = world.ask(0);
  check_failed(answer, "could not start", "#!/bin/sh");
  CHECK(answer.attempts == 2);
  CHECK(fs::exists(world.run("000000.2")));

  world.write("sim.sh", "#!/no/such/shell\n");
  check_failed(world.ask(1), "could not start", "the interpreter that it names is not");

  const Oracle oracle = world.oracle();
  fs::remove(world.folder / "sim.sh");
  check_failed(oracle.ask(ScriptOracle::query(2)), "could not start", "No such file or directory");
}

TEST_CASE("a program or supervisor that does not exist is refused before any run", "[process]") {
  ScriptOracle world(well);
  world.spec.run = {"./absent"};
  CHECK(contains(message_of<OracleError>([&] { world.oracle(); }), "'./absent' does not exist"));
  world.spec.run = {"./sim.sh"};
  const auto with_supervisor = [&](const std::string& supervisor) {
    return message_of<OracleError>([&] {
      process_oracle(world.spec, world.inputs, world.outputs, {},
                     {world.folder.path(), world.folder / "runs", supervisor, {}});
    });
  };
  CHECK(contains(with_supervisor("/no/such/sonde-run"), "'/no/such/sonde-run' does not exist"));
}

TEST_CASE("a study that cannot work is refused before any run", "[process]") {
  const auto refusal = [](auto change) {
    ScriptOracle world(well);
    change(world);
    return message_of<StudyError>([&] { world.oracle(); });
  };
  CHECK(contains(refusal([](ScriptOracle& w) { w.spec.run = {}; }), "expected a program"));
  CHECK(contains(refusal([](ScriptOracle& w) {
                   w.spec.run = {"./sim.sh", "{{b}}"};
                 }),
                 "simulator.run[1]:1:1: unknown name 'b'"));
  CHECK(contains(refusal([](ScriptOracle& w) { w.spec.env = {{"A=B", "1"}}; }), "'A=B'"));
  CHECK(contains(refusal([](ScriptOracle& w) { w.spec.timeout_seconds = 0; }), "more than 0 s"));
  CHECK(contains(refusal([](ScriptOracle& w) {
                   w.spec.fail_when = {{"run.log", "(", ""}};
                 }),
                 "simulator.fail_when: regular expression '('"));
  CHECK(contains(refusal([](ScriptOracle& w) {
                   w.spec.fail_when = {{"../x", "a", ""}};
                 }),
                 "expected a file in the run's directory"));
  CHECK(contains(refusal([](ScriptOracle& w) {
                   w.spec.echo = {{"b", {}, 1.0}};
                 }),
                 "echo.b: expected the name of a variable"));
}

TEST_CASE("of floods on both streams the ends are kept", "[process]") {
  const ScriptOracle world(
      "yes 'residual 1e+00, trying once more' | head -n 150000 | tee /dev/stderr\n" + well);
  const Answer answer = world.ask();
  CHECK(answer.message.empty());
  CHECK(answer.status == Status::Ok);
  for (const char* stream : {"stdout.txt", "stderr.txt"}) {
    CHECK(fs::file_size(world.run() / stream) < 2'200'000);
    CHECK(contains(text_of(world.run() / stream), "bytes left out]"));
  }
}

TEST_CASE("runs that are not to be kept leave their answer behind", "[process]") {
  ScriptOracle world("echo big > big.dat\n[ -s stdin.txt ] && " + well);
  world.spec.keep = SimulatorSpec::Keep::Failed;
  const Answer answer = world.ask();
  REQUIRE(answer.status == Status::Ok);
  CHECK_FALSE(fs::exists(world.run() / "big.dat"));
  const Answer again = world.ask();
  CHECK(again.y == answer.y);
  CHECK(again.seconds == answer.seconds);
  CHECK(again.started == answer.started);
  CHECK(world.starts() == 1);

  ScriptOracle failing("echo big > big.dat\nexit 1\n");
  failing.spec.keep = SimulatorSpec::Keep::Failed;
  failing.ask();
  CHECK(fs::exists(failing.run() / "big.dat"));
  failing.spec.keep = SimulatorSpec::Keep::None;
  CHECK_FALSE(contains(failing.ask(1).message, "see"));
  CHECK_FALSE(fs::exists(failing.run("000001.1") / "big.dat"));
  CHECK(failing.ask(1).kind == "exit status");
  CHECK(failing.starts() == 2);
}

TEST_CASE("a directory in which something else was asked is not taken for the answer",
          "[process]") {
  const ScriptOracle world(well);
  world.ask(0, 1.0);
  const Answer answer = world.ask(0, 2.0);
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == 2);
  CHECK(world.starts() == 2);
  CHECK(contains(text_of(world.run("000000.2") / "stdin.txt"), "{\"a\": 2}"));
}

TEST_CASE("whole numbers and words reach the program as such", "[process]") {
  ScriptOracle world(
      "cat > seen\necho '{\"x\": {\"material\": \"CFRP\", \"ribs\": 3}, "
      "\"y\": {\"f\": 1}}'\n");
  world.inputs = {Parameter::integer("ribs", 2, 8), Parameter::choice("material", {"AL", "CFRP"})};
  world.spec.echo = {{"ribs", {}}, {"material", {}}};
  const Oracle oracle = world.oracle();
  Query query{.id = 0, .x = (Vector(2) << 3.0, 1.0).finished(), .why = "design"};
  CHECK(oracle.ask(query).status == Status::Ok);
  CHECK(contains(text_of(world.run() / "seen"), "{\"ribs\": 3, \"material\": \"CFRP\"}"));
  query.id = 1;
  query.x[1] = 0.0;
  check_failed(oracle.ask(query), "echo differs", "echo of material: expected AL, got CFRP");
}

}  // namespace
}  // namespace sonde
