#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "http/stream.hpp"

namespace sonde::http {

/// An address as the system wants it.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// What a host's name stands for. The system's lookup cannot be called off: it runs in a thread of
/// its own, which is left behind where the deadline passes, or `stop` is requested, before it ends.
/// \throws HttpError Unreachable, Stopped
std::vector<SocketAddress> looked_up(const std::string& host, std::uint16_t port, Deadline deadline,
                                     const std::stop_token& stop);

/// The same at once, of addresses to listen at. \throws HttpError Unreachable
std::vector<SocketAddress> to_listen_at(const std::string& host, std::uint16_t port);

/// 127.0.0.0/8, ::1
bool is_loopback(const SocketAddress& address);

}  // namespace sonde::http
