#include "http/client.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "http/lookup.hpp"

namespace sonde::http {
namespace {

using Kind = HttpError::Kind;

// A kept connection that is lost later was not lost because nobody had used it.
constexpr double crossing_seconds = 1.0;

void set(const Socket& socket, int level, int option, int value) {
  ::setsockopt(socket.number(), level, option, &value, sizeof value);
}

// A peer that has vanished without a word is noticed within two minutes, however long an answer
// takes; and what lies between does not forget a connection on which nothing is said for an hour.
void watch_over(const Socket& socket) {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

// Nothing where there is no connection; `problem` is then why.
Socket connected_to(const SocketAddress& address, Deadline deadline, const StopSignal& stop,
                    std::string& problem) {
  Socket socket(
      ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  int error = socket ? 0 : errno;
  if (socket) {
    watch_over(socket);
    const auto* bytes = reinterpret_cast<const sockaddr*>(&address.bytes);
    error = ::connect(socket.number(), bytes, address.size) == 0 ? 0 : errno;
  }
  if (error == EINPROGRESS) {
    if (!wait_for(socket, POLLOUT, deadline, stop)) {
      problem = "no connection in time";
      return {};
    }
    socklen_t size = sizeof error;
    if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  if (error == 0) return socket;
  problem = std::strerror(error);
  return {};
}

Socket connected(const Url& url, Deadline deadline, const StopSignal& stop,
                 const std::stop_token& token) {
  std::string problem = "no address";
  for (const SocketAddress& address : looked_up(url.host, url.port, deadline, token)) {
    if (Socket socket = connected_to(address, deadline, stop, problem)) return socket;
  }
  throw HttpError(Kind::Unreachable, "no connection: " + problem);
}

std::string text_of(const Request& request, const Url& url) {
  std::string text = request.method + " " + url.base + request.path +
                     " HTTP/1.1\r\nHost: " + url.authority() + "\r\nAccept: application/json\r\n";
  if (request.method != "GET")
    text +=
        concat("Content-Type: application/json\r\nContent-Length: ", request.body.size(), "\r\n");
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n" + request.body;
}

struct StatusLine {
  int minor = 1;  // HTTP/1.minor
  int status = 0;
};

StatusLine status_of(const std::string& line) {
  const auto digit = [&](std::size_t at) { return line[at] >= '0' && line[at] <= '9'; };
  const bool whole = line.size() >= 12 && line.starts_with("HTTP/1.") && digit(7) &&
                     line[8] == ' ' && digit(9) && digit(10) && digit(11) &&
                     (line.size() == 12 || line[12] == ' ');
  if (!whole) throw HttpError(Kind::Malformed, "what came is no answer of an HTTP/1.1 server");
  return {line[7] - '0', (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0')};
}

bool closes(const Headers& headers, int minor) {
  std::string said(header(headers, "Connection"));
  std::transform(said.begin(), said.end(), said.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (said.find("close") != std::string::npos) return true;
  return minor == 0 && said.find("keep-alive") == std::string::npos;
}

}  // namespace

Response Client::answered(const Request& request, Deadline deadline, const StopSignal& stop) {
  heard_ = false;
  stream_->write(text_of(request, url_));
  if (!stream_->fill())
    throw HttpError(Kind::Lost, "the connection was lost: it was closed without an answer");
  heard_ = true;
  const Deadline whole = std::min(deadline, after(patience_.answer_seconds));
  stream_->until(whole, stop);
  try {
    Head head;
    StatusLine line;
    do {  // 100 Continue and its like
      std::string first = stream_->line(limits_.line);
      line = status_of(first);
      head = read_head(*stream_, std::move(first), limits_);
    } while (line.status < 200 && line.status != 101);
    const bool none = line.status == 204 || line.status == 304 || request.method == "HEAD";
    Response response{.status = line.status, .body = "", .headers = std::move(head.headers)};
    if (!none) response.body = read_body(*stream_, response.headers, true, limits_);
    if (closes(response.headers, line.minor) || (!none && !has_length(response.headers)) ||
        stream_->has_bytes())
      stream_.reset();
    return response;
  } catch (const HttpError& failure) {
    if (failure.kind() != Kind::TimedOut || whole == deadline) throw;
    throw HttpError(Kind::Lost, concat("the answer began, but was not whole ",
                                       patience_.answer_seconds, " s later"));
  }
}

Response Client::asked(const Request& request, Deadline deadline, const StopSignal& stop) {
  try {
    stream_->until(deadline, stop);
    return answered(request, deadline, stop);
  } catch (...) {
    stream_.reset();  // whatever comes on it now belongs to nothing
    throw;
  }
}

Response Client::ask(const Request& request, double timeout_seconds, const std::stop_token& stop) {
  const Deadline deadline = after(timeout_seconds);
  const Deadline soon = after(crossing_seconds);
  const StopSignal signal(stop);
  if (stream_ && stream_->is_stale()) stream_.reset();
  if (stream_) {
    try {
      return asked(request, deadline, signal);
    } catch (const HttpError& failure) {
      // Its closing and our question have crossed on their way.
      const bool crossed =
          failure.kind() == Kind::Lost && !heard_ && std::chrono::steady_clock::now() < soon;
      if (!crossed) throw;
    }
  }
  const Deadline connect = std::min(deadline, after(patience_.connect_seconds));
  stream_.emplace(connected(url_, connect, signal, stop));
  return asked(request, deadline, signal);
}

}  // namespace sonde::http
