#include "oracle/captured.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <string_view>

#include "oracle/file.hpp"
#include "sonde/base/error.hpp"

extern char** environ;

namespace sonde {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_output = std::size_t{64} << 20;
constexpr std::size_t most_error_output = std::size_t{64} << 10;

class Spawning {
 public:
  Spawning() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  // 0, or the number of the error.
  int start(pid_t& process, std::vector<std::string> argv, const Pipe& out, const Pipe& err) {
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out.write.number(), 1);
    ::posix_spawn_file_actions_adddup2(&actions_, err.write.number(), 2);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    std::vector<std::string> variables = {"LC_ALL=C"};
    for (char** entry = environ; *entry != nullptr; ++entry)
      if (!std::string_view(*entry).starts_with("LC_ALL=")) variables.emplace_back(*entry);
    return ::posix_spawn(&process, argv[0].c_str(), &actions_, &attributes_, pointers(argv).data(),
                         pointers(variables).data());
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// What stands in the pipe, as far as there is room for it; the pipe is closed at its end.
void drain(Descriptor& pipe, std::string& text, std::size_t most) {
  std::array<char, 65536> piece;
  const ssize_t got = ::read(pipe.number(), piece.data(), piece.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) return pipe.close();
  text.append(piece.data(), std::min(static_cast<std::size_t>(got), most - text.size()));
}

int milliseconds_until(Clock::time_point deadline) {
  const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp(std::ceil(1e3 * left), 0.0, 1e6));
}

// Reads until both streams end, or until it may not go on.
Captured::End read_all(Pipe& out, Pipe& err, Clock::time_point deadline, int called_off,
                       Captured& said) {
  while (out.read || err.read) {
    std::array<pollfd, 3> watched = {
        {{out.read.number(), POLLIN, 0}, {err.read.number(), POLLIN, 0}, {called_off, POLLIN, 0}}};
    const int left = milliseconds_until(deadline);
    if (::poll(watched.data(), watched.size(), left) == 0 && left == 0)
      return Captured::End::TimedOut;
    if (watched[2].revents != 0) return Captured::End::CalledOff;
    if (watched[0].revents != 0) drain(out.read, said.output, most_output);
    if (watched[1].revents != 0) drain(err.read, said.error_output, most_error_output);
  }
  return Captured::End::Exited;
}

// A program that closes its streams and goes on has until the deadline as well.
bool ended(pid_t process, Clock::time_point deadline, int& status) {
  for (;;) {
    const pid_t gone = ::waitpid(process, &status, WNOHANG);
    if (gone == process) return true;
    if (gone < 0 && errno != EINTR) return false;
    if (Clock::now() >= deadline) return false;
    ::poll(nullptr, 0, 1);
  }
}

void kill_and_reap(pid_t process) {
  ::kill(-process, SIGKILL);
  ::kill(process, SIGKILL);
  while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Captured captured(const std::vector<std::string>& argv, double seconds, int called_off) {
  Captured said;
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  pid_t process = -1;
  if (const int refused = Spawning().start(process, argv, out, err); refused != 0) {
    said.error_output = argv[0] + ": cannot be started (" + system_message(refused) + ")";
    return said;
  }
  out.write.close();
  err.write.close();
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(std::min(seconds, 1e6)));
  said.end = read_all(out, err, deadline, called_off, said);
  int status = 0;
  if (said.end != Captured::End::Exited || !ended(process, deadline, status)) {
    if (said.end == Captured::End::Exited) said.end = Captured::End::TimedOut;
    kill_and_reap(process);
    return said;
  }
  if (WIFEXITED(status)) {
    said.exit_status = WEXITSTATUS(status);
  } else {
    said.end = Captured::End::Killed;
  }
  return said;
}

}  // namespace sonde
