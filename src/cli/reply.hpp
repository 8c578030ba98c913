#pragma once

#include <string>

namespace sonde::cli {

/// What a command that was carried out by whoever holds the journal has to say.
struct Reply {
  int status = 0;
  std::string out{};  ///< for standard output
  std::string err{};  ///< for standard error
};

}  // namespace sonde::cli
