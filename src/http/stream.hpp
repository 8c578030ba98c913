#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.hpp"

namespace sonde::http {

using Deadline = std::chrono::steady_clock::time_point;

/// So far from now; the end of time for what is longer than a century.
Deadline after(double seconds);

/// A file descriptor that is closed when it goes away.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int number) : number_(number) {}
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Socket();

  int number() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// A descriptor that becomes readable when the token is requested to stop.
class StopSignal {
 public:
  explicit StopSignal(std::stop_token token);
  int number() const noexcept { return event_.number(); }
  bool requested() const noexcept { return token_.stop_requested(); }

 private:
  struct Ring {
    int number;
    void operator()() const noexcept;
  };
  std::stop_token token_;
  Socket event_;
  std::stop_callback<Ring> callback_;
};

/// Waits until `socket` can be read, or written. False: the deadline has passed.
/// \throws HttpError Stopped
bool wait_for(const Socket& socket, short events, Deadline deadline, const StopSignal& stop);

/// Bytes of a connection, in both directions, until a deadline.
class Stream {
 public:
  explicit Stream(Socket socket) : socket_(std::move(socket)) {}

  /// Until when, and what calls it off, from now on. `stop` outlives what is read and written.
  void until(Deadline deadline, const StopSignal& stop) {
    deadline_ = deadline;
    stop_ = &stop;
  }
  Deadline deadline() const noexcept { return deadline_; }

  void write(std::string_view bytes);
  /// Waits for more. False: the other side has closed the connection.
  bool fill();
  bool has_bytes() const noexcept { return at_ < buffer_.size(); }
  /// Whether the other side has closed it, or has said something that nobody asked for.
  bool is_stale() const;
  /// Without the line's end. \throws HttpError TooLarge where it has more than `limit` bytes.
  std::string line(std::size_t limit);
  /// Appends so many bytes to `body`.
  void exactly(std::size_t count, std::string& body);
  /// All until the other side closes the connection, at most `limit`.
  void rest(std::size_t limit, std::string& body);

  const Socket& socket() const noexcept { return socket_; }

 private:
  Socket socket_;
  Deadline deadline_{};
  const StopSignal* stop_ = nullptr;
  std::string buffer_{};
  std::size_t at_ = 0;  // of the first byte that is not read yet
};

/// What a message may have.
struct Limits {
  std::size_t line = 8192;       ///< bytes of the first line, and of each header
  std::size_t head = 65536;      ///< bytes of all of them
  std::size_t body = 16u << 20;  ///< bytes
};

struct Head {
  std::string first;
  Headers headers;
};

/// The first line, already read, and the headers up to the empty line. \throws HttpError
Head read_head(Stream& stream, std::string first, const Limits& limits);

/// The body that `headers` announce; where they announce none, all until the connection's end if
/// `to_the_end`, else nothing. \throws HttpError
std::string read_body(Stream& stream, const Headers& headers, bool to_the_end,
                      const Limits& limits);
/// Whether the body's end is known without the connection's.
bool has_length(const Headers& headers);

}  // namespace sonde::http
