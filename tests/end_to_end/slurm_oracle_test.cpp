// Runs through a Slurm that loses, repeats, forgets and kills: tests/support/fake_slurm.py. How
// often a simulator was started is counted by the simulator itself.
#include <future>
#include <mutex>

#include "oracle/file.hpp"
#include "sonde/base/error.hpp"
#include "support/matchers.hpp"
#include "support/script_oracle.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using testing_support::contains;
using testing_support::lines_in;
using testing_support::message_of;
using testing_support::ScriptOracle;
using testing_support::text_of;
using Status = Answer::Status;

const std::string well = "echo '{\"y\": {\"f\": 1.5}}'\n";
// Its first start waits to be killed, having said that it is there.
const std::string victim =
    "[ -e $study/slurm/ready ] || { touch $study/slurm/ready; exec sleep 1000; }\n" + well;
// Its first start goes on when the gate is opened, having said that it is there.
const std::string gated =
    "[ -e $study/slurm/ready ] || { touch $study/slurm/ready; read line < $study/gate; }\n" + well;

class Cluster : public ScriptOracle {
 public:
  explicit Cluster(const std::string& simulator, const std::string& plan = "{}")
      : ScriptOracle(simulator) {
    fs::create_directory(fake());
    for (const std::string name : {"sbatch", "squeue", "scancel", "scontrol"}) {
      write("slurm/" + name, "#!/bin/sh\nexec " SONDE_PYTHON " -ISs " SONDE_FAKE_SLURM " " + name +
                                 " " + fake().string() + " \"$@\"\n");
      fs::permissions(fake() / name, fs::perms::owner_all);
    }
    write("slurm/plan.json", plan);
    slurm = SlurmSpec{
        .commands = fake(), .poll_seconds = 0.1, .patience_seconds = 0.5, .command_seconds = 2.0};
    say = [this](const std::string& words) {
      const std::lock_guard lock(mutex_);
      said_ += words + "\n";
    };
  }

