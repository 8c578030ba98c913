#pragma once

#include <string>
#include <vector>

namespace sonde {

/// What a short command said.
struct Captured {
  enum class End {
    Exited,      ///< by itself, with exit_status
    Killed,      ///< by a signal
    TimedOut,    ///< it did not end in time, and was killed
    CalledOff,   ///< likewise, because nobody waits for it any longer
    NotStarted,  ///< error_output says why
  };
  End end = End::NotStarted;
  int exit_status = -1;
  std::string output{};        ///< at most 64 MiB
  std::string error_output{};  ///< at most 64 KiB
  bool well() const { return end == End::Exited && exit_status == 0; }
};

/// Runs a program with these arguments, no shell in between, in a session of its own, without
/// standard input, and with LC_ALL=C.
/// \param argv the program's path first  \param seconds until it is killed
/// \param called_off a descriptor that becomes readable when nobody waits any longer; -1: none
Captured captured(const std::vector<std::string>& argv, double seconds, int called_off = -1);

}  // namespace sonde
