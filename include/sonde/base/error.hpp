#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace sonde {

/// Root of all that Sonde throws. A type says what to do about it, the message where and why.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Wrong shape, bound, NaN or id: the caller's code is to be repaired.
class ArgumentError : public Error {
 public:
  using Error::Error;
};

/// A factorisation broke down: data, kernel or noise do not fit together.
class NumericalError : public Error {
 public:
  using Error::Error;
};

/// The study file, or a formula in it, is to be repaired.
class StudyError : public Error {
 public:
  using Error::Error;
};

/// A journal is locked, damaged or cannot be written.
class StoreError : public Error {
 public:
  using Error::Error;
};

/// A simulator cannot be started at all.
class OracleError : public Error {
 public:
  using Error::Error;
};

/// The parts, one after the other, as `<<` writes them.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return std::move(text).str();
}

/// Throws E made of `parts` unless `condition` holds. The parts are only written when it throws.
template <class E = ArgumentError, class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw E(concat(parts...));
}

}  // namespace sonde
