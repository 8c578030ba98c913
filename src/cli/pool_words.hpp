#pragma once

#include <string>

#include "sonde/run/study.hpp"

namespace sonde::cli {

/// Of [pool] and [hybrid], a line each, as `check` shows them: reads all candidates. Empty where
/// the study has neither. \throws StudyError where the pool cannot be read, or has no admissible
/// row
std::string pool_words(const Study& study);

}  // namespace sonde::cli
