#include "cli/interruption.hpp"

#include <csignal>
#include <fstream>
#include <string>
#include <utility>

namespace sonde::cli {
namespace {

// All that a signal handler may touch.
volatile std::sig_atomic_t signals_seen = 0;
volatile std::sig_atomic_t last_signal = 0;

// The third of them is no longer ours: it ends the program there and then.
extern "C" void remember_signal(int signal) {
  last_signal = signal;
  signals_seen = signals_seen + 1;
  if (signals_seen < 2) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

Interruption written_in(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string word;
  if (!stream || !(stream >> word)) return Interruption::None;
  return word == "now" ? Interruption::Abandon : Interruption::Drain;
}

}  // namespace

Interruptions::Interruptions(std::filesystem::path stop_file) : stop_file_(std::move(stop_file)) {
  signals_seen = 0;
  last_signal = 0;
  handle(remember_signal);
}

Interruptions::~Interruptions() {
  handle(SIG_DFL);
  std::error_code absent;
  std::filesystem::remove(stop_file_, absent);
}

Interruption Interruptions::now() {
  // Every time, so that no simulation is begun after `sonde stop` has said that none will be.
  if (asked_by_file_ != Interruption::Abandon) {
    const Interruption asked = written_in(stop_file_);
    if (asked != Interruption::None) asked_by_file_ = asked;
  }
  const int seen = signals_seen + (asked_by_file_ == Interruption::Drain ? 1 : 0);
  if (seen >= 2 || asked_by_file_ == Interruption::Abandon) {
    source_.request_stop();
    return Interruption::Abandon;
  }
  return seen == 1 ? Interruption::Drain : Interruption::None;
}

int Interruptions::exit_status() const {
  return 128 + (signals_seen == 0 ? SIGINT : static_cast<int>(last_signal));
}

}  // namespace sonde::cli
