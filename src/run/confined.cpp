#include "run/confined.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <new>

#include "run/durable.hpp"

namespace sonde {
namespace {

using Clock = std::chrono::steady_clock;

// What a reply begins with.
constexpr char returned = 'r';
constexpr char threw = 't';

template <class Resource>
void limit(Resource resource, rlim_t soft, rlim_t hard) {
  rlimit now{};
  ::getrlimit(resource, &now);
  const rlimit wanted{std::min(soft, now.rlim_max), std::min(hard, now.rlim_max)};
  if (::setrlimit(resource, &wanted) != 0)
    throw StoreError(concat("a child process cannot be limited: ", std::strerror(errno)));
}

// Bytes that are mapped now: under a sanitizer terabytes, of which few are used.
rlim_t address_space() {
  std::ifstream stream("/proc/self/statm");
  rlim_t pages = 0;
  stream >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

void restrain(const Confinement& bounds) {
  limit(RLIMIT_AS, address_space() + bounds.memory, address_space() + bounds.memory);
  const auto cpu = static_cast<rlim_t>(bounds.cpu_seconds);
  limit(RLIMIT_CPU, cpu, cpu + 1);
  limit(RLIMIT_FSIZE, 0, 0);
  limit(RLIMIT_CORE, 0, 0);
}

// What breaks down ends by its signal, and writes nothing over the terminal.
void be_silent() {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU})
    ::signal(signal, SIG_DFL);
  const FileDescriptor nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int standard = 0; nowhere && standard < 3; ++standard) ::dup2(nowhere.get(), standard);
}

void send(int pipe, const std::string& reply) {
  for (std::size_t done = 0; done < reply.size();) {
    const ssize_t wrote = ::write(pipe, reply.data() + done, reply.size() - done);
    if (wrote < 0 && errno != EINTR) return;
    done += static_cast<std::size_t>(std::max<ssize_t>(wrote, 0));
  }
}

[[noreturn]] void be_the_child(int pipe, const std::function<std::string()>& act,
                               const Confinement& bounds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  be_silent();
  std::string reply;
  try {
    restrain(bounds);
    reply = returned + act();
  } catch (const std::bad_alloc&) {
    reply = concat(threw, "takes more than ", bounds.memory >> 20, " MiB of memory");
  } catch (const std::exception& failure) {
    reply = concat(threw, failure.what());
  }
  send(pipe, reply);
  ::_exit(0);  // nothing of the parent's is flushed or removed twice
}

class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  ~Child() {
    if (process_ > 0) end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // How it ended, which it has, or is made to.
  int end() {
    ::kill(process_, SIGKILL);
    return wait();
  }
  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = -1;
    return status;
  }

 private:
  pid_t process_;
};

// All that comes. \throws ChildDied where that takes too long, or is too much
std::string received(int pipe, const Confinement& bounds) {
  const Clock::time_point begun = Clock::now();
  std::string reply;
  std::array<char, 1u << 16> part{};
  for (;;) {
    const double left =
        bounds.wall_seconds - std::chrono::duration<double>(Clock::now() - begun).count();
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = left > 0.0 ? ::poll(&waiting, 1, static_cast<int>(1e3 * left) + 1) : 0;
    if (ready < 0 && errno == EINTR) continue;
    require<ChildDied>(ready != 0, "took longer than ", bounds.wall_seconds, " s");
    const ssize_t got = ::read(pipe, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return reply;
    reply.append(part.data(), static_cast<std::size_t>(got));
    require<ChildDied>(reply.size() <= bounds.most, "gave more than ", bounds.most >> 20, " MiB");
  }
}

std::string words_of(int status, const Confinement& bounds) {
  if (!WIFSIGNALED(status)) return concat("broke down (exit status ", WEXITSTATUS(status), ")");
  const int signal = WTERMSIG(status);
  if (signal == SIGXCPU) return concat("took more than ", bounds.cpu_seconds, " s of CPU time");
  return concat("broke down (", ::strsignal(signal), ")");
}

}  // namespace

std::string confined(const std::function<std::string()>& act, const Confinement& bounds) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("a pipe", "cannot be made");
  const FileDescriptor from(ends[0]);
  FileDescriptor to(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) throw_errno("a child process", "cannot be begun");
  if (process == 0) be_the_child(to.get(), act, bounds);
  Child child(process);
  to = FileDescriptor();
  const std::string reply = received(from.get(), bounds);
  const int status = child.wait();
  const bool whole = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !reply.empty();
  require<ChildDied>(whole, words_of(status, bounds));
  if (reply.front() != returned) throw StoreError(reply.substr(1));
  return reply.substr(1);
}

void open_no_more_files() {
  limit(RLIMIT_NOFILE, 0, 0);
}

}  // namespace sonde
