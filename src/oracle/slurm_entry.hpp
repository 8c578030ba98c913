#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "oracle/run_directory.hpp"
#include "oracle/slurm_jobs.hpp"
#include "oracle/slurm_state.hpp"
#include "oracle/slurm_submissions.hpp"

namespace sonde {

using SlurmClock = std::chrono::steady_clock;

/// One run that somebody waits for, as seen from its directory and from the queue. Not yet decided
/// as long as `end` is empty.
struct SlurmEntry {
  explicit SlurmEntry(const RunDirectory& directory) : run(directory) {}

  RunDirectory run;
  std::vector<SlurmPlace> places{};  ///< oldest first
  bool ready = false;                ///< to be submitted, or submitted again
  bool cancelled = false;            ///< by us, and Slurm knows
  std::optional<SlurmTask> task{};   ///< as last listed
  int absent = 0;                    ///< looks at the queue in a row that did not list it
  int submissions = 0;
  std::string controller{};  ///< when it was started, as known when the run was submitted
  std::string sign{};        ///< of life: changes as long as a supervisor lives
  SlurmClock::time_point quiet_since = SlurmClock::now();
  std::optional<SlurmEnd> end{};
  std::exception_ptr failure{};                         ///< in place of an end
  std::optional<SlurmClock::time_point> stuck_since{};  ///< waiting for what does not come
  std::condition_variable_any ended{};

  bool decided() const { return end || failure; }
};

/// What the queue says of it, from tasks of its names; nothing where none is listed.
std::optional<SlurmTask> listed(const std::vector<SlurmPlace>& places,
                                const std::vector<const SlurmTask*>& tasks);

/// Looks into its directory and decides, if there is anything to decide. `absent` must have reached
/// `most_absent` before a job is held to be gone; then, without a sign of life for `patience`
/// seconds, the run is.
enum class SlurmVerdict { Wait, Ended, SubmitAgain };
SlurmVerdict judge(SlurmEntry& entry, double patience, int most_absent);

}  // namespace sonde
