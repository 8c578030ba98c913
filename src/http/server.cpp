#include "http/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <system_error>
#include <thread>

#include "base/text.hpp"
#include "http/local_socket.hpp"
#include "http/lookup.hpp"

namespace sonde::http {
namespace {

using Kind = HttpError::Kind;

constexpr int backlog = 128;

Response plain(int status, const std::string& words) {
  return {.status = status, .body = words + "\n", .headers = {}, .type = "text/plain"};
}

// What the request deserves that could not be read.
Response refusal(const HttpError& failure, bool in_body) {
  switch (failure.kind()) {
    case Kind::TooLarge:
      return plain(in_body ? 413 : 431, failure.what());
    case Kind::TimedOut:
      return plain(408, failure.what());
    default:
      return plain(400, failure.what());
  }
}

std::string text_of(const Response& response, bool close, bool without_body) {
  std::string text =
      concat("HTTP/1.1 ", response.status, " ", reason(response.status),
             "\r\nContent-Type: ", response.type, "\r\nContent-Length: ", response.body.size(),
             "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store",
             "\r\nConnection: ", close ? "close" : "keep-alive", "\r\n");
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  text += "\r\n";
  return without_body ? text : text + response.body;
}

// "METHOD /path HTTP/1.1"; a query behind the path is dropped.
Request request_of(const Head& head) {
  const std::size_t method = head.first.find(' ');
  const std::size_t path = head.first.find(' ', method == head.first.npos ? method : method + 1);
  const bool whole = path != head.first.npos && method > 0 && head.first[method + 1] == '/' &&
                     head.first.compare(path + 1, 7, "HTTP/1.") == 0 &&
                     head.first.size() == path + 9;
  if (!whole) throw HttpError(Kind::Malformed, "expected a request such as GET /Info HTTP/1.1");
  Request request{.method = head.first.substr(0, method),
                  .path = head.first.substr(method + 1, path - method - 1),
                  .body = "",
                  .headers = head.headers};
  request.path.resize(std::min(request.path.find('?'), request.path.size()));
  return request;
}

bool names_loopback(std::string_view host) {
  if (host.empty()) return true;  // HTTP/1.0
  std::string name;
  if (host.starts_with('[')) {
    name = host.substr(1, host.find(']') - 1);
  } else {
    name = host.substr(0, host.find(':'));
  }
  if (name == "localhost") return true;
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, name.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  return ::inet_pton(AF_INET6, name.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Socket listening_at(const SocketAddress& address) {
  Socket socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket) return {};
  const int yes = 1;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto* bytes = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::bind(socket.number(), bytes, address.size) != 0) return {};
  if (::listen(socket.number(), backlog) != 0) return {};
  return socket;
}

std::uint16_t port_of(const Socket& socket) {
  SocketAddress address;
  address.size = sizeof address.bytes;
  ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address.bytes), &address.size);
  // Both families have their port at the same place.
  sockaddr_in four{};
  std::memcpy(&four, &address.bytes, sizeof four);
  return ntohs(four.sin_port);
}

// Until the other side has read what it was told: to close before would take it back.
void linger(Stream& stream, const StopSignal& stop) {
  constexpr double patience = 2.0;  // s
  ::shutdown(stream.socket().number(), SHUT_WR);
  stream.until(after(patience), stop);
  std::string dropped;
  stream.rest(std::size_t{4} << 20, dropped);
}

struct Guest {
  std::atomic<bool> gone = false;
  std::jthread thread{};
};

}  // namespace

Server::Server(ServerOptions options, Handler handler)
    : options_(std::move(options)), handler_(std::move(handler)) {
  if (options_.socket.empty()) {
    listen_at_host();
    return;
  }
  LocalSocket local = listening_at_file(options_.socket);
  listening_ = std::move(local.listening);
  file_ = std::move(local.file);
}

void Server::listen_at_host() {
  int problem = 0;
  for (const SocketAddress& address : to_listen_at(options_.host, options_.port)) {
    errno = 0;
    listening_ = listening_at(address);
    problem = errno;
    loopback_ = is_loopback(address);
    if (listening_) break;
  }
  if (!listening_)
    throw HttpError(Kind::Unreachable, concat("cannot listen at ", options_.host, ":",
                                              options_.port, ": ", std::strerror(problem)));
  port_ = port_of(listening_);
}

void Server::serve(std::stop_token stop) const {
  const StopSignal signal(stop);
  std::list<Guest> guests;
  while (!stop.stop_requested()) {
    try {
      wait_for(listening_, POLLIN, Deadline::max(), signal);
    } catch (const HttpError&) {
      break;
    }
    Socket socket(::accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    guests.remove_if([](const Guest& guest) { return guest.gone.load(); });
    if (!socket) {
      // Descriptors may be short for a while; a connection may have gone while it waited.
      std::this_thread::sleep_for(std::chrono::milliseconds(errno == EMFILE ? 100 : 1));
      continue;
    }
    if (guests.size() >= options_.connections) {
      const std::string words = text_of(plain(503, "too many connections"), true, false);
      ::send(socket.number(), words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      continue;
    }
    Guest& guest = guests.emplace_back();
    try {
      guest.thread = std::jthread([this, &guest, stop, held = std::move(socket)]() mutable {
        converse(std::move(held), stop);
        guest.gone = true;
      });
    } catch (const std::system_error&) {
      guests.pop_back();  // no thread is left for it
    }
  }
}

void Server::converse(Socket socket, const std::stop_token& stop) const {
  const int yes = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  try {
    const StopSignal signal(stop);
    Stream stream(std::move(socket));
    while (answer_next(stream, signal)) {
    }
    linger(stream, signal);
  } catch (const std::exception&) {
    return;  // whoever it was has gone, or may come again
  }
}

// False: the last one on this connection.
bool Server::answer_next(Stream& stream, const StopSignal& stop) const {
  stream.until(after(options_.idle_seconds), stop);
  if (!stream.has_bytes() && !stream.fill()) return false;
  stream.until(after(options_.request_seconds), stop);
  bool in_body = false;
  bool close = false;
  Request request;
  Response response;
  try {
    const Head head = read_head(stream, stream.line(options_.limits.line), options_.limits);
    request = request_of(head);
    close = head.first.ends_with('0') || header(head.headers, "Connection") == "close";
    in_body = true;
    if (header(head.headers, "Expect") == "100-continue")
      stream.write("HTTP/1.1 100 Continue\r\n\r\n");
    request.body = read_body(stream, head.headers, false, options_.limits);
    response = response_to(request);
  } catch (const HttpError& failure) {
    if (failure.kind() == Kind::Lost || failure.kind() == Kind::Stopped) throw;
    response = refusal(failure, in_body);
    close = true;
  }
  stream.until(after(options_.request_seconds), stop);
  stream.write(text_of(response, close, request.method == "HEAD"));
  return !close;
}

Response Server::response_to(const Request& request) const {
  if (loopback_ && !names_loopback(header(request.headers, "Host")))
    return plain(403, "this server answers at the loopback only");
  try {
    return handler_(request);
  } catch (const HttpError&) {
    throw;
  } catch (const std::exception& failure) {
    return plain(500, failure.what());
  }
}

}  // namespace sonde::http
