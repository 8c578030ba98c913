#pragma once

#include <string>

namespace sonde::cli {

/// A campaign's state for Prometheus, in its text format 0.0.4: runs by what became of them,
/// estimated and held-out errors, the forecast, what is found wrong.
/// \param status what `sonde status --json` prints
std::string metrics_text(const std::string& status);

}  // namespace sonde::cli
