#include "oracle/supervised.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>

#include "oracle/render.hpp"
#include "sonde/base/error.hpp"

extern char** environ;

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr int lock_number = 3;  // of the descriptors that are handed to the supervisor
constexpr int lifeline_number = 4;

// The C library's header of these two is not for C++ in glibc 2.36.
Descriptor open_process(pid_t number) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, number, 0)));
}
bool send_signal(const Descriptor& process, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process.number(), signal, nullptr, 0) == 0;
}

// Waits for the process behind `pidfd`, for a stop, or for so long; either descriptor may be -1.
void poll_both(int pidfd, int event, int milliseconds) {
  std::array<pollfd, 2> watched = {{{pidfd, POLLIN, 0}, {event, POLLIN, 0}}};
  ::poll(watched.data(), watched.size(), milliseconds);
}

// What posix_spawn is told; its C objects have to be given back.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    // A session of its own: what ends our terminal's processes is not to end the simulation.
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void open(int number, const std::string& path, int flags) {
    ::posix_spawn_file_actions_addopen(&actions_, number, path.c_str(), flags, 0666);
  }
  void hand_over(const Descriptor& ours, int number) {
    ::posix_spawn_file_actions_adddup2(&actions_, ours.number(), number);
  }
  void close_from(int number) { ::posix_spawn_file_actions_addclosefrom_np(&actions_, number); }

  pid_t spawn(const std::vector<std::string>& arguments) const {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_t process = -1;
    const int refused =
        ::posix_spawn(&process, argv[0], &actions_, &attributes_, argv.data(), environ);
    require<Error>(refused == 0, "the supervisor ", arguments[0], " cannot be started (",
                   system_message(refused), ")");
    return process;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

pid_t spawn_supervisor(const fs::path& program, const RunDirectory& run, const Descriptor& lock,
                       const std::vector<Descriptor>& held, const Descriptor& lifeline) {
  std::vector<std::string> arguments = {program.string(), "--lock", std::to_string(lock_number)};
  SpawnPlan plan;
  plan.open(0, "/dev/null", O_RDONLY);
  plan.open(1, "/dev/null", O_WRONLY);
  plan.open(2, (run.path() / run_files::supervisor).string(), O_WRONLY | O_CREAT | O_APPEND);
  plan.hand_over(lock, lock_number);
  if (lifeline) {
    plan.hand_over(lifeline, lifeline_number);
    arguments.insert(arguments.end(), {"--lifeline", std::to_string(lifeline_number)});
  }
  int next = lifeline ? lifeline_number + 1 : lock_number + 1;
  for (const Descriptor& one : held) {
    plan.hand_over(one, next);
    arguments.insert(arguments.end(), {"--hold", std::to_string(next++)});
  }
  plan.close_from(next);
  arguments.push_back(run.path().string());
  return plan.spawn(arguments);
}

// Of the run's supervisor, if it is one of this machine's processes; else none.
Descriptor owner_of(const RunDirectory& run) {
  const auto text = read_small_file((run.path() / run_files::lock).string(), 64);
  const long number = text ? std::strtol(text->c_str(), nullptr, 10) : 0;
  if (number <= 0) return {};
  Descriptor process = open_process(static_cast<pid_t>(number));
  if (!process) return {};
  // The number may be another's by now; the descriptor, from here on, may not.
  const auto command = read_small_file("/proc/" + std::to_string(number) + "/cmdline", 1u << 17);
  const std::string last = run.path().string() + '\0';
  return command && command->ends_with(last) ? std::move(process) : Descriptor();
}

bool belongs_to(const std::string& process, const std::string& variable) {
  const auto text = read_small_file("/proc/" + process + "/environ", 1u << 22);
  return text && (text->starts_with(variable) || text->find('\0' + variable) != std::string::npos);
}

int kill_once(const std::string& variable) {
  int killed = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  while (const dirent* entry = processes ? ::readdir(processes.get()) : nullptr) {
    const auto number = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (number <= 1 || number == ::getpid()) continue;
    const Descriptor process = open_process(number);
    if (process && belongs_to(entry->d_name, variable) && send_signal(process, SIGKILL)) ++killed;
  }
  return killed;
}

}  // namespace

StopEvent::StopEvent(const std::stop_token& stop)
    : stop_(stop), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), wake_(stop_, [this] {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(event_.number(), &one, sizeof one));
      }) {}

void StopEvent::sleep(double seconds) const {
  poll_both(-1, descriptor(), static_cast<int>(std::ceil(1e3 * seconds)));
}

fs::path supervisor_program(const fs::path& given) {
  const auto usable = [](const fs::path& path) {
    std::error_code absent;
    return fs::is_regular_file(path, absent) && ::access(path.c_str(), X_OK) == 0;
  };
  if (!given.empty()) {
    require<OracleError>(usable(given), "the supervisor '", given.string(),
                         "' does not exist, or may not be executed");
    return fs::absolute(given);
  }
  std::error_code absent;
  const fs::path beside = fs::read_symlink("/proc/self/exe", absent).parent_path() / "sonde-run";
  if (!absent && usable(beside)) return beside;
  try {
    return program_path("sonde-run", "/");
  } catch (const OracleError&) {
    throw OracleError("'sonde-run', under which simulations run, is neither beside this program (" +
                      beside.parent_path().string() +
                      ") nor on PATH. It is installed together with sonde.");
  }
}

void supervise(const fs::path& program, const RunDirectory& run, Descriptor lock,
               std::vector<Descriptor> held, bool end_on_death, const StopEvent& stop) {
  Pipe lifeline;
  if (end_on_death) lifeline = make_pipe();
  // Numbers above those that are handed over, so that none is overwritten by another.
  for (Descriptor& one : held) {
    Descriptor high(::fcntl(one.number(), F_DUPFD_CLOEXEC, 256));
    if (high) one = std::move(high);
  }
  const pid_t process = spawn_supervisor(program, run, lock, held, lifeline.read);
  held.clear();
  lock.close();
  lifeline.read.close();
  // Where there is no such descriptor (old kernels), we look now and then.
  const Descriptor handle = open_process(process);
  bool asked = false;
  for (;;) {
    const pid_t gone = ::waitpid(process, nullptr, WNOHANG);
    if (gone != 0 && !(gone < 0 && errno == EINTR)) return;
    if (stop.wished() && !asked) asked = ::kill(process, SIGTERM) == 0;
    poll_both(handle.number(), asked ? -1 : stop.descriptor(), handle ? -1 : 20);
  }
}

void await(const RunDirectory& run, const StopEvent& stop) {
  bool asked = false;
  while (run.running()) {
    // Looked up every time: the lock may be held by a supervisor that has not signed yet.
    const Descriptor owner = owner_of(run);
    if (stop.wished() && !asked) {
      if (!owner) return;
      asked = send_signal(owner, SIGTERM);
    }
    poll_both(owner.number(), asked ? -1 : stop.descriptor(), owner ? 1000 : 50);
  }
}

void kill_strays(const RunDirectory& run) {
  const std::string variable = std::string(run_variable) + '=' + run.path().string() + '\0';
  constexpr int rounds = 50;  // those killed may have had time to make others
  for (int i = 0; i < rounds && kill_once(variable) > 0; ++i) ::poll(nullptr, 0, 5);
}

}  // namespace sonde
