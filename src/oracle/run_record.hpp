#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the process oracle asks of its supervisor, and what that answers: files in a run's
/// directory. No Eigen here: the supervisor is to start fast.
namespace sonde {

/// Names in a run's directory. Sonde's own files lie in a folder of their own, as simulators like
/// to call a file of theirs result.json.
namespace run_files {
inline constexpr const char* folder = ".sonde";
inline constexpr const char* lock = ".sonde/lock";           ///< held as long as the run lives
inline constexpr const char* query = ".sonde/query.json";    ///< what was asked
inline constexpr const char* request = ".sonde/run.json";    ///< a RunRequest
inline constexpr const char* result = ".sonde/result.json";  ///< a RunResult
inline constexpr const char* answer = ".sonde/answer.json";  ///< all that is kept of a run that
                                                             ///< is not kept
inline constexpr const char* supervisor = ".sonde/supervisor.txt";  ///< its complaints
inline constexpr const char* claim = ".sonde/claim";  ///< by the one start, of several by a queue,
                                                      ///< that runs it; touched as long as it lives
inline constexpr const char* standard_input = "stdin.txt";
inline constexpr const char* standard_output = "stdout.txt";
inline constexpr const char* standard_error = "stderr.txt";
}  // namespace run_files

/// The variable by which processes of a run whose supervisor has died are found: its directory.
inline constexpr const char* run_variable = "SONDE_RUN";

/// How a simulation is to be run. Durations in seconds.
struct RunRequest {
  std::vector<std::string> argv;                         ///< the program's path first
  std::vector<std::pair<std::string, std::string>> env;  ///< beside what is inherited
  bool bare = false;                                     ///< nothing is inherited
  std::string standard_input;                            ///< a file of the directory; empty: none
  double timeout = std::numeric_limits<double>::infinity();
  double stall = std::numeric_limits<double>::infinity();
  double beat = 10.0;  ///< between two signs of life of a run that was claimed
  double memory_limit = std::numeric_limits<double>::infinity();  ///< bytes, each process
  double cpu_limit = std::numeric_limits<double>::infinity();     ///< s, each process
  double file_limit = std::numeric_limits<double>::infinity();    ///< bytes, each file
  double grace = 2.0;                              ///< between asking to end and killing
  bool end_on_death = false;                       ///< whether the engine's death ends the run
  std::size_t stream_part = std::size_t{1} << 20;  ///< kept of each stream's head, and of its tail
  std::vector<std::string> sync;  ///< files to be on the disk before the result is published
};

/// How a simulation ended.
struct RunResult {
  enum class Outcome { Exited, Signalled, Timeout, Stall, CouldNotStart, Ended };

  Outcome outcome = Outcome::Exited;
  int exit_status = 0;  ///< where Exited
  int signal = 0;       ///< where Signalled
  double seconds = 0.0;
  double cpu_seconds = 0.0;  ///< of all its processes
  double max_rss = 0.0;      ///< bytes, of the largest of its processes
  std::string host;
  double started = 0.0;  ///< s since 1970 UTC
  double ended = 0.0;    ///< s since 1970 UTC
  std::string message;
};

std::string to_text(const RunRequest& request);
std::string to_text(const RunResult& result);
std::optional<RunRequest> run_request(const std::string& text);
/// Nothing where the text is none, or of a later schema.
std::optional<RunResult> run_result(const std::string& text);

}  // namespace sonde
