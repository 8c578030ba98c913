#pragma once

#include <memory>
#include <string>

#include "http/stream.hpp"

namespace sonde::http {

/// A socket of this machine that is a file, which nobody but its owner may open: mode 0600.
struct LocalSocket {
  Socket listening{};
  /// Removes the file at its end, unless it is another's by then.
  std::shared_ptr<const void> file{};
};

/// Listens from now on. A file that a server has left behind is replaced.
/// \throws HttpError Unreachable where a server answers there, the file is no socket, or cannot be
/// made.
LocalSocket listening_at_file(const std::string& path);

}  // namespace sonde::http
