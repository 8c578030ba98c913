#include "cli/handover.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>

#include "base/clock.hpp"
#include "base/json_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/inbox.hpp"
#include "cli/request.hpp"
#include "cli/sessions.hpp"
#include "cli/text_table.hpp"
#include "run/toml_reader.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto between_looks = std::chrono::milliseconds(30);
constexpr double longest_wait = 600.0;  // s, for one that has begun with the request

volatile std::sig_atomic_t called_off = 0;  // by this signal

extern "C" void remember_call_off(int signal) {
  called_off = signal;
}

// While it lives signals that end a process are remembered instead.
class SignalsHeld {
 public:
  SignalsHeld() {
    called_off = 0;
    for (std::size_t i = 0; i < signals.size(); ++i) {
      struct sigaction action {};
      action.sa_handler = remember_call_off;
      ::sigaction(signals[i], &action, &before_[i]);
    }
  }
  ~SignalsHeld() {
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  static constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, 3> before_{};
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// In the order in which they came, as far as the clock tells, and never twice.
std::string new_name() {
  std::random_device device;
  return fmt::format("{:017.6f}-{}-{:08x}", seconds_since_1970(), ::getpid(), device());
}

int printed(const Reply& reply) {
  std::fputs(reply.out.c_str(), stdout);
  if (std::fflush(stdout) != 0 && !reply.out.empty())
    std::fputs("sonde: what was recorded did not reach its reader: sonde ask --again shows it\n",
               stderr);
  std::fputs(printable_lines(reply.err).c_str(), stderr);
  return reply.status;
}

// One request on its way.
class Way {
 public:
  Way(const CampaignFolder& folder, const std::string& request, const HandOver& options)
      : folder_(folder), request_(request), options_(options) {}

  int go() {
    for (;;) {
      if (const std::optional<Reply> reply = answer()) return printed(*reply);
      try {
        return printed(by_this_process());
      } catch (const JournalLocked& locked) {
        if (!folder_.begun() && seconds_since(begun_) > options_.wait) throw;
        if (name_.empty() && folder_.begun()) hand_over();
        if (const std::optional<Reply> reply = await(locked)) return printed(*reply);
      }
    }
  }

 private:
  Reply by_this_process() {
    OpenCampaign open = open_campaign(folder_, options_.threads);
    Inbox(open, options_.threads, [](const std::string& words) {
      std::fputs((words + '\n').c_str(), stderr);
    }).look();
    if (const std::optional<Reply> reply = answer()) return *reply;
    return carried_out(open, agreed(open, request_, options_.threads), "", options_.threads);
  }

  void hand_over() {
    make_directories(folder_.inbox());
    name_ = new_name();
    write_file(request_file(), request_ + '\n');
  }

  fs::path request_file() const { return folder_.inbox() / (name_ + ".request"); }

  std::optional<Reply> answer() const {
    if (name_.empty()) return std::nullopt;
    const fs::path file = folder_.outbox() / name_;
    std::ifstream stream(file);
    if (!stream) return std::nullopt;
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const JsonValue json = parsed_json(text);
    std::error_code gone;
    fs::remove(file, gone);
    return Reply{json.value("status", static_cast<int>(Unexpected)), json.value("out", ""),
                 json.value("err", "")};
  }

  // A reply, or nothing where the journal may be free. \throws JournalLocked after the wait
  std::optional<Reply> await(const JournalLocked& locked) {
    const SignalsHeld held;
    while (folder_.being_written()) {
      if (std::optional<Reply> reply = answer()) return reply;
      const bool over = called_off != 0 || seconds_since(begun_) > options_.wait;
      // Where somebody has begun, what comes of it is waited for: it must reach its reader.
      if (over && (name_.empty() || taken_back())) {
        if (called_off == 0) throw locked;
        return Reply{128 + static_cast<int>(called_off), "",
                     "sonde: called off; nothing was recorded\n"};
      }
      require<StoreError>(seconds_since(begun_) <= longest_wait, folder_.shown(),
                          ": whoever holds the journal has taken the request, but gives no answer. "
                          "It will be carried out: see sonde status");
      std::this_thread::sleep_for(between_looks);
    }
    return std::nullopt;
  }

  // False where somebody has begun to carry it out.
  bool taken_back() const { return ::unlink(request_file().c_str()) == 0; }

  const CampaignFolder& folder_;
  const std::string& request_;
  const HandOver& options_;
  const Clock::time_point begun_ = Clock::now();
  std::string name_{};  // once it is handed over
};

}  // namespace

Argument wait_argument(std::string& wait) {
  return {.names = "--wait",
          .place = &wait,
          .help = "How long to wait for whoever holds the journal; default: \"10 s\""};
}

double wait_of(const std::string& wait) {
  const std::optional<double> seconds = duration(wait);
  require<UsageError>(seconds.has_value(), "--wait: expected a duration such as \"10 s\", got '",
                      wait, "'");
  return *seconds;
}

int by_holder(const CampaignFolder& folder, const std::string& request, const HandOver& options) {
  return Way(folder, request, options).go();
}

}  // namespace sonde::cli
