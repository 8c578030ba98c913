#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sonde {

/// How runs go out through Slurm: by sbatch, queries that are ready together as one array, each
/// run under `sonde-run` on the node that Slurm chooses. The directory of the runs, that of the
/// study and `sonde-run` must be visible there under the same paths.
///
/// What a run left in its directory is the truth; Slurm is asked for what is missing there. A run
/// is known by the name of its job, written down before it is submitted, never by a job's number:
/// a controller that was killed gives numbers out again.
struct SlurmSpec {
  std::string partition{};           ///< empty: the cluster's default
  double time_seconds = 0.0;         ///< the limit that Slurm sets, in whole minutes; 0: default
  std::vector<std::string> extra{};  ///< further arguments of sbatch
  std::filesystem::path commands{};  ///< folder of sbatch, squeue, scancel; empty: on PATH
  double poll_seconds = 2.0;         ///< between two looks at the queue, one for all jobs
  double patience_seconds = 60.0;    ///< without a sign of life, of a run whose job has ended,
                                     ///< before it is given up: file servers show files late
  double command_seconds = 30.0;     ///< for sbatch, squeue or scancel to answer
};

/// \throws StudyError where a partition or an argument could not be handed to sbatch as one.
void check(const SlurmSpec& spec);

}  // namespace sonde
