#include "cli/line_queue.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace sonde::cli {
namespace {

constexpr std::size_t most_held = 4096;
constexpr std::size_t most_bytes = 1u << 20;
constexpr int a_moment = 50;  // ms

}  // namespace

LineQueue::LineQueue(FileDescriptor file, bool follow)
    : file_(std::move(file)),
      follow_(follow),
      reader_([this](const std::stop_token& stop) { read(stop); }) {}

bool LineQueue::add(std::string text, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return lines_.size() < most_held; })) return false;
  lines_.push_back({std::move(text), Clock::now()});
  changed_.notify_all();
  return true;
}

void LineQueue::read(const std::stop_token& stop) {
  std::array<char, 1 << 16> buffer{};
  std::string line;
  while (!stop.stop_requested()) {
    pollfd watched{file_.get(), POLLIN, 0};
    if (::poll(&watched, 1, a_moment) == 0) continue;
    const ssize_t got = ::read(file_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got == 0 && follow_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(a_moment));
      continue;
    }
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; ++i) {
      const char letter = buffer[static_cast<std::size_t>(i)];
      if (letter != '\n') {
        if (line.size() <= most_bytes) line += letter;
      } else if (!add(std::exchange(line, {}), stop)) {
        return;
      }
    }
  }
  // What has no line end, but the end of the file behind it, is whole.
  if (!line.empty() && !stop.stop_requested()) add(std::move(line), stop);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::vector<LineQueue::Line> LineQueue::take(std::size_t most, double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                    [this] { return ended_ || !lines_.empty(); });
  std::vector<Line> taken;
  while (taken.size() < most && !lines_.empty()) {
    taken.push_back(std::move(lines_.front()));
    lines_.pop_front();
  }
  changed_.notify_all();
  return taken;
}

bool LineQueue::ended() {
  const std::lock_guard lock(mutex_);
  return ended_ && lines_.empty();
}

}  // namespace sonde::cli
