#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "oracle/run_directory.hpp"
#include "sonde/oracle/slurm.hpp"

namespace sonde {

/// What became of a run that was given to Slurm.
struct SlurmEnd {
  enum class Why {
    Recorded,     ///< its directory says how it ended
    CalledOff,    ///< we wished it to stop, or nobody waits any longer
    NotStarted,   ///< no supervisor ever came to it
    Lost,         ///< it vanished together with its supervisor
    NodeLost,     ///< likewise, with its node
    Preempted,    ///< it had to make room
    TimeLimit,    ///< Slurm's
    Cancelled,    ///< by someone else
    OutOfMemory,  ///< it used more than the job was given
  };
  Why why = Why::Recorded;
  std::string words{};  ///< "NODE_FAIL (NodeDown) on n3"
};

/// The jobs of one campaign. One thread submits what is ready, several runs as one array, looks
/// into the runs' directories, and asks for the queue once for all of them.
class SlurmJobs {
 public:
  /// \param supervisor sonde-run, as the nodes see it  \param say a line for people, from any
  ///   thread  \throws OracleError, StudyError as SlurmCommands
  SlurmJobs(const SlurmSpec& spec, const std::filesystem::path& runs,
            const std::filesystem::path& supervisor, std::function<void(const std::string&)> say,
            const std::stop_token& stop);
  ~SlurmJobs();  ///< jobs go on
  SlurmJobs(const SlurmJobs&) = delete;
  SlurmJobs& operator=(const SlurmJobs&) = delete;

  /// Waits until the run has ended, submitting it first where no job has it. Where a stop is
  /// wished, its job is cancelled; where Slurm does not answer within seconds, it goes on alone.
  /// \throws OracleError where Slurm will never start it
  SlurmEnd see_through(const RunDirectory& run);

  /// Whether the run was, or was about to be, submitted.
  bool has(const RunDirectory& run) const;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace sonde
