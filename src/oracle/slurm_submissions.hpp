#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sonde {

/// Where a run stands among Slurm's jobs.
struct SlurmPlace {
  std::string name;         ///< of the job
  int index;                ///< of its array
  bool called_off = false;  ///< we wished it to be cancelled, whether or not Slurm knows
};

/// What was, or was about to be, submitted: a file an array beside the runs, runs/.slurm/NAME, a
/// line a task, which is on the disk before sbatch is called. It is also what a task reads to know
/// its run.
class SlurmSubmissions {
 public:
  /// Reads what earlier engines submitted; forgets arrays all of whose runs have ended.
  explicit SlurmSubmissions(const std::filesystem::path& runs);

  /// \param runs names of directories such as "000123.1" \return the name of the job
  /// \throws StoreError
  std::string add(const std::vector<std::string>& runs);
  /// Before the job is cancelled by us, so that this is not taken for somebody else's doing.
  void call_off(const std::string& name);
  /// Of a run that has ended, or of one whose array was refused.
  void forget(const std::string& run);

  /// Oldest first; a run may have been submitted more than once.
  std::vector<SlurmPlace> places(const std::string& run) const;
  std::filesystem::path list(const std::string& name) const { return folder_ / name; }
  /// The script that a job runs: fixed text. \throws StoreError
  std::filesystem::path script() const;

 private:
  void read(const std::string& name);
  void remove(const std::string& name) const;

  std::filesystem::path runs_;
  std::filesystem::path folder_;
  std::map<std::string, std::vector<SlurmPlace>> places_;  // by run
  std::map<std::string, std::size_t> left_;                // by name: runs not forgotten
};

/// Whether Slurm was given runs of this folder that may not have ended.
bool submitted_to_slurm(const std::filesystem::path& runs);

}  // namespace sonde
