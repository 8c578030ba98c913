#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde {

/// The known name that `name` was probably meant to be: at most two slips away (letters changed,
/// missing, added, swapped; upper and lower case are alike), one slip where it is short.
std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& known);

/// "; did you mean 'bounds'?", or where none is near "; known are 'a', 'b' and 'c'".
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace sonde
