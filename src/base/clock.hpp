#pragma once

#include <chrono>

namespace sonde {

/// Seconds since 1970 by the clock on the wall, which may be set.
inline double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace sonde
