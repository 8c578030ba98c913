#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "http/message.hpp"
#include "http/stream.hpp"

namespace sonde::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;        ///< 0: any that is free
  std::string socket{};          ///< a file of mode 0600 to listen at instead; empty: none
  std::size_t connections = 64;  ///< at a time; the next one is answered 503
  Limits limits{.line = 8192, .head = 8192, .body = 1u << 20};
  double request_seconds = 30.0;  ///< from the first byte of a request to its last
  double idle_seconds = 120.0;    ///< for the next request on a connection
};

/// Called from several threads at once. What it throws is answered with 500.
using Handler = std::function<Response(const Request&)>;

/// Answers requests, a thread a connection. Where it listens at the loopback alone it answers only
/// requests for a host of the loopback: a page in a browser that was sent there by a name of its
/// own is refused.
class Server {
 public:
  /// Listens from now on. \throws HttpError Unreachable where the host, the port or the file cannot
  /// be had.
  Server(ServerOptions options, Handler handler);

  std::uint16_t port() const noexcept { return port_; }   ///< 0: it listens at a file
  bool is_public() const noexcept { return !loopback_; }  ///< others can reach it
  /// Until stop is requested; connections are then closed, and their threads have ended.
  void serve(std::stop_token stop) const;

 private:
  void listen_at_host();
  void converse(Socket socket, const std::stop_token& stop) const;
  bool answer_next(Stream& stream, const StopSignal& stop) const;
  Response response_to(const Request& request) const;

  ServerOptions options_;
  Handler handler_;
  Socket listening_;
  std::shared_ptr<const void> file_{};
  std::uint16_t port_ = 0;
  bool loopback_ = true;
};

}  // namespace sonde::http
