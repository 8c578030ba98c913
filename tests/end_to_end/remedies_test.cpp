// What is done about failures: retries, nudges, limits, tokens; which point is recorded.
#include <cmath>
#include <cstdlib>
#include <future>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/script_oracle.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::Gate;
using testing_support::message_of;
using testing_support::ScriptOracle;
using testing_support::text_of;
using Status = Answer::Status;

const std::string well = "echo '{\"y\": {\"f\": 1.5}}'\n";
// Fails as often as the file says that it has not yet.
const std::string fails_twice =
    "[ $(wc -l < $study/count) -gt 2 ] || { echo 'no licence' >&2; exit 3; }\n" + well;

TEST_CASE("what the world is to blame for is tried again", "[remedies]") {
  ScriptOracle world(fails_twice);
  world.spec.fail_when = {{"stderr.txt", "licence", "licence", Remedy::Retry}};
  world.spec.retries = 2;
  const Answer answer = world.ask();
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == 3);
  CHECK(world.starts() == 3);
}

TEST_CASE("what stays the world's fault is transient, and goes on where it was", "[remedies]") {
  ScriptOracle world(fails_twice);
  world.spec.on_failure = {{"exit status", Remedy::Retry}};
  const Answer first = world.ask();
  CHECK(first.status == Status::Failed);
  CHECK(first.kind == "exit status");
  CHECK(first.transient);
  CHECK(first.attempts == 1);
  Query query = ScriptOracle::query();
  query.attempts = first.attempts;
  const Answer second = world.oracle().ask(query);
  CHECK(second.transient);
  CHECK(second.attempts == 2);
  query.attempts = second.attempts;
  const Answer third = world.oracle().ask(query);
  CHECK(third.status == Status::Ok);
  CHECK(third.attempts == 3);
  CHECK(world.starts() == 3);
}

TEST_CASE("other failures stand, and are not the world's", "[remedies]") {
  ScriptOracle world("exit 3\n");
  world.spec.retries = 5;
  const Answer answer = world.ask();
  CHECK(answer.kind == "exit status");
  CHECK_FALSE(answer.transient);
  CHECK(world.starts() == 1);
}

TEST_CASE("a speckle is stepped around, and the point recorded is the one simulated",
          "[remedies]") {
  // 2.5 itself fails, whatever lies beside it does not; the output is the input.
  ScriptOracle world(
      "a=$(sed 's/.*\"a\": \\([^}]*\\)}.*/\\1/')\n[ \"$a\" != 2.5 ] || exit 1\n"
      "echo \"{\\\"y\\\": {\\\"f\\\": $a}}\"\n");
  world.spec.nudge = 1e-3;
  const Answer answer = world.ask();
  REQUIRE(answer.status == Status::Ok);
  REQUIRE(answer.x.size() == 1);
  CHECK(answer.x[0] == answer.y[0]);
  CHECK(answer.x[0] != 2.5);
  CHECK(std::abs(answer.x[0] - 2.5) <= 1e-3 * 10.0);
  CHECK(answer.attempts == 2);
  // Asked again, as after a crash, it is the same answer, and nothing is run.
  CHECK(world.ask().x == answer.x);
  CHECK(world.starts() == 2);
}

TEST_CASE("a point whose neighbours fail too has failed, after three of them", "[remedies]") {
  ScriptOracle world("exit 1\n");
  world.spec.nudge = 1e-3;
  const Answer answer = world.ask();
  CHECK(answer.status == Status::Failed);
  CHECK_FALSE(answer.transient);
  CHECK(answer.attempts == 4);
  CHECK(world.starts() == 4);
}

TEST_CASE("no nudge leaves the constraints", "[remedies]") {
  ScriptOracle world(
      "a=$(sed 's/.*\"a\": \\([^}]*\\)}.*/\\1/')\necho $a >> $study/asked\nexit 1\n");
  world.spec.nudge = 0.1;
  world.constraints = {{"most", [](VectorView x) { return x[0] - 2.5; }}};
  world.ask();
  std::ifstream asked(world.folder / "asked");
  int points = 0;
  for (double a = 0.0; asked >> a; ++points) CHECK(a <= 2.5);
  CHECK(points == 4);
}

TEST_CASE("outputs that arrived are kept where others did not", "[remedies]") {
  ScriptOracle world("echo 'gain = 3' > log\n");
  world.outputs = {{{"gain", "1"},
                    {.source = Extraction::Source::Regex, .file = "log", .pattern = "gain = (.*)"},
                    {}},
                   {{"phase", "1"},
                    {.source = Extraction::Source::Regex, .file = "log", .pattern = "phase = (.*)"},
                    {}}};
  const Answer answer = world.ask();
  REQUIRE(answer.status == Status::Ok);
  CHECK(answer.y[0] == 3.0);
  CHECK(std::isnan(answer.y[1]));
  CHECK(answer.kind == "output missing");
  CHECK(contains(answer.message, "phase"));
  world.spec.keep = SimulatorSpec::Keep::None;
  const Answer again = world.ask(1);
  const Answer reduced = world.ask(1);
  CHECK(reduced.y[0] == again.y[0]);
  CHECK(std::isnan(reduced.y[1]));
}