  fs::path fake() const { return folder / "slurm"; }
  std::string said() const {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  bool comes(const fs::path& file) const {
    for (int i = 0; i < 3000 && !fs::exists(file); ++i) ::poll(nullptr, 0, 10);
    return fs::exists(file);
  }
  long submissions() const {
    const std::string text = text_of(fake() / "state.json");
    const std::size_t at = text.find("\"sbatch\": ");
    return at == std::string::npos ? 0 : std::atol(text.c_str() + at + 10);
  }

 private:
  mutable std::mutex mutex_;
  std::string said_;
};

void check_ok(const Answer& answer, int attempts = 1) {
  CHECK(answer.message.empty());
  CHECK(answer.status == Status::Ok);
  CHECK(answer.attempts == attempts);
}

TEST_CASE("queries that are ready together go out as one array", "[slurm]") {
  const Cluster world("cat > seen; " + well);
  const Oracle oracle = world.oracle();
  std::vector<std::future<Answer>> answers;
  for (Index id = 0; id < 8; ++id)
    answers.push_back(
        std::async(std::launch::async, [&, id] { return oracle.ask(Cluster::query(id, 0.5)); }));
  for (auto& answer : answers) check_ok(answer.get());
  CHECK(world.starts() == 8);
  CHECK(world.submissions() <= 3);
  CHECK(text_of(world.run("000007.1") / "seen") ==
        "{\"id\": 7, \"attempt\": 1, \"x\": {\"a\": 0.5}}\n");
  CHECK(contains(text_of(world.run("000007.1") / ".sonde/claim"), "SLURM_JOB_NAME sonde-"));
}

TEST_CASE("a submission that nobody acknowledged is looked for before it is repeated", "[slurm]") {
  const Cluster world(well, R"({"sbatch": ["lost"]})");
  check_ok(world.ask());
  CHECK(world.starts() == 1);
  CHECK(world.submissions() == 1);
  CHECK(contains(world.said(), "Slurm does not answer"));
}

TEST_CASE("a submission that hangs is given up and looked for", "[slurm]") {
  for (const char* fault : {"hang", "deaf"}) {
    const Cluster world(well, std::string(R"({"sbatch": [")") + fault + "\"]}");
    check_ok(world.ask());
    CHECK(world.starts() == 1);
  }
}

TEST_CASE("a job that Slurm acknowledged and forgot is submitted again, whatever its number",
          "[slurm]") {
  const Cluster world(well, R"({"sbatch": ["forget", "forget"]})");
  check_ok(world.ask());
  CHECK(world.starts() == 1);
  CHECK(world.submissions() == 3);
}

TEST_CASE("a job that is begun again while it still runs is executed once", "[slurm]") {
  const Cluster world(gated, R"({"tasks": ["requeue"]})");
  const testing_support::Gate gate(world.folder / "gate");
  auto answer = std::async(std::launch::async, [&] { return world.ask(); });
  REQUIRE(world.comes(world.fake() / "ready"));
  while (!contains(text_of(world.fake() / "state.json"), "COMPLETED")) ::poll(nullptr, 0, 10);
  ::poll(nullptr, 0, 1000);  // twice as long as the patience with what shows no life
  CHECK(world.starts() == 1);
  gate.open();
  check_ok(answer.get());
  CHECK(world.starts() == 1);
}

TEST_CASE("a running job that the queue has forgotten is waited for", "[slurm]") {
  const Cluster world(gated, R"({"tasks": ["overlook"]})");
  const testing_support::Gate gate(world.folder / "gate");
  auto answer = std::async(std::launch::async, [&] { return world.ask(); });
  REQUIRE(world.comes(world.fake() / "ready"));
  ::poll(nullptr, 0, 1500);
  gate.open();
  check_ok(answer.get());
  CHECK(world.starts() == 1);
  CHECK(world.submissions() == 1);
}

TEST_CASE("what was lost with its node, had to make room, or vanished is run again", "[slurm]") {
  for (const char* fault : {"node_fail", "preempt", "vanish", "collide"}) {
    const Cluster world(victim, std::string(R"({"tasks": [")") + fault + "\"]}");
    check_ok(world.ask(), 2);
    CHECK(world.starts() == 2);
    CHECK(fs::exists(world.run("000000.2")));
  }
}

TEST_CASE("what runs into Slurm's limits, or is cancelled by someone, is not run again",
          "[slurm]") {
  const auto check = [](const std::string& fault, Status status, const std::string& kind,
                        const std::string& words) {
    const Cluster world(victim, R"({"tasks": [")" + fault + "\"]}");
    const Answer answer = world.ask();
    CHECK(answer.status == status);
    CHECK(answer.kind == kind);
    CHECK(contains(answer.message, words));
    CHECK(world.starts() == 1);
  };
  check("timeout", Status::TimedOut, "timeout", "TIMEOUT (TimeLimit) on n1");
  check("warn", Status::TimedOut, "timeout", "the queue's time limit is near");
  check("timeout_kill", Status::TimedOut, "timeout", "TIMEOUT (TimeLimit) on n1");
  check("cancel", Status::Failed, "cancelled", "CANCELLED on n1, see runs/000000.1");
  check("oom", Status::Failed, "out of memory", "OUT_OF_MEMORY");
}

TEST_CASE("a job that never begins says why", "[slurm]") {
  const auto check = [](const std::string& fault, const std::string& kind,
                        const std::string& words) {
    const Cluster world(well, R"({"tasks": [")" + fault + "\"]}");
    const Answer answer = world.ask();
    CHECK(answer.status == Status::Failed);
    CHECK(answer.kind == kind);
    CHECK(contains(answer.message, words));
    CHECK(world.starts() == 0);
  };
  check("launch", "could not start", "FAILED (JobLaunchFailure)");
  check("pending", "cancelled", "CANCELLED");
}

TEST_CASE("a job that a node gave back is submitted again", "[slurm]") {
  const Cluster world(well, R"({"tasks": ["bounce", "bounce"]})");
  check_ok(world.ask());
  CHECK(world.starts() == 1);
  CHECK(world.submissions() == 3);
}

TEST_CASE("what Slurm will never give stops the campaign, with its words", "[slurm]") {
  const Cluster refused(well, R"({"sbatch": ["refuse"]})");
  CHECK(contains(message_of<OracleError>([&] { refused.ask(); }), "Invalid partition name"));
  const Cluster stuck(well, R"({"tasks": ["never"]})");
  CHECK(contains(message_of<OracleError>([&] { stuck.ask(); }), "PartitionNodeLimit"));
  CHECK(contains(text_of(stuck.fake() / "state.json"), "CANCELLED"));
}

