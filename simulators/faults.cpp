#include "faults.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace sonde_simulator {
namespace {

using namespace std::string_view_literals;
using Clock = std::chrono::steady_clock;

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// Straight to the descriptor: what a fault has written must be there although the process dies.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void say(std::string_view text) {
  write_all(STDOUT_FILENO, text);
}
void complain(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

void write_file(const char* name, std::string_view text) {
  const int file = ::open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  write_all(file, text);
  ::close(file);
}

std::string log_head(std::span<const double> x) {
  return "A = " + shortest(x[0]) + "\nB = " + shortest(x[1]) + "\n";
}

/// {"x": {...}, "y": {"value": ...}}: the inputs as the simulator understood them, for echo checks.
std::string answer(std::span<const double> x, std::string_view value) {
  return "{\"x\": {\"a\": " + shortest(x[0]) + ", \"b\": " + shortest(x[1]) +
         "}, \"y\": {\"value\": " + std::string(value) + "}}\n";
}

/// A run that ended as a run should, with `value` for its result.
int finish(const Case& run, std::span<const double> x, std::string_view value) {
  if (run.files) {
    write_file("run.log", log_head(x) + "VALUE = " + std::string(value) + "\nEND OF RUN\n");
    write_file("result.json", answer(x, value));
  }
  say(answer(x, value));
  return 0;
}

std::string truth(const Case& run, std::span<const double> x) {
  return shortest(run.simulator.evaluate(x).front());
}

int none(const Case& run) {
  return finish(run, run.request.x, truth(run, run.request.x));
}

int slow(const Case& run) {
  sleep_for(run.bounds.slow_seconds);
  return none(run);
}

// ---- deaths

int die_of(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  return 128 + signal;
}

int segv(const Case&) {
  return die_of(SIGSEGV);
}

int abort_(const Case&) {
  complain("flaky: assertion failed: residual >= 0\n");
  return die_of(SIGABRT);
}

int exit_(const Case&) {
  complain("flaky: cannot read the mesh\n");
  return 3;
}

int licence(const Case&) {
  complain("flaky: no licence is free, try again later\n");
  return 75;  // EX_TEMPFAIL of sysexits.h
}

// ---- never ending

int hang(const Case& run) {
  complain("flaky: waiting for a lock\n");
  sleep_for(run.bounds.hang_seconds);
  return 4;
}

int stubborn(const Case& run) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_IGN);
  return hang(run);
}

int spin(const Case& run) {
  const auto end = Clock::now() + std::chrono::duration<double>(run.bounds.hang_seconds);
  while (Clock::now() < end) {
  }
  return 4;
}

// ---- taking what the machine has

int memory(const Case& run) {
  constexpr std::size_t piece = std::size_t{4} << 20;
  for (std::size_t taken = 0; taken < run.bounds.memory_bytes; taken += piece) {
    void* const pages =
        ::mmap(nullptr, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
      complain("flaky: out of memory\n");
      return 5;
    }
    std::memset(pages, 1, piece);  // untouched pages cost nothing
  }
  return die_of(SIGKILL);  // as the kernel does to who takes too much
}