TEST_CASE("a remedy that is named for missing outputs is tried before part of them is taken",
          "[remedies]") {
  ScriptOracle world(
      "echo 'gain = 3' > log\n[ $(wc -l < $study/count) -lt 3 ] || "
      "echo 'phase = 4' >> log\n");
  world.outputs = {{{"gain", "1"},
                    {.source = Extraction::Source::Regex, .file = "log", .pattern = "gain = (.*)"},
                    {}},
                   {{"phase", "1"},
                    {.source = Extraction::Source::Regex, .file = "log", .pattern = "phase = (.*)"},
                    {}}};
  world.spec.on_failure = {{"output missing", Remedy::Retry}};
  world.spec.retries = 1;
  const Answer part = world.ask(0);
  CHECK(part.status == Status::Ok);
  CHECK_FALSE(part.transient);
  CHECK(std::isnan(part.y[1]));
  CHECK(world.starts() == 2);
  CHECK(world.ask(1).y == (Vector(2) << 3.0, 4.0).finished());
}

TEST_CASE("the point recorded is the one that the format wrote", "[remedies]") {
  ScriptOracle world(well);
  world.write("in.tmpl", "a = {{a|%.1f}}\n");
  world.spec.templates = {{"in.tmpl", "in"}};
  const Answer answer = world.ask(0, 2.46);
  REQUIRE(answer.status == Status::Ok);
  CHECK(answer.x == Vector::Constant(1, 2.5));
  CHECK(world.ask(1, 2.5).x.size() == 0);
  world.constraints = {{"most", [](VectorView x) { return x[0] - 2.47; }}};
  const Answer outside = world.ask(2, 2.46);
  CHECK(outside.status == Status::Failed);
  CHECK(outside.kind == "inadmissible");
  CHECK(contains(outside.message, "'most'"));
  CHECK(world.starts() == 2);
}

TEST_CASE("a run that takes more than its limits ends by them", "[remedies]") {
  ScriptOracle cpu("while :; do :; done\n");
  cpu.spec.cpu_limit_seconds = 1.0;
  CHECK(cpu.ask().kind == "cpu limit");

  ScriptOracle file("exec dd if=/dev/zero of=big bs=1024 count=100\n");
  file.spec.file_limit = 20480;
  CHECK(file.ask().kind == "file limit");
  CHECK(fs::file_size(file.run() / "big") == 20480);

  ScriptOracle memory(
      "exec python3 -c 'x = bytearray(300_000_000); print(\"{\\\"y\\\": {\\\"f\\\": 1}}\")'\n");
  memory.spec.memory_limit = 200e6;
  CHECK(memory.ask().kind == "out of memory");
  memory.spec.memory_limit = 2e9;
  CHECK(memory.ask(1).status == Status::Ok);
}

TEST_CASE("no more runs hold a token than there are, over all campaigns", "[remedies]") {
  ScriptOracle first("echo run > $study/began; read go < $study/gate\n" + well);
  ScriptOracle second(well);
  ::setenv("SONDE_TOKENS", (first.folder / "tokens").c_str(), 1);
  const Gate began(first.folder / "began");
  const Gate gate(first.folder / "gate");
  for (ScriptOracle* world : {&first, &second}) {
    world->spec.tokens = {{"solver", 1}};
    world->spec.token_pool = {{"solver", 1}};
  }
  std::future<Answer> holding = std::async(std::launch::async, [&] { return first.ask(); });
  REQUIRE(began.wait() == "run");
  std::future<Answer> waiting = std::async(std::launch::async, [&] { return second.ask(); });
  CHECK(waiting.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
  CHECK_FALSE(fs::exists(second.folder / "count"));
  gate.open();
  CHECK(holding.get().status == Status::Ok);
  CHECK(waiting.get().status == Status::Ok);
  ::unsetenv("SONDE_TOKENS");
}

TEST_CASE("a token that may only be read is taken all the same", "[remedies]") {
  ScriptOracle world(well);
  ::setenv("SONDE_TOKENS", (world.folder / "tokens").c_str(), 1);
  fs::create_directories(world.folder / "tokens");
  std::ofstream(world.folder / "tokens" / "solver.0") << "";
  fs::permissions(world.folder / "tokens" / "solver.0", fs::perms::owner_read);
  world.spec.tokens = {{"solver", 1}};
  world.spec.token_pool = {{"solver", 1}};
  CHECK(world.ask().status == Status::Ok);
  ::unsetenv("SONDE_TOKENS");
}

TEST_CASE("a stop is heard while a run waits for a token", "[remedies]") {
  ScriptOracle world(well);
  ::setenv("SONDE_TOKENS", (world.folder / "tokens").c_str(), 1);
  world.spec.tokens = {{"solver", 1}};
  world.spec.token_pool = {{"solver", 1}};
  world.stop.request_stop();
  CHECK(world.ask().status == Status::Abandoned);
  CHECK_FALSE(fs::exists(world.folder / "count"));
  world.spec.tokens = {{"solver", 2}};
  CHECK(contains(message_of<StudyError>([&] { world.oracle(); }), "simulator.tokens.solver"));
  ::unsetenv("SONDE_TOKENS");
}

}  // namespace
}  // namespace sonde
