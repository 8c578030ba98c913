#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "oracle/file.hpp"
#include "oracle/run_record.hpp"
#include "sonde/oracle/process.hpp"

namespace sonde {

/// One attempt at a query: a directory such as runs/000123.1.
class RunDirectory {
 public:
  RunDirectory(const std::filesystem::path& runs, Index id, int attempt);

  const std::filesystem::path& path() const noexcept { return path_; }
  std::string shown() const;  ///< "runs/000123.1", for messages
  bool exists() const;
  bool intact() const;  ///< whether Sonde's folder is in it

  /// Makes it and takes its lock, which whoever holds the descriptor holds. \throws Error
  Descriptor make() const;
  /// What is asked in it. \throws Error
  void write_query(const Query& query, const std::vector<Parameter>& inputs, int attempt) const;
  bool asks(const Query& query, const std::vector<Parameter>& inputs) const;
  void write_request(const RunRequest& request) const;  ///< the last thing before the start

  bool running() const;  ///< whether its lock is held
  bool begun() const;    ///< whether a supervisor ever owned it
  std::optional<RunResult> result() const;
  std::string supervisor_complaint() const;  ///< its last words, printable; mostly ""

  /// Removes all but the question and this answer, which then takes the place of the result. Where
  /// the answer cannot be written, nothing is removed.
  void reduce_to(const Answer& answer) const;
  std::optional<Answer> reduced_answer() const;

 private:
  std::filesystem::path path_;
};

}  // namespace sonde
