#pragma once

#include <optional>
#include <string>

namespace sonde::cli {

/// The first difference between two study texts that a begun campaign cannot follow, as
/// `file:line:column: what has changed`; nothing where they differ in [stop], parallel, batch,
/// title, comments and white space only.
/// \param file of `now`, for the message
std::optional<std::string> forbidden_change(const std::string& recorded, const std::string& now,
                                            const std::string& file);

}  // namespace sonde::cli
