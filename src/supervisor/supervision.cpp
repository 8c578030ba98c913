#include "supervisor/supervision.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "base/clock.hpp"

namespace sonde {
namespace {

constexpr double leftover_grace = 0.2;  // s, for what a simulator that ended left behind
constexpr double kill_period = 0.02;    // s, between two rounds of killing
constexpr double patience = 10.0;       // s, with processes that cannot be killed
constexpr std::size_t piece_size = std::size_t{1} << 16;
constexpr int pieces_a_turn = 16;  // so that a flood does not hide the clock

double now_monotonic() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

std::string this_host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// Moves what stands in the pipe to the file; closes the pipe at its end. Whether anything came.
bool drain(Descriptor& pipe, CappedFile& file) {
  std::array<char, piece_size> piece;
  bool any = false;
  for (int i = 0; pipe && i < pieces_a_turn; ++i) {
    const ssize_t got = ::read(pipe.number(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return any;
    if (got <= 0) {
      pipe.close();
      return any;
    }
    file.append({piece.data(), static_cast<std::size_t>(got)});
    any = true;
  }
  return any;
}

}  // namespace

Supervision::Supervision(const RunRequest& request, const Descriptor& signals,
                         const Descriptor& lifeline, std::string claim)
    : request_(request),
      signals_(signals),
      lifeline_(lifeline),
      claim_(std::move(claim)),
      started_(seconds_since_1970()),
      begin_(now_monotonic()),
      next_beat_(claim_.empty() ? std::numeric_limits<double>::infinity() : begin_ + request.beat),
      output_(run_files::standard_output, request.stream_part),
      error_output_(run_files::standard_error, request.stream_part),
      simulation_(launch(request)),
      progress_(request.stall, begin_),
      simulator_lives_(simulation_.process > 0),
      lifeline_holds_(bool(lifeline)) {}

RunResult Supervision::run() {
  try {
    watch();
  } catch (...) {
    kill_all();
    throw;
  }
  // Nobody is left to write: what the pipes hold is the rest.
  while (drain(simulation_.output, output_)) {
  }
  while (drain(simulation_.error_output, error_output_)) {
  }
  output_.finish();
  error_output_.finish();
  return result();
}

void Supervision::watch() {
  while (reap()) {
    wait_for_something();
    take_output();
    take_signals();
    watch_clocks();
  }
}

void Supervision::kill_all() {
  for (kill_at_ = now_monotonic(); reap(); ::poll(nullptr, 0, 1)) press_end(now_monotonic());
}

// Descendants that lose their parent are handed to us, so that no child left means nobody left.
bool Supervision::reap() {
  for (;;) {
    int status = 0;
    const pid_t gone = ::waitpid(-1, &status, WNOHANG);
    if (gone < 0 && errno == EINTR) continue;
    if (gone < 0) return false;
    if (gone == 0) return !(give_up_at_ && now_monotonic() >= *give_up_at_);
    if (gone != simulation_.process) continue;
    simulator_lives_ = false;
    status_ = status;
    end_ = now_monotonic();
  }
}

void Supervision::wait_for_something() {
  std::array<pollfd, 4> watched = {{{signals_.number(), POLLIN, 0},
                                    {simulation_.output.number(), POLLIN, 0},
                                    {simulation_.error_output.number(), POLLIN, 0},
                                    {lifeline_holds_ ? lifeline_.number() : -1, POLLIN, 0}}};
  const double left = std::clamp(next_deadline() - now_monotonic(), 0.0, 3600.0);
  ::poll(watched.data(), watched.size(), static_cast<int>(std::ceil(1e3 * left)));
  if (watched[3].revents != 0) {
    lifeline_holds_ = false;
    begin_end(Outcome::Ended, "the engine that asked for the run died");
  }
}

void Supervision::take_signals() {
  signalfd_siginfo told{};
  while (::read(signals_.number(), &told, sizeof told) == sizeof told) {
    if (told.ssi_signo == SIGUSR1) begin_end(Outcome::Timeout, "the queue's time limit is near");
    if (told.ssi_signo == SIGTERM || told.ssi_signo == SIGINT)
      begin_end(Outcome::Ended, "the run was called off");
  }
}

void Supervision::take_output() {
  const bool out = drain(simulation_.output, output_);
  const bool err = drain(simulation_.error_output, error_output_);
  if (out || err) progress_.heard(now_monotonic());
}

// The time of the file system, not ours: nobody compares it with a clock.
void Supervision::beat(double now) {
  if (now < next_beat_) return;
  next_beat_ = now + request_.beat;
  ::utimensat(AT_FDCWD, claim_.c_str(), nullptr, 0);
}

void Supervision::watch_clocks() {
  reap();
  const double now = now_monotonic();
  beat(now);
  if (!simulator_lives_ && !kill_at_) {
    signal_children(SIGTERM);
    kill_at_ = now + leftover_grace;
  }
  if (simulator_lives_ && now - begin_ >= request_.timeout) {
    begin_end(Outcome::Timeout, "");
  } else if (simulator_lives_ && progress_.stalled(now)) {
    begin_end(Outcome::Stall, "");
  }
  press_end(now);
}

void Supervision::begin_end(Outcome outcome, std::string message) {
  if (called_off_ || !simulator_lives_) return;
  called_off_ = outcome;
  message_ = std::move(message);
  ::kill(-simulation_.process, SIGTERM);
  signal_children(SIGTERM);
  kill_at_ = now_monotonic() + request_.grace;
}

void Supervision::press_end(double now) {
  if (!kill_at_ || now < *kill_at_) return;
  if (!give_up_at_) give_up_at_ = now + patience;
  if (simulator_lives_) ::kill(-simulation_.process, SIGKILL);
  signal_children(SIGKILL);
  kill_at_ = now + kill_period;
}

double Supervision::next_deadline() const {
  double next = std::min(next_beat_, kill_at_.value_or(std::numeric_limits<double>::infinity()));
  if (simulator_lives_ && !called_off_)
    next = std::min({next, begin_ + request_.timeout, progress_.next_look()});
  return next;
}

RunResult Supervision::result() const {
  RunResult result;
  result.host = this_host();
  result.started = started_;
  result.ended = seconds_since_1970();
  result.message = message_;
  if (simulation_.process < 0) {
    result.outcome = Outcome::CouldNotStart;
    result.message = simulation_.message;
    return result;
  }
  result.seconds = (simulator_lives_ ? now_monotonic() : end_) - begin_;
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  result.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  result.max_rss = 1024.0 * static_cast<double>(used.ru_maxrss);
  if (called_off_) {
    result.outcome = *called_off_;
  } else if (WIFSIGNALED(status_)) {
    result.outcome = Outcome::Signalled;
    result.signal = WTERMSIG(status_);
  } else {
    result.exit_status = WEXITSTATUS(status_);
  }
  const auto add = [&](const std::string& words) {
    if (!words.empty()) result.message += (result.message.empty() ? "" : "; ") + words;
  };
  add(output_.trouble());
  add(error_output_.trouble());
  if (give_up_at_ && ::waitpid(-1, nullptr, WNOHANG) == 0) add("not all could be killed");
  return result;
}

}  // namespace sonde
