#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "run/durable.hpp"

namespace sonde::cli {

/// Lines as they come, each with the time at which it did, read by a thread of its own so that none
/// seems younger than it is. What reads them too slowly makes the writer wait: no more than
/// 4096 are held.
class LineQueue {
 public:
  using Clock = std::chrono::steady_clock;
  struct Line {
    std::string text;  ///< without its end; no more than 1 MiB of it
    Clock::time_point at;
  };

  /// \param follow whether the end of a file is one to wait behind
  LineQueue(FileDescriptor file, bool follow);

  /// Up to `most`, after a wait for the first of at most so many seconds.
  std::vector<Line> take(std::size_t most, double seconds);
  /// No more will come, and none is left.
  bool ended();

 private:
  void read(const std::stop_token& stop);
  bool add(std::string text, const std::stop_token& stop);

  FileDescriptor file_;
  bool follow_;
  std::mutex mutex_{};
  std::condition_variable_any changed_{};
  std::deque<Line> lines_{};
  bool ended_ = false;
  std::jthread reader_;  // last: it ends before what it uses
};

}  // namespace sonde::cli
