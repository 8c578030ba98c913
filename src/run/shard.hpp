#pragma once

#include "sonde/base/types.hpp"

namespace sonde {

constexpr Index pool_block = 8192;  ///< rows

/// Every `of`-th block of a pool, from block `part` on.
struct Shard {
  Index part = 0;
  Index of = 1;
};

}  // namespace sonde
