// Deaths: of the simulation, of its children, of the supervisor, of the engine.
#include <sys/wait.h>

#include <cerrno>
#include <future>

#include "support/matchers.hpp"
#include "support/script_oracle.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::Gate;
using testing_support::goes_away;
using testing_support::ScriptOracle;
using testing_support::text_of;
using Status = Answer::Status;

// Leaves behind a process of a session of its own, which ignores SIGTERM; its number comes through
// $study/daemon. Then goes on.
const std::string with_daemon =
    "setsid sh -c 'trap \"\" TERM; echo $$ > '$study'/daemon; while :; do sleep 0.1; done' &\n";

// A simulator that says that it has begun, and waits to be let go on.
struct Gated : ScriptOracle {
  Gate begun{folder / "begun"};
  Gate go{folder / "go"};
  explicit Gated(const std::string& before = "")
      : ScriptOracle(before +
                     "echo $$ > $study/begun\nread line < $study/go\n"
                     "echo '{\"y\": {\"f\": 1.5}}'\n") {}

  pid_t supervisor() const { return std::stoi(text_of(run() / ".sonde/lock")); }
};

// Another process that asks, as an engine would.
pid_t engine(const ScriptOracle& world) {
  const pid_t process = ::fork();
  if (process != 0) return process;
  world.ask();
  ::_exit(0);
}

void kill_and_reap(pid_t process) {
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

TEST_CASE("a timeout ends all processes of a run, also those that left its session",
          "[supervisor]") {
  ScriptOracle world(with_daemon + "trap '' TERM\nwhile :; do sleep 0.1; done\n");
  const Gate daemon(world.folder / "daemon");
  world.spec.timeout_seconds = 0.5;
  const Answer answer = world.ask();
  CHECK(answer.kind == "timeout");
  const std::string process = daemon.wait();
  REQUIRE_FALSE(process.empty());
  CHECK(goes_away(std::stoi(process)));
}

TEST_CASE("what a finished simulation leaves behind is ended", "[supervisor]") {
  // It ends only when the daemon has told its number, to the script and through that to us.
  const ScriptOracle world(with_daemon +
                           "read number < $study/daemon\necho $number > daemon\n"
                           "echo '{\"y\": {\"f\": 1.5}}'\n");
  const Gate daemon(world.folder / "daemon");
  CHECK(world.ask().status == Status::Ok);
  CHECK(goes_away(std::stoi(text_of(world.run() / "daemon"))));
}

TEST_CASE("a run outlives its engine, and is adopted by the next", "[supervisor]") {
  const Gated world;
  const pid_t first = engine(world);
  REQUIRE_FALSE(world.begun.wait().empty());
  kill_and_reap(first);
  std::future<Answer> second = std::async(std::launch::async, [&] { return world.ask(); });
  world.go.open();
  const Answer answer = second.get();
  CHECK(answer.message.empty());
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == 1);
  CHECK(world.starts() == 1);
}

TEST_CASE("a run that finished while there was no engine is not run again", "[supervisor]") {
  const Gated world;
  const pid_t first = engine(world);
  REQUIRE_FALSE(world.begun.wait().empty());
  const pid_t supervisor = world.supervisor();
  kill_and_reap(first);
  world.go.open();
  REQUIRE(goes_away(supervisor));
  CHECK(world.ask().status == Status::Ok);
  CHECK(world.ask().status == Status::Ok);
  CHECK(world.starts() == 1);
}

TEST_CASE("where that is wished, the engine's death ends the run", "[supervisor]") {
  Gated world;
  world.spec.on_death = SimulatorSpec::OnDeath::End;
  const pid_t first = engine(world);
  const std::string simulator = world.begun.wait();
  REQUIRE_FALSE(simulator.empty());
  kill_and_reap(first);
  CHECK(goes_away(std::stoi(simulator)));
  world.go.open();
  const Answer answer = world.ask();
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == 2);
  CHECK(contains(text_of(world.run() / ".sonde/result.json"), "\"ended\""));
}

TEST_CASE("a run that is called off is abandoned, and begun anew when asked again",
          "[supervisor]") {
  Gated world;
  std::future<Answer> first = std::async(std::launch::async, [&] { return world.ask(); });
  const std::string simulator = world.begun.wait();
  REQUIRE_FALSE(simulator.empty());
  world.stop.request_stop();
  CHECK(first.get().status == Status::Abandoned);
  CHECK(goes_away(std::stoi(simulator)));
  CHECK(world.ask(1).status == Status::Abandoned);
  CHECK_FALSE(fs::exists(world.run("000001.1")));

  world.stop = std::stop_source();
  world.go.open();
  const Answer again = world.ask();
  CHECK(again.status == Status::Ok);
  CHECK(again.attempts == 2);
}

