#pragma once

#include <filesystem>
#include <stop_token>

#include "sonde/run/run.hpp"

namespace sonde::cli {

/// Ctrl-C, SIGTERM and `sonde stop`, while it lives: once lets running simulations finish, twice
/// ends them. One at a time.
class Interruptions {
 public:
  /// \param stop_file what `sonde stop` writes
  explicit Interruptions(std::filesystem::path stop_file);
  ~Interruptions();
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

  /// Looks. From the second time on the token is requested to stop.
  Interruption now();
  std::stop_token token() const { return source_.get_token(); }
  /// 130 after SIGINT or `sonde stop`, 143 after SIGTERM.
  int exit_status() const;

 private:
  std::filesystem::path stop_file_;
  std::stop_source source_;
  Interruption asked_by_file_ = Interruption::None;
};

}  // namespace sonde::cli
