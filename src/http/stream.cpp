#include "http/stream.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text.hpp"

namespace sonde::http {
namespace {

using Kind = HttpError::Kind;

constexpr double century = 3e9;  // s

[[noreturn]] void lost(const std::string& how) {
  throw HttpError(Kind::Lost, "the connection was lost: " + how);
}

// Milliseconds to a deadline, rounded up, as poll wants them.
int milliseconds_to(Deadline deadline) {
  if (deadline == Deadline::max()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, 1'000'000'000));
}

std::size_t number_in(std::string_view digits, int base, const char* what) {
  std::size_t number = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (problem == std::errc::result_out_of_range)
    throw HttpError(Kind::TooLarge, concat(what, " is beyond all limits"));
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size())
    throw HttpError(Kind::Malformed, concat("expected a number as ", what));
  return number;
}

void refuse_beyond(std::size_t bytes, std::size_t limit) {
  if (bytes > limit)
    throw HttpError(Kind::TooLarge, concat("a body of more than ", limit, " bytes"));
}

bool is_chunked(const Headers& headers) {
  std::string coding(trimmed(header(headers, "Transfer-Encoding")));
  std::transform(coding.begin(), coding.end(), coding.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (coding.empty()) return false;
  if (coding != "chunked")
    throw HttpError(Kind::Malformed, "a transfer encoding other than chunked");
  return true;
}

// Several that agree are one; several that differ are an attempt at something.
std::optional<std::size_t> announced_length(const Headers& headers) {
  const std::string_view first = header(headers, "Content-Length");
  if (first.data() == nullptr) return std::nullopt;
  for (const auto& [name, value] : headers) {
    const Headers one{{name, value}};
    const std::string_view other = header(one, "Content-Length");
    if (other.data() != nullptr && trimmed(other) != trimmed(first))
      throw HttpError(Kind::Malformed, "two lengths of the body that differ");
  }
  return number_in(trimmed(first), 10, "Content-Length");
}

std::string chunked_body(Stream& stream, const Limits& limits) {
  std::string body;
  while (true) {
    const std::string line = stream.line(limits.line);
    const std::string_view digits = trimmed(std::string_view(line).substr(0, line.find(';')));
    const std::size_t size = number_in(digits, 16, "the size of a chunk");
    if (size == 0) break;
    refuse_beyond(size, limits.body);
    refuse_beyond(body.size() + size, limits.body);
    stream.exactly(size, body);
    if (!stream.line(2).empty()) throw HttpError(Kind::Malformed, "a chunk longer than it says");
  }
  read_head(stream, "", limits);  // what follows the last chunk
  return body;
}

}  // namespace

Deadline after(double seconds) {
  if (!(seconds < century)) return Deadline::max();
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<Deadline::duration>(
             std::chrono::duration<double>(std::max(0.0, seconds)));
}

Socket::~Socket() {
  if (number_ >= 0) ::close(number_);
}

StopSignal::StopSignal(std::stop_token token)
    : token_(std::move(token)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      callback_(token_, Ring{event_.number()}) {
  if (!event_)
    throw HttpError(Kind::Unreachable, concat("no descriptor is left: ", std::strerror(errno)));
}

void StopSignal::Ring::operator()() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(number, &one, sizeof one);
}

bool wait_for(const Socket& socket, short events, Deadline deadline, const StopSignal& stop) {
  std::array<pollfd, 2> watched{{{socket.number(), events, 0}, {stop.number(), POLLIN, 0}}};
  while (true) {
    const int ready = ::poll(watched.data(), watched.size(), milliseconds_to(deadline));
    if (ready < 0 && errno != EINTR) lost(std::strerror(errno));
    if (stop.requested()) throw HttpError(Kind::Stopped, "called off");
    if (ready > 0 && watched[0].revents != 0) return true;
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline) return false;
  }
}

void Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) lost(std::strerror(errno));
    if (!wait_for(socket_, POLLOUT, deadline_, *stop_))
      throw HttpError(Kind::TimedOut, "what was sent was not taken in time");
  }
}

bool Stream::fill() {
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = 0;
  }
  std::array<char, 16384> block;
  while (true) {
    // Also where bytes keep coming: each as slowly as may be is no answer in time.
    if (std::chrono::steady_clock::now() >= deadline_)
      throw HttpError(Kind::TimedOut, "nothing whole came in time");
    if (!wait_for(socket_, POLLIN, deadline_, *stop_)) continue;
    const ssize_t count = ::recv(socket_.number(), block.data(), block.size(), MSG_DONTWAIT);
    if (count > 0) {
      buffer_.append(block.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0) return false;
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) lost(std::strerror(errno));
  }
}

bool Stream::is_stale() const {
  pollfd watched{socket_.number(), POLLIN, 0};
  return has_bytes() || ::poll(&watched, 1, 0) != 0;
}

std::string Stream::line(std::size_t limit) {
  std::size_t looked_at = at_;
  while (true) {
    const std::size_t end = buffer_.find('\n', looked_at);
    const std::size_t length = std::min(end, buffer_.size()) - at_;
    if (length > limit)
      throw HttpError(Kind::TooLarge, concat("a line of more than ", limit, " bytes"));
    if (end != std::string::npos) {
      std::string text = buffer_.substr(at_, length);
      at_ = end + 1;
      if (text.ends_with('\r')) text.pop_back();
      return text;
    }
    looked_at = buffer_.size() - at_;
    buffer_.erase(0, at_);
    at_ = 0;
    if (!fill()) lost("it was closed in the middle of a line");
  }
}

void Stream::exactly(std::size_t count, std::string& body) {
  while (count > 0) {
    if (!has_bytes() && !fill()) lost(concat(count, " bytes of the body are missing"));
    const std::size_t part = std::min(count, buffer_.size() - at_);
    body.append(buffer_, at_, part);
    at_ += part;
    count -= part;
  }
}

void Stream::rest(std::size_t limit, std::string& body) {
  do {
    body.append(buffer_, at_);
    at_ = buffer_.size();
    refuse_beyond(body.size(), limit);
  } while (fill());
}

Head read_head(Stream& stream, std::string first, const Limits& limits) {
  Head head{std::move(first), {}};
  std::size_t bytes = head.first.size();
  while (true) {
    const std::string line = stream.line(limits.line);
    if (line.empty()) return head;
    bytes += line.size();
    if (bytes > limits.head)
      throw HttpError(Kind::TooLarge, concat("headers of more than ", limits.head, " bytes"));
    const std::size_t colon = line.find(':');
    const bool named = colon != std::string::npos && colon > 0 &&
                       line.substr(0, colon).find_first_of(" \t") == std::string::npos;
    if (!named || line.find('\0') != std::string::npos)
      throw HttpError(Kind::Malformed, "a header without a name");
    head.headers.emplace_back(line.substr(0, colon),
                              std::string(trimmed(std::string_view(line).substr(colon + 1))));
  }
}

bool has_length(const Headers& headers) {
  return is_chunked(headers) || announced_length(headers).has_value();
}

std::string read_body(Stream& stream, const Headers& headers, bool to_the_end,
                      const Limits& limits) {
  const std::optional<std::size_t> length = announced_length(headers);
  if (is_chunked(headers)) {
    if (length) throw HttpError(Kind::Malformed, "a body with a length and in chunks");
    return chunked_body(stream, limits);
  }
  std::string body;
  if (length) {
    refuse_beyond(*length, limits.body);
    stream.exactly(*length, body);
  } else if (to_the_end) {
    stream.rest(limits.body, body);
  }
  return body;
}

}  // namespace sonde::http
