#include "http/lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace sonde::http {
namespace {

using Kind = HttpError::Kind;

struct Found {
  std::vector<SocketAddress> addresses;
  int problem = 0;  // of getaddrinfo
};

Found addresses_of(const std::string& host, std::uint16_t port, int flags) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  Found found;
  found.problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &list);
  if (found.problem != 0) return found;
  for (const addrinfo* one = list; one; one = one->ai_next) {
    SocketAddress address;
    if (one->ai_addrlen > sizeof address.bytes) continue;
    std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    found.addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  return found;
}

std::vector<SocketAddress> checked(Found found, const std::string& host) {
  if (found.problem != 0 || found.addresses.empty())
    throw HttpError(Kind::Unreachable,
                    "the host '" + host + "' is not known: " + ::gai_strerror(found.problem));
  return std::move(found.addresses);
}

struct Lookup {
  std::mutex mutex;
  std::condition_variable_any done;
  std::optional<Found> found;
};

}  // namespace

std::vector<SocketAddress> looked_up(const std::string& host, std::uint16_t port, Deadline deadline,
                                     const std::stop_token& stop) {
  Found at_once = addresses_of(host, port, AI_NUMERICHOST);
  if (at_once.problem == 0) return checked(std::move(at_once), host);
  const auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host, port] {
      Found found = addresses_of(host, port, AI_ADDRCONFIG);
      const std::lock_guard lock(lookup->mutex);
      lookup->found = std::move(found);
      lookup->done.notify_all();
    }).detach();
  } catch (const std::system_error& refused) {
    throw HttpError(Kind::Unreachable,
                    concat("no thread is left to look up '", host, "': ", refused.what()));
  }
  std::unique_lock lock(lookup->mutex);
  const bool known =
      lookup->done.wait_until(lock, stop, deadline, [&] { return lookup->found.has_value(); });
  if (!known && stop.stop_requested()) throw HttpError(Kind::Stopped, "called off");
  if (!known)
    throw HttpError(Kind::Unreachable, "the lookup of the host '" + host + "' took too long");
  return checked(std::move(*lookup->found), host);
}

std::vector<SocketAddress> to_listen_at(const std::string& host, std::uint16_t port) {
  return checked(addresses_of(host, port, AI_PASSIVE), host);
}

bool is_loopback(const SocketAddress& address) {
  if (address.bytes.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address.bytes, sizeof four);
    return (ntohl(four.sin_addr.s_addr) >> 24) == 127;
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &address.bytes, sizeof six);
  return address.bytes.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
}

}  // namespace sonde::http
