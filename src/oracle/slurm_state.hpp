#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde {

/// One task of an array as `squeue` lists it.
struct SlurmTask {
  std::string job;    ///< number of the array; another's tomorrow
  int index = 0;      ///< in the array; -1: all that have no line of their own
  std::string state;  ///< "PENDING", "RUNNING", "NODE_FAIL", ...
  std::string reason;
  int exit_status = 0;  ///< of the job's script, where it ended by itself
  std::string node;
  std::string name;  ///< of the job

  enum class Phase { Waiting, Running, Ended };
  Phase phase() const;
  /// Whether it waits for something that does not come: a partition without so many nodes.
  bool waits_for_ever() const;
  /// "NODE_FAIL (NodeDown) on n3", printable.
  std::string in_words() const;
  std::string id() const;  ///< for scancel
};

/// Arguments that make `squeue` list the tasks of this user as slurm_tasks() reads them.
std::vector<std::string> squeue_arguments();

/// What squeue printed, or nothing where that is none of it.
std::optional<std::vector<SlurmTask>> slurm_tasks(std::string_view text);

/// What is to be done after a command of Slurm's failed.
enum class SlurmRefusal {
  Unreachable,  ///< nobody answered, or not now: ask again
  Final,        ///< what was asked for will never be given
  Unclear
};

SlurmRefusal slurm_refusal(std::string_view error_output);

}  // namespace sonde
