#pragma once

#include <string>

namespace sonde {

/// Evaluates a plug-in once: {"names": [..], "x": [..]} on standard input becomes {"y": {name:
/// value}, ...} on standard output, or {"failed": reason}; with a Jacobian {"gradient": {name: [..
/// by the names asked]}} beside it, where the plug-in has one. The exit status: 0, or 1 where the
/// library is none.
int serve_library(const std::string& file);

/// Prints {"inputs": [..], "outputs": [..]}, its names. The exit status likewise.
int describe_library(const std::string& file);

}  // namespace sonde
