#pragma once

#include <memory>
#include <string>
#include <thread>

#include "cli/line_queue.hpp"
#include "http/server.hpp"

namespace sonde::cli {

/// Points that arrive by HTTP: POST /arrivals with lines of JSON in its body, answered by as many.
/// At the loopback or a file alone, and only for who shows the token of the campaign; no page of a
/// browser may.
class ArrivalsServer {
 public:
  /// \param url "http://127.0.0.1:8421", or "unix:FILE" for a socket of mode 0600 \param token what
  /// "Authorization: Bearer" must show \throws StudyError where it cannot listen there
  ArrivalsServer(const std::string& url, std::string token, LineQueue& into);

  std::uint16_t port() const noexcept { return server_.port(); }

 private:
  http::Response respond(const http::Request& request);

  std::string token_;
  LineQueue& into_;
  std::stop_source stop_{};
  http::Server server_;
  std::jthread thread_;  // last: it ends before what it uses
};

/// Whether points are sent there by HTTP: "http://..", "unix:FILE".
bool is_served(const std::string& source);

}  // namespace sonde::cli
