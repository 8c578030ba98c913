// The simulator that goes wrong on demand: every fault must become what its list says.
#include <array>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <sstream>

#include "sonde/oracle/crew.hpp"
#include "support/matchers.hpp"
#include "support/script_oracle.hpp"

namespace sonde {
namespace {

using testing_support::TemporaryDirectory;
using testing_support::text_of;
using Status = Answer::Status;

const std::string flaky = SONDE_SIMULATORS_DIRECTORY "/flaky";

// The faults and what each must become, as the simulator itself lists them.
std::map<std::string, std::string> listed_faults() {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((flaky + " --list").c_str(), "r"),
                                                   ::pclose);
  std::map<std::string, std::string> faults;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), pipe.get())) {
    std::istringstream words(line.data());
    std::string name;
    words >> name;
    words >> faults[name];
  }
  return faults;
}

std::string word(Status status) {
  return status == Status::Ok ? "ok" : status == Status::TimedOut ? "timed_out" : "failed";
}

// A study that looks at everything.
struct Study {
  TemporaryDirectory folder;
  SimulatorSpec spec;
  std::vector<Parameter> inputs = {Parameter::linear("a", -5, 10), Parameter::linear("b", 0, 15)};
  std::vector<ProcessOutput> outputs = {{{"value", "1"}, {}, {}}};

  explicit Study(const std::vector<std::string>& options) {
    spec.run = {flaky,
                "--log",
                (folder / "log").string(),
                "--memory-bytes",
                "8000000",
                "--disk-bytes",
                "2000000",
                "--slow-seconds",
                "0.05"};
    spec.run.insert(spec.run.end(), options.begin(), options.end());
    spec.timeout_seconds = 3.0;
    spec.fail_when = {{"stderr.txt", "(?i)diverged", "diverged"}};
    spec.echo = {{"a", {}}, {"b", {}}};
    const Symbols symbols{{"a", "b", "value"}, {}, {}, {}};
    outputs[0].accept = Expression("value < 1000", symbols);
  }
  Oracle oracle() const {
    return process_oracle(spec, inputs, outputs, {},
                          {folder.path(), folder / "runs", SONDE_RUN_PROGRAM, {}});
  }
  static Query query(Index id) {
    const double t = static_cast<double>(id);
    return {.id = id, .x = (Vector(2) << 0.1 * t, 0.2 * t).finished(), .why = "design"};
  }
};

TEST_CASE("every fault that a process can commit becomes what it must", "[flaky]") {
  const std::map<std::string, std::string> kinds = {{"segv", "signal"},
                                                    {"abort", "signal"},
                                                    {"exit", "exit status"},
                                                    {"hang", "timeout"},
                                                    {"stubborn", "timeout"},
                                                    {"nan", "not finite"},
                                                    {"inf", "not finite"},
                                                    {"absurd", "out of range"},
                                                    {"garbage", "output missing"},
                                                    {"missing", "output missing"},
                                                    {"torn", "output missing"},
                                                    {"diverged", "diverged"},
                                                    {"silent", "output missing"},
                                                    {"deaf", "output missing"},
                                                    {"wrong_echo", "echo differs"},
                                                    {"memory", "signal"},
                                                    {"stale", "output missing"}};
  for (const auto& [fault, due] : listed_faults()) {
    Study study({"--fault", fault});
    study.spec.timeout_seconds = due == "timed_out" ? 0.3 : 60.0;
    const Answer answer = study.oracle().ask(Study::query(3));
    INFO(fault << ": " << answer.kind << ": " << answer.message);
    CHECK(word(answer.status) == due);
    if (kinds.contains(fault)) CHECK(answer.kind == kinds.at(fault));
  }
}

TEST_CASE("faults in the files that a simulator writes are seen as well", "[flaky]") {
  for (const auto& [fault, due] : listed_faults()) {
    if (due == "timed_out") continue;
    Study study({"--fault", fault, "--files"});
    study.outputs[0].from = {
        .source = Extraction::Source::Json, .file = "result.json", .path = "/y/value"};
    study.spec.succeed_when = {{"run.log", "^END OF RUN", ""}};
    study.spec.echo = {
        {"a", {.source = Extraction::Source::Regex, .file = "run.log", .pattern = "^A = (.*)"}}};
    const Answer answer = study.oracle().ask(Study::query(3));
    INFO(fault << ": " << answer.kind << ": " << answer.message);
    CHECK(word(answer.status) == due);
  }
}

TEST_CASE("a mixture of faults, several at a time, is answered fault by fault", "[flaky]") {
  const Study study({"--rate", "0.6", "--seed", "5"});
  const std::map<std::string, std::string> due = listed_faults();
  Crew crew(study.oracle(), 4);
  constexpr Index n = 40;
  for (Index id = 0; id < n; ++id) crew.submit(Study::query(id));
  std::map<Index, Answer> answers;
  while (crew.in_flight() > 0) {
    const std::optional<Answered> next = crew.wait(std::numeric_limits<double>::infinity());
    answers[next->id] = next->answer;
  }
  std::istringstream log(text_of(study.folder / "log"));
  Index logged = 0;
  Index id = 0;
  int attempt = 0;
  for (std::string fault; log >> id >> attempt >> fault; ++logged) {
    INFO(id << " " << fault << ": " << answers[id].kind << ": " << answers[id].message);
    CHECK(attempt == 1);
    CHECK(word(answers[id].status) == due.at(fault));
  }
  CHECK(logged == n);
}

}  // namespace
}  // namespace sonde
