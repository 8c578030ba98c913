#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "run/durable.hpp"

namespace sonde::cli {

/// What is said of several lines, and who waits for it.
class LineReply {
 public:
  explicit LineReply(std::size_t lines) : left_(lines) {}

  void add(const std::string& said);  ///< of the next line
  /// All of it, or as much as there was when it was called off; nothing where that is nothing.
  std::optional<std::string> wait(const std::stop_token& stop);

 private:
  std::mutex mutex_{};
  std::condition_variable_any changed_{};
  std::size_t left_;
  std::string said_{};
};

/// Lines as they come, each with the time at which it did. What reads them too slowly makes the
/// writer wait: no more than 4096 are held.
class LineQueue {
 public:
  using Clock = std::chrono::steady_clock;
  struct Line {
    std::string text;  ///< without its end
    Clock::time_point at{};
    std::shared_ptr<LineReply> reply{};  ///< who waits for what is said of it; none: all do
  };

  /// False where it was called off.
  bool add(Line line, const std::stop_token& stop);
  void end(const std::string& failure = "");  ///< no more will come, and why if that is wrong

  /// Up to `most`, after a wait for the first of at most so many seconds.
  std::vector<Line> take(std::size_t most, double seconds);
  /// No more will come, and none is left.
  bool ended();
  std::string failure();

 private:
  std::mutex mutex_{};
  std::condition_variable_any changed_{};
  std::deque<Line> lines_{};
  bool ended_ = false;
  std::string failure_{};
};

/// Reads a file, or what stands for one, into a queue: a thread of its own, so that no line seems
/// younger than it is.
class LineReader {
 public:
  /// \param follow whether the end of a file is one to wait behind
  LineReader(FileDescriptor file, bool follow, LineQueue& into);

 private:
  void read(const std::stop_token& stop);

  FileDescriptor file_;
  bool follow_;
  LineQueue& into_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace sonde::cli