TEST_CASE("an adopted run can be called off as well", "[supervisor]") {
  Gated world;
  const pid_t first = engine(world);
  const std::string simulator = world.begun.wait();
  REQUIRE_FALSE(simulator.empty());
  kill_and_reap(first);
  std::future<Answer> second = std::async(std::launch::async, [&] { return world.ask(); });
  world.stop.request_stop();
  CHECK(second.get().status == Status::Abandoned);
  CHECK(goes_away(std::stoi(simulator)));
}

TEST_CASE("a run whose supervisor was killed is lost: nothing of it stays, it is run again",
          "[supervisor]") {
  const Gated world(with_daemon);
  const Gate daemon(world.folder / "daemon");
  std::future<Answer> asked = std::async(std::launch::async, [&] { return world.ask(); });
  const std::string stray = daemon.wait();
  const std::string simulator = world.begun.wait();
  REQUIRE_FALSE(stray.empty());
  REQUIRE_FALSE(simulator.empty());
  ::kill(world.supervisor(), SIGKILL);
  REQUIRE_FALSE(world.begun.wait().empty());
  CHECK(goes_away(std::stoi(simulator)));
  CHECK(goes_away(std::stoi(stray)));
  world.go.open();
  const Answer answer = asked.get();
  CHECK(answer.message.empty());
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == 2);
}

TEST_CASE("a process that has got the number of a dead supervisor is let be", "[supervisor]") {
  const Gated world;
  const pid_t first = engine(world);
  REQUIRE_FALSE(world.begun.wait().empty());
  const pid_t supervisor = world.supervisor();
  kill_and_reap(first);
  ::kill(supervisor, SIGKILL);
  REQUIRE(goes_away(supervisor));
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    ::pause();
    ::_exit(0);
  }
  std::ofstream(world.run() / ".sonde/lock") << stranger << "\n";
  world.go.open();
  const Answer answer = world.ask();
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == 2);
  CHECK(::waitpid(stranger, nullptr, WNOHANG) == 0);
  kill_and_reap(stranger);
}

TEST_CASE("a run that is lost again and again is a failure", "[supervisor]") {
  // The script's parent is its supervisor.
  const ScriptOracle world("kill -KILL $PPID\nsleep 1000\n");
  const Answer answer = world.ask();
  CHECK(answer.status == Status::Failed);
  CHECK(answer.kind == "lost");
  CHECK(answer.attempts == 2);
  CHECK(contains(answer.message, "the run and its supervisor vanished, see runs/000000.2"));
}

TEST_CASE("many runs leave neither descriptors nor zombies", "[supervisor]") {
  const ScriptOracle world("echo '{\"y\": {\"f\": 1.5}}'\n");
  const Oracle oracle = world.oracle();
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = open_files();
  for (Index id = 0; id < 50; ++id) CHECK(oracle.ask(ScriptOracle::query(id)).y[0] == 1.5);
  CHECK(open_files() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("a simulator inherits no descriptor, no blocked signal, no terminal", "[supervisor]") {
  const ScriptOracle world(
      "ls /proc/self/fd | wc -l > fds\n"
      "grep -E '^Sig(Blk|Ign):' /proc/self/status > signals\n"
      "ulimit -c > core\n"
      "cat /proc/self/oom_score_adj > oom\n"
      "ps -o sid= -p $$ > session 2>/dev/null || echo $$ > session\n"
      "echo $$ > self\necho '{\"y\": {\"f\": 1.5}}'\n");
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  CHECK(world.ask().status == Status::Ok);
  ::signal(SIGPIPE, before);
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  CHECK(std::stoi(text_of(world.run() / "fds")) <= 4);  // the streams, and ls's own directory
  std::ifstream signals(world.run() / "signals");
  for (std::string name, mask; signals >> name >> mask;) {
    INFO(name << " " << mask);
    CHECK((std::stoull(mask, nullptr, 16) & 0x7fffffffu) == 0);  // 32 and 33 are the C library's
  }
  CHECK(text_of(world.run() / "core") == "0\n");
  CHECK(text_of(world.run() / "oom") == "500\n");  // the kernel takes it before the engine
  CHECK(std::stoi(text_of(world.run() / "session")) == std::stoi(text_of(world.run() / "self")));
}

}  // namespace
}  // namespace sonde
