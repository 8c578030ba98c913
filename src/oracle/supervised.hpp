#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "oracle/file.hpp"
#include "oracle/run_directory.hpp"

namespace sonde {

/// A wish to stop, as something that poll() wakes for.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop);

  int descriptor() const noexcept { return event_.number(); }
  bool wished() const { return stop_.stop_requested(); }
  void sleep(double seconds) const;  ///< less where a stop is wished

 private:
  std::stop_token stop_;
  Descriptor event_;
  std::stop_callback<std::function<void()>> wake_;
};

/// The supervisor's program: `given`, or beside this program, or on PATH. \throws OracleError
std::filesystem::path supervisor_program(const std::filesystem::path& given);

/// Runs the supervisor in `run` until it ends; where a stop is wished, asks it to end the run.
/// \param lock of the run, which the supervisor takes over  \param held what it keeps open as
/// long as it lives, likewise  \throws Error where it cannot start.
void supervise(const std::filesystem::path& program, const RunDirectory& run, Descriptor lock,
               std::vector<Descriptor> held, bool end_on_death, const StopEvent& stop);

/// Waits until nobody runs in `run`, which another engine began; where a stop is wished, asks its
/// supervisor to end the run, or, where that is out of reach, returns at once.
void await(const RunDirectory& run, const StopEvent& stop);

/// Kills what is left of a run whose supervisor is dead.
void kill_strays(const RunDirectory& run);

}  // namespace sonde
