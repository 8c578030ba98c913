#pragma once

#include <string>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/space/query.hpp"

namespace sonde {

/// Points that were made or chosen together, and why.
struct Batch {
  Points queries;  ///< (k, d), every row admissible, no row twice nor among the asked or the data
  Vector worth;    ///< (k), acquisition of each when it was chosen; NaN where there was a fallback
  std::vector<std::string> why{};       ///< (k), the criterion's name, or why there was a fallback
  std::vector<Selection> selections{};  ///< (k)
};

}  // namespace sonde
