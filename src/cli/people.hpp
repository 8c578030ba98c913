#pragma once

#include <string>

#include "sonde/run/study.hpp"

namespace sonde::cli {

/// The name of a person as it is recorded and compared: without blanks at its ends.
/// \throws UsageError that begins with `where`: longer than 200 bytes, no UTF-8, or with
/// characters that steer a terminal.
std::string person_named(const std::string& text, const std::string& where);

/// What a study says of reviews, of several people and of tags, a line each.
std::string people_text(const Study& study);

}  // namespace sonde::cli
