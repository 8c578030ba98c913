#pragma once

#include <optional>

#include "oracle/file.hpp"
#include "oracle/run_record.hpp"
#include "supervisor/capped_file.hpp"
#include "supervisor/progress_watch.hpp"
#include "supervisor/simulation.hpp"

namespace sonde {

/// One simulation in the working directory, from its start until no process of it is left.
class Supervision {
 public:
  /// \param signals a signalfd that tells of SIGCHLD, and of the wish to end
  /// \param lifeline read end of a pipe that ends with the engine; may be absent
  /// \param claim a file that is touched every `beat` seconds; "" where nobody looks for it
  Supervision(const RunRequest& request, const Descriptor& signals, const Descriptor& lifeline,
              std::string claim = "");

  RunResult run();

 private:
  using Outcome = RunResult::Outcome;

  void watch();
  bool reap();  // whether processes are left
  void wait_for_something();
  void take_signals();
  void take_output();
  void watch_clocks();
  void beat(double now);
  void begin_end(Outcome outcome, std::string message);
  void press_end(double now);
  void kill_all();
  double next_deadline() const;
  RunResult result() const;

  const RunRequest& request_;
  const Descriptor& signals_;
  const Descriptor& lifeline_;
  std::string claim_;
  double started_;    // s since 1970
  double begin_;      // monotonic, as all that follow
  double end_ = 0.0;  // when the simulator itself was gone
  double next_beat_;
  CappedFile output_;
  CappedFile error_output_;
  Simulation simulation_;
  ProgressWatch progress_;
  bool simulator_lives_ = true;
  bool lifeline_holds_;
  int status_ = 0;  // of the simulator, as from wait()
  std::optional<Outcome> called_off_;
  std::optional<double> kill_at_;  // set once anything is to end
  std::optional<double> give_up_at_;
  std::string message_;
};

}  // namespace sonde