int disk(const Case& run) {
  const int file = ::open("scratch.bin", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const std::string piece(std::size_t{1} << 20, '#');
  for (std::size_t done = 0; file >= 0 && done < run.bounds.disk_bytes; done += piece.size())
    if (!write_all(file, piece)) break;
  complain("flaky: cannot write scratch.bin: No space left on device\n");
  return 6;
}

void pour(const Bounds& bounds) {
  std::string lines;
  for (int i = 0; i < 1024; ++i)
    lines += "iteration did not converge, trying once more; residual 1e+00\n";
  for (std::size_t done = 0; done < bounds.flood_bytes; done += lines.size()) {
    say(lines);
    complain(lines);
  }
}

int flood(const Case& run) {
  pour(run.bounds);
  complain("flaky: gave up\n");
  return 7;
}

int chatty(const Case& run) {
  pour(run.bounds);
  return none(run);
}

// ---- nonsense

int nan_(const Case& run) {
  return finish(run, run.request.x, "NaN");
}
int inf(const Case& run) {
  return finish(run, run.request.x, "Infinity");
}
int absurd(const Case& run) {
  return finish(run, run.request.x, "1e+30");
}

int garbage(const Case& run) {
  constexpr std::string_view text = "\x01\xff{]] value: twenty-four }\n\0 \xc3\x28 42,5\n"sv;
  if (run.files) {
    write_file("run.log", text);
    write_file("result.json", text);
  }
  say(text);
  return 0;
}

int missing(const Case& run) {
  if (run.files) {
    write_file("run.log", log_head(run.request.x) + "END OF RUN\n");
    write_file("result.json", "{\"y\": {}}\n");
  }
  say("{\"y\": {}}\n");
  return 0;
}

int torn(const Case& run) {
  const std::string whole = answer(run.request.x, truth(run, run.request.x));
  const std::string_view half = std::string_view(whole).substr(0, whole.find("\"value\"") + 9);
  if (run.files) {
    write_file("run.log", log_head(run.request.x) + "VALUE = ");
    write_file("result.json", half);
  }
  say(half);
  return 0;
}

int diverged(const Case& run) {
  complain("ERROR: solver diverged at step 42\n");
  const std::string value = shortest(0.5 * run.simulator.evaluate(run.request.x).front());
  finish(run, run.request.x, value);
  if (run.files)
    write_file("run.log", log_head(run.request.x) +
                              "ERROR: solver diverged at step 42\nVALUE = " + value + "\n");
  return 0;
}

int silent(const Case&) {
  return 0;
}

int deaf(const Case& run) {
  ::close(STDOUT_FILENO);
  sleep_for(0.02);
  say(answer(run.request.x, truth(run, run.request.x)));  // to nobody
  return 0;
}

/// Another question than the one asked: half as far from the origin, one unit up.
std::vector<double> elsewhere(const Case& run) {
  return {0.5 * run.request.x[0], 0.5 * run.request.x[1] + 1.0};
}

int wrong_echo(const Case& run) {
  const std::vector<double> x = elsewhere(run);
  return finish(run, x, truth(run, x));
}

int stale(const Case& run) {
  if (!run.files) return 0;
  const std::vector<double> x = elsewhere(run);
  write_file("run.log", log_head(x) + "VALUE = " + truth(run, x) + "\nEND OF RUN\n");
  write_file("result.json", answer(x, truth(run, x)));
  constexpr timespec long_ago{1'000'000'000, 0};  // 2001-09-09
  const timespec times[2] = {long_ago, long_ago};
  ::utimensat(AT_FDCWD, "run.log", times, 0);
  ::utimensat(AT_FDCWD, "result.json", times, 0);
  return 0;
}

/// Leaves a process behind that has a session of its own and keeps both streams open.
int orphan(const Case& run) {
  const pid_t between = ::fork();
  if (between == 0) {
    ::setsid();
    const pid_t left_behind = ::fork();
    if (left_behind == 0) sleep_for(run.bounds.orphan_seconds);
    if (left_behind > 0 && run.files) write_file("orphan.pid", std::to_string(left_behind) + "\n");
    ::_exit(0);
  }
  ::waitpid(between, nullptr, 0);
  return none(run);
}

constexpr Fault all_faults[] = {
    {"none", Due::Ok, "answers well", none},
    {"slow", Due::Ok, "answers well, later", slow},
    {"chatty", Due::Ok, "floods both streams, then answers well", chatty},
    {"orphan", Due::Ok, "answers well, leaves a daemon behind", orphan},
    {"segv", Due::Failed, "dies of SIGSEGV", segv},
    {"abort", Due::Failed, "dies of SIGABRT", abort_},
    {"exit", Due::Failed, "exit status 3, a message on standard error", exit_},
    {"licence", Due::Failed, "exit status 75 (temporary), gone on the second attempt", licence},
    {"hang", Due::TimedOut, "sleeps", hang},
    {"stubborn", Due::TimedOut, "sleeps and ignores SIGTERM", stubborn},
    {"spin", Due::TimedOut, "computes for ever", spin},
    {"memory", Due::Failed, "takes memory until it is refused or killed", memory},
    {"disk", Due::Failed, "fills the disk, exit status 6", disk},
    {"flood", Due::Failed, "floods both streams, exit status 7", flood},
    {"nan", Due::Failed, "answers NaN", nan_},
    {"inf", Due::Failed, "answers Infinity", inf},
    {"absurd", Due::Failed, "answers 1e30", absurd},
    {"garbage", Due::Failed, "answers bytes that mean nothing", garbage},
    {"missing", Due::Failed, "answers without the output", missing},
    {"torn", Due::Failed, "answers half, exit status 0", torn},
    {"diverged", Due::Failed, "says so, answers a wrong value, exit status 0", diverged},
    {"silent", Due::Failed, "answers nothing, exit status 0", silent},
    {"deaf", Due::Failed, "closes standard output before it answers", deaf},
    {"wrong_echo", Due::Failed, "answers another question, and says which", wrong_echo},
    {"stale", Due::Failed, "leaves files of long ago, answers nothing", stale},
};

}  // namespace

std::span<const Fault> faults() {
  return all_faults;
}

const Fault* fault_named(std::string_view name) {
  const auto found = std::find_if(std::begin(all_faults), std::end(all_faults),
                                  [&](const Fault& fault) { return fault.name == name; });
  return found == std::end(all_faults) ? nullptr : found;
}

}  // namespace sonde_simulator
