#pragma once

#include "sonde/base/error.hpp"

namespace sonde {

/// What an oracle throws that has no room on the disk to begin a run: nothing is said about the
/// query, which stays open. A crew answers it as Abandoned, of the kind below. A run that failed by
/// what it says is of that kind too, and transient.
class DiskFull : public StoreError {
 public:
  using StoreError::StoreError;
};

inline constexpr const char* disk_full_kind = "disk full";

}  // namespace sonde
