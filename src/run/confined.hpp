#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "sonde/base/error.hpp"

namespace sonde {

/// What a child process may take.
struct Confinement {
  std::size_t memory = 1u << 30;  ///< bytes, beside what this process has already
  int cpu_seconds = 60;
  double wall_seconds = 120.0;
  std::size_t most = 64u << 20;  ///< bytes of what it returns
};

/// The child ended without a result. The message goes on a sentence: "broke down (Aborted)".
class ChildDied : public Error {
 public:
  using Error::Error;
};

/// What `act` returns, made by a child process that writes no file and says nothing: for what may
/// break down, or never end, on data that somebody else made.
/// \pre no other thread runs
/// \throws StoreError with the message of what `act` threw; ChildDied
std::string confined(const std::function<std::string()>& act, const Confinement& bounds = {});

/// From now on this process opens no file, whatever is asked of it. \throws StoreError
void open_no_more_files();

}  // namespace sonde
