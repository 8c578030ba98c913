#pragma once

#include <string_view>

namespace sonde::c99 {

/// The arithmetic of the exported file, the same for every surrogate; @ stands for its prefix,
/// @@ for that in capitals. It reads the tables that c99_tables writes.
extern const std::string_view core_types;
extern const std::string_view core_functions;

}  // namespace sonde::c99
