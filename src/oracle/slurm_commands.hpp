#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "oracle/slurm_state.hpp"
#include "sonde/oracle/slurm.hpp"

namespace sonde {

/// sbatch, squeue, scancel and scontrol, as programs with arguments.
class SlurmCommands {
 public:
  /// \throws OracleError where one of them does not exist, StudyError as check().
  explicit SlurmCommands(const SlurmSpec& spec);

  struct Submission {
    enum class Result {
      Accepted,
      Refused,     ///< it will never be accepted
      Unanswered,  ///< it may, or may not, have been accepted
    };
    Result result;
    std::string words{};  ///< why not
  };
  /// An array of `tasks` tasks, each of which starts `script` with these arguments.
  Submission submit(const std::string& name, int tasks, const std::filesystem::path& script,
                    const std::vector<std::string>& arguments, int called_off) const;

  struct Queue {
    std::optional<std::vector<SlurmTask>> tasks;  ///< nothing: Slurm did not answer
    std::string words{};                          ///< why not
  };
  Queue queue(int called_off) const;

  /// When the controller was started, in its own words; "" where that cannot be learnt.
  std::string controller_start(int called_off) const;

  /// All jobs of this name. Whether Slurm answered.
  bool cancel(const std::string& name, double seconds) const;
  /// One task, if its job has this name still.
  bool cancel(const SlurmTask& task) const;

 private:
  SlurmSpec spec_;
  std::string sbatch_;
  std::string squeue_;
  std::string scancel_;
  std::string scontrol_;  // "" where there is none: only asked about restarts
};

}  // namespace sonde
