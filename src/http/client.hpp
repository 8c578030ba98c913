#pragma once

#include <optional>
#include <stop_token>

#include "http/message.hpp"
#include "http/stream.hpp"

namespace sonde::http {

struct Patience {
  double connect_seconds = 10.0;  ///< for the lookup and the connection
  double answer_seconds = 60.0;   ///< from the first byte of an answer to its last
};

/// A connection to a server, kept alive between requests. For one thread at a time.
class Client {
 public:
  explicit Client(Url url, Limits limits = {}, Patience patience = {})
      : url_(std::move(url)), limits_(limits), patience_(patience) {}

  /// Asks, and waits for the answer for at most `timeout_seconds`. A kept connection that the
  /// server closes instead of an answer is replaced; anything else is tried once.
  /// \throws HttpError
  Response ask(const Request& request, double timeout_seconds, const std::stop_token& stop);

  const Url& url() const noexcept { return url_; }

 private:
  Response asked(const Request& request, Deadline deadline, const StopSignal& stop);
  Response answered(const Request& request, Deadline deadline, const StopSignal& stop);

  Url url_;
  Limits limits_;
  Patience patience_;
  std::optional<Stream> stream_;
  bool heard_ = false;  // a byte of the last answer
};

}  // namespace sonde::http
