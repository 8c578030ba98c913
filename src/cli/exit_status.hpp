#pragma once

#include "sonde/base/error.hpp"

namespace sonde::cli {

/// What the program ends with; 130 and 143 where a signal interrupted it.
enum ExitStatus : int {
  Done = 0,
  Unexpected = 1,
  Usage = 2,
  StudyFile = 3,
  TooManyFailures = 4,
  TargetNotMet = 5,
  Store = 6,
  Simulator = 7,
};

/// The command line, or a file named on it, is to be repaired: status 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Simulations went wrong where they must not: status 4.
class FailuresError : public Error {
 public:
  using Error::Error;
};

}  // namespace sonde::cli
