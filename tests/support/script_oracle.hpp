#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "sonde/oracle/process.hpp"
#include "support/temporary_directory.hpp"

namespace sonde::testing_support {

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline long lines_in(const std::filesystem::path& file) {
  const std::string text = text_of(file);
  return std::count(text.begin(), text.end(), '\n');
}

/// A named pipe through which a simulator and a test wait for each other, without clocks.
class Gate {
 public:
  explicit Gate(const std::filesystem::path& path) {
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("no named pipe");
    // Open for both, so that neither side's opening blocks.
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  }
  ~Gate() { ::close(descriptor_); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void open() const {
    if (::write(descriptor_, "go\n", 3) != 3) throw std::runtime_error("the gate is stuck");
  }
  /// A line that came through, whole; "" after half a minute without one.
  std::string wait() const {
    std::string line;
    char letter = 0;
    for (pollfd watched{descriptor_, POLLIN, 0}; ::poll(&watched, 1, 30'000) == 1;) {
      if (::read(descriptor_, &letter, 1) != 1 || letter == '\n') return line;
      line += letter;
    }
    return "";
  }

 private:
  int descriptor_ = -1;
};

/// A study of one input `a` in [0, 10] and one output `f`, whose simulator is a shell script.
struct ScriptOracle {
  TemporaryDirectory folder;
  SimulatorSpec spec;
  std::vector<Parameter> inputs = {Parameter::linear("a", 0, 10)};
  std::vector<ProcessOutput> outputs = {{{"f", "1"}, {}, {}}};
  TemplateValues values;
  std::vector<Constraint> constraints;
  std::stop_source stop;
  std::optional<SlurmSpec> slurm{};
  std::function<void(const std::string&)> say{};

  /// Every line of `$count` is a start of the simulator.
  explicit ScriptOracle(const std::string& script) {
    write("sim.sh", "#!/bin/sh\nstudy=" + folder.path().string() +
                        "\necho started >> $study/count\n" + script);
    std::filesystem::permissions(folder / "sim.sh", std::filesystem::perms::owner_all);
    spec.run = {"./sim.sh"};
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  Oracle oracle() const {
    return process_oracle(
        spec, inputs, outputs, values,
        {folder.path(), folder / "campaign/runs", SONDE_RUN_PROGRAM, stop.get_token(), slurm, say},
        constraints);
  }
  static Query query(Index id = 0, double a = 2.5) {
    return {.id = id, .x = Vector::Constant(1, a), .why = "design"};
  }
  Answer ask(Index id = 0, double a = 2.5) const { return oracle().ask(query(id, a)); }

  long starts() const { return lines_in(folder / "count"); }
  std::filesystem::path run(const std::string& name = "000000.1") const {
    return folder.path() / "campaign" / "runs" / name;
  }
};

/// Waits for a process to be gone, half a minute at most.
inline bool goes_away(pid_t process) {
  for (int i = 0; i < 3000; ++i) {
    if (::kill(process, 0) != 0) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

}  // namespace sonde::testing_support