TEST_CASE("a controller that does not answer is waited for, which is said once", "[slurm]") {
  const Cluster world(gated);
  const testing_support::Gate gate(world.folder / "gate");
  auto answer = std::async(std::launch::async, [&] { return world.ask(); });
  REQUIRE(world.comes(world.fake() / "ready"));
  world.write("slurm/down", "");
  while (!contains(world.said(), "does not answer")) ::poll(nullptr, 0, 10);
  ::poll(nullptr, 0, 700);
  fs::remove(world.fake() / "down");
  while (!contains(world.said(), "answers again")) ::poll(nullptr, 0, 10);
  gate.open();
  check_ok(answer.get());
  CHECK(world.starts() == 1);
  const std::string said = world.said();
  CHECK(std::count(said.begin(), said.end(), '\n') == 2);
}

TEST_CASE("what squeue prints besides is no queue", "[slurm]") {
  const Cluster world(gated, R"({"squeue": ["garbage", "garbage", "hang", "unreachable"]})");
  const testing_support::Gate gate(world.folder / "gate");
  auto answer = std::async(std::launch::async, [&] { return world.ask(); });
  while (!contains(world.said(), "answers again")) ::poll(nullptr, 0, 10);
  gate.open();
  check_ok(answer.get());
  CHECK(world.starts() == 1);
  CHECK(contains(world.said(), "squeue printed '1|2'"));
}

TEST_CASE("a job that goes on without us is adopted, also while Slurm does not answer", "[slurm]") {
  const Cluster world(gated);
  const testing_support::Gate gate(world.folder / "gate");
  std::stop_source first;
  {
    // An engine that is interrupted when nobody answers leaves its job alone.
    const Oracle oracle =
        process_oracle(world.spec, world.inputs, world.outputs, world.values,
                       {world.folder.path(), world.folder / "campaign/runs", SONDE_RUN_PROGRAM,
                        first.get_token(), world.slurm, world.say});
    auto answer = std::async(std::launch::async, [&] { return oracle.ask(Cluster::query()); });
    REQUIRE(world.comes(world.fake() / "ready"));
    world.write("slurm/down", "");
    first.request_stop();
    CHECK(answer.get().status == Status::Abandoned);
    CHECK(contains(world.said(), "its jobs go on"));
  }
  auto answer = std::async(std::launch::async, [&] { return world.ask(); });
  gate.open();
  check_ok(answer.get());
  CHECK(world.starts() == 1);
}

TEST_CASE("an interruption cancels the jobs, and what was called off is run anew", "[slurm]") {
  Cluster world(victim);
  auto answer = std::async(std::launch::async, [&] { return world.ask(); });
  REQUIRE(world.comes(world.fake() / "ready"));
  world.stop.request_stop();
  CHECK(answer.get().status == Status::Abandoned);
  CHECK(world.comes(world.run() / ".sonde/result.json"));
  world.stop = std::stop_source();
  const Answer again = world.ask();
  CHECK(again.status == Status::Ok);
  CHECK(world.starts() == 2);
}

TEST_CASE("jobs of Slurm outlive us: the study may not wish otherwise", "[slurm]") {
  Cluster world(well);
  world.spec.on_death = SimulatorSpec::OnDeath::End;
  CHECK(contains(message_of<StudyError>([&] { world.oracle(); }), "simulator.on_death"));
  world.spec.on_death = SimulatorSpec::OnDeath::Adopt;
  world.slurm->extra = {"--mem=4G\n#SBATCH --wrap=x"};
  CHECK(contains(message_of<StudyError>([&] { world.oracle(); }), "slurm.extra"));
  world.slurm->extra = {"--array=1-9"};
  CHECK(contains(message_of<StudyError>([&] { world.oracle(); }), "set by Sonde"));
  world.slurm->extra = {"rm -rf"};
  CHECK(contains(message_of<StudyError>([&] { world.oracle(); }), "slurm.extra"));
  world.slurm->extra = {};
  world.slurm->partition = "a b";
  CHECK(contains(message_of<StudyError>([&] { world.oracle(); }), "slurm.partition"));
}

}  // namespace
}  // namespace sonde
