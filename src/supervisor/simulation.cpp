#include "supervisor/simulation.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "sonde/base/error.hpp"

extern char** environ;

namespace sonde {
namespace {

std::vector<std::string> environment(const RunRequest& request) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; !request.bare && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : request.env) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> all;
  for (std::string& line : lines) all.push_back(line.data());
  all.push_back(nullptr);
  return all;
}

// All that the child needs, ready before the fork: between fork and exec it only makes system
// calls.
struct Start {
  char* const* argv;
  char* const* environment;
  int input;
  int output;
  int error_output;
  int failure;  // where errno goes if exec does not happen
  pid_t supervisor;
  std::array<std::pair<int, rlimit>, 4> limits;
};

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// When memory runs out, the kernel is to take the simulator, not whom it works for.
void offer_to_be_killed_first() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  static_cast<void>(!::write(file, "500", 3));
  ::close(file);
}

[[noreturn]] void become_simulator(const Start& start) {
  const auto give_up = [&] {
    const int why = errno;
    static_cast<void>(!::write(start.failure, &why, sizeof why));
    ::_exit(127);
  };
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.supervisor) ::_exit(127);  // it died before it could be watched
  reset_signals();
  offer_to_be_killed_first();
  for (const auto& [resource, limit] : start.limits)
    ::setrlimit(static_cast<__rlimit_resource>(resource), &limit);
  if (::dup2(start.input, 0) < 0 || ::dup2(start.output, 1) < 0 ||
      ::dup2(start.error_output, 2) < 0)
    give_up();
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  ::execve(start.argv[0], start.argv, start.environment);
  give_up();
  ::abort();
}

// No more than is allowed already: a limit is never raised.
rlimit limited(int resource, double value, double beyond) {
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
  constexpr double most = 9e18;
  if (!(value < most)) return now;
  const auto hard = std::min(now.rlim_max, static_cast<rlim_t>(std::ceil(value + beyond)));
  return {std::min(hard, static_cast<rlim_t>(std::ceil(value))), hard};
}

// Above its limit of CPU time a process is told, and five seconds later killed.
std::array<std::pair<int, rlimit>, 4> limits_of(const RunRequest& request) {
  return {{{RLIMIT_CORE, {0, 0}},
           {RLIMIT_AS, limited(RLIMIT_AS, request.memory_limit, 0.0)},
           {RLIMIT_CPU, limited(RLIMIT_CPU, request.cpu_limit, 5.0)},
           {RLIMIT_FSIZE, limited(RLIMIT_FSIZE, request.file_limit, 0.0)}}};
}

std::string could_not_start(const std::string& program, int error_number) {
  std::string message = "'" + printable(program) + "': " + system_message(error_number);
  if (error_number == ENOEXEC) message += ". A script needs a first line such as #!/bin/sh.";
  if (error_number == ENOENT && ::access(program.c_str(), F_OK) == 0)
    message += ". The file is there; the interpreter that it names is not.";
  return message;
}

Descriptor open_input(const RunRequest& request) {
  const char* const name =
      request.standard_input.empty() ? "/dev/null" : request.standard_input.c_str();
  Descriptor input(::open(name, O_RDONLY | O_CLOEXEC));
  require<Error>(bool(input), name, ": cannot be read (", system_message(errno), ")");
  return input;
}

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  if (!processes) return found;
  const pid_t self = ::getpid();
  while (const dirent* entry = ::readdir(processes.get())) {
    const auto number = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (number <= 0) continue;
    const auto facts = read_small_file(std::string("/proc/") + entry->d_name + "/stat", 4096);
    if (!facts) continue;
    // pid (name) state parent ...; the name may contain anything, a bracket too.
    const std::size_t bracket = facts->rfind(')');
    if (bracket == std::string::npos || bracket + 4 >= facts->size()) continue;
    if (std::strtol(facts->c_str() + bracket + 4, nullptr, 10) == self) found.push_back(number);
  }
  return found;
}

}  // namespace

Simulation launch(const RunRequest& request) {
  require<Error>(!request.argv.empty(), "sonde-run: expected a program to run, got none");
  std::vector<std::string> arguments = request.argv;
  std::vector<std::string> variables = environment(request);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(variables);
  const Descriptor input = open_input(request);
  Pipe output = make_pipe();
  Pipe error_output = make_pipe();
  Pipe failure = make_pipe();
  const Start start{argv.data(),
                    envp.data(),
                    input.number(),
                    output.write.number(),
                    error_output.write.number(),
                    failure.write.number(),
                    ::getpid(),
                    limits_of(request)};
  Simulation simulation;
  simulation.process = ::fork();
  if (simulation.process == 0) become_simulator(start);
  if (simulation.process < 0) {
    simulation.message = "no process can be made (" + system_message(errno) + ")";
    return simulation;
  }
  failure.write.close();
  int why = 0;
  ssize_t got = 0;
  while ((got = ::read(failure.read.number(), &why, sizeof why)) < 0 && errno == EINTR) {
  }
  if (got == sizeof why) {
    simulation.message = could_not_start(request.argv[0], why);
    simulation.process = -1;
    return simulation;
  }
  for (const Descriptor* stream : {&output.read, &error_output.read})
    ::fcntl(stream->number(), F_SETFL, O_NONBLOCK);
  simulation.output = std::move(output.read);
  simulation.error_output = std::move(error_output.read);
  return simulation;
}

void signal_children(int signal) {
  for (const pid_t child : children()) ::kill(child, signal);
}

}  // namespace sonde
