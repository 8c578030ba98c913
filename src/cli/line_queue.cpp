#include "cli/line_queue.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "oracle/file.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t most_held = 4096;
constexpr std::size_t most_bytes = 1u << 20;  // of a line; it is cut behind them
constexpr int a_moment = 50;                  // ms

// A file that was cut short is read from its beginning.
bool begins_anew(const FileDescriptor& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return false;
  if (facts.st_size >= ::lseek(file.get(), 0, SEEK_CUR)) return false;
  ::lseek(file.get(), 0, SEEK_SET);
  return true;
}

}  // namespace

void LineReply::add(const std::string& said) {
  const std::lock_guard lock(mutex_);
  said_ += said;
  --left_;
  changed_.notify_all();
}

std::optional<std::string> LineReply::wait(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return left_ == 0; });
  return said_.empty() ? std::nullopt : std::optional(said_);
}

bool LineQueue::add(Line line, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return lines_.size() < most_held; })) return false;
  lines_.push_back(std::move(line));
  changed_.notify_all();
  return true;
}

std::string LineQueue::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void LineQueue::end(const std::string& failure) {
  const std::lock_guard lock(mutex_);
  failure_ = failure;
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

LineReader::LineReader(FileDescriptor file, bool follow, LineQueue& into)
    : file_(std::move(file)),
      follow_(follow),
      into_(into),
      thread_([this](const std::stop_token& stop) { read(stop); }) {}

void LineReader::read(const std::stop_token& stop) {
  std::array<char, 1 << 16> buffer{};
  std::string line;
  while (!stop.stop_requested()) {
    pollfd watched{file_.get(), POLLIN, 0};
    if (::poll(&watched, 1, a_moment) == 0) continue;
    const ssize_t got = ::read(file_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got == 0 && follow_) {
      if (begins_anew(file_)) line.clear();
      std::this_thread::sleep_for(std::chrono::milliseconds(a_moment));
      continue;
    }
    if (got < 0) return into_.end(system_message(errno));
    if (got == 0) break;
    for (ssize_t i = 0; i < got; ++i) {
      const char letter = buffer[static_cast<std::size_t>(i)];
      if (letter != '\n') {
        if (line.size() <= most_bytes) line += letter;
      } else if (!into_.add({std::exchange(line, {}), LineQueue::Clock::now()}, stop)) {
        return;
      }
    }
  }
  // What has no line end, but the end of the file behind it, is whole.
  if (!line.empty() && !stop.stop_requested())
    into_.add({std::move(line), LineQueue::Clock::now()}, stop);
  into_.end();
}

}  // namespace sonde::cli
