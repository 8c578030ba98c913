// sonde-run: owns one simulation, in the directory that it is given, and outlives who asked for it.
//
// It holds the directory's lock as long as it lives, runs what .sonde/run.json says, and publishes
// how that ended as .sonde/result.json. Sent SIGTERM, it ends the simulation.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/file.hpp"
#include "oracle/run_record.hpp"
#include "sonde/base/error.hpp"
#include "supervisor/library_worker.hpp"
#include "supervisor/supervision.hpp"

namespace {

using namespace sonde;

constexpr const char* usage =
    "usage: sonde-run [--lock FD] [--lifeline FD] [--hold FD]... DIRECTORY\n"
    "       sonde-run --library FILE [--describe]\n"
    "       sonde-run --claim LIST\n"
    "\n"
    "Runs the simulation that DIRECTORY/.sonde/run.json describes, and publishes how it ended as\n"
    "DIRECTORY/.sonde/result.json. Started by sonde, once a run.\n"
    "\n"
    "  --lock FD      descriptor of DIRECTORY/.sonde/lock, locked already\n"
    "  --lifeline FD  read end of a pipe: the run is ended when its other end is closed\n"
    "  --hold FD      kept open as long as the run lives\n"
    "  --claim LIST   in a task of an array of Slurm: the run whose name is the task's line of\n"
    "                 LIST, RUNS/.slurm/NAME, unless it was started before\n"
    "\n"
    "With --library it evaluates a plug-in library: a question on standard input, the answer on\n"
    "standard output; or it prints the library's names.\n";

struct Options {
  std::string directory;
  bool claim = false;  // before anything else: several may have been started for it
  Descriptor lock;
  Descriptor lifeline;
  std::vector<Descriptor> held{};
};

// A descriptor that was handed to us, not to be handed on.
Descriptor descriptor(const std::string& option, std::string_view text) {
  int number = -1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = problem == std::errc() && end == text.data() + text.size() && number > 2;
  require<ArgumentError>(whole && ::fcntl(number, F_SETFD, FD_CLOEXEC) == 0, "sonde-run: ", option,
                         ": expected an open descriptor above 2, got '", printable(text), "'");
  return Descriptor(number);
}

// The run that this task of an array is to start.
std::string listed_run(const std::string& list) {
  const char* const task = ::getenv("SLURM_ARRAY_TASK_ID");
  const std::string number = task ? task : "";
  std::size_t index = 0;
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), index);
  require<ArgumentError>(problem == std::errc() && end == number.data() + number.size(),
                         "sonde-run: --claim: expected SLURM_ARRAY_TASK_ID to be a number, got '",
                         printable(number), "'");
  const auto text = read_small_file(list);
  require<Error>(bool(text), "sonde-run: ", printable(list), ": cannot be read");
  std::string_view rest = *text;
  for (std::size_t line = 0; line < index && !rest.empty(); ++line)
    rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
  const std::string name(rest.substr(0, rest.find('\n')));
  require<Error>(!name.empty() && name.find('/') == std::string::npos && name.front() != '.',
                 "sonde-run: ", printable(list), ": expected a run in line ", index + 1);
  const std::size_t file = list.rfind('/');
  const std::string folder = file == std::string::npos ? "." : list.substr(0, file);
  return folder + "/../" + name;
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--lock" || argument == "--lifeline" || argument == "--hold") {
      require<ArgumentError>(i + 1 < argc, "sonde-run: ", argument, ": expected a descriptor");
      Descriptor given = descriptor(argument, argv[++i]);
      if (argument == "--hold")
        options.held.push_back(std::move(given));
      else
        (argument == "--lock" ? options.lock : options.lifeline) = std::move(given);
      continue;
    }
    if (argument == "--claim" && i + 1 < argc && options.directory.empty()) {
      options.claim = true;
      options.directory = listed_run(argv[++i]);
      continue;
    }
    require<ArgumentError>(options.directory.empty() && !argument.starts_with("--"),
                           "sonde-run: expected one directory, got '", printable(argument), "'");
    options.directory = argument;
  }
  require<ArgumentError>(!options.directory.empty(), "sonde-run: expected a directory, got none");
  return options;
}

// Signals come as data, beside the streams; a pipe that nobody reads is no reason to die.
Descriptor signals_as_data(bool with_warning) {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&awaited, number);
  if (with_warning) ::sigaddset(&awaited, SIGUSR1);  // of a time limit
  ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
  for (const int number : {SIGPIPE, SIGHUP}) ::signal(number, SIG_IGN);
  Descriptor signals(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  require<Error>(bool(signals), "sonde-run: no signalfd (", system_message(errno), ")");
  return signals;
}

// Of several starts, on whatever nodes, one makes the file. Whether it was this one.
bool claim() {
  const Descriptor file(::open(run_files::claim, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file && errno == EEXIST) return false;
  require<Error>(bool(file), "sonde-run: ", run_files::claim, ": cannot be made (",
                 system_message(errno), ")");
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string words = std::string("host ") + host.data() + "\npid " + std::to_string(::getpid());
  for (const char* name : {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_JOB_NAME",
                           "SLURM_RESTART_COUNT", "SLURMD_NODENAME"}) {
    const char* const value = ::getenv(name);
    if (value) words += std::string("\n") + name + " " + printable(value);
  }
  write_all(file.number(), words + "\n", run_files::claim);
  ::fsync(file.number());
  sync_path(run_files::folder);
  // What it has to complain about is read where the run's directory is.
  const Descriptor complaints(
      ::open(run_files::supervisor, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (complaints) ::dup2(complaints.number(), 2);
  return true;
}

// Who only looks holds the lock for a moment. A run that was claimed goes on without it where the
// file system knows none.
bool locked(const Descriptor& lock, bool claimed) {
  constexpr int attempts = 100;
  for (int i = 0; lock && i < (claimed ? attempts : 1); ++i) {
    if (i > 0) ::poll(nullptr, 0, 20);
    if (::flock(lock.number(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) return claimed;
  }
  return bool(lock) && claimed;
}

Descriptor hold(Descriptor inherited, bool claimed) {
  if (!inherited)
    inherited = Descriptor(::open(run_files::lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  require<Error>(locked(inherited, claimed), "sonde-run: ", run_files::lock, " cannot be locked (",
                 system_message(errno), ")");
  const std::string owner = std::to_string(::getpid()) + "\n";
  require<Error>(
      ::ftruncate(inherited.number(), 0) == 0 && ::lseek(inherited.number(), 0, SEEK_SET) == 0,
      "sonde-run: ", run_files::lock, " cannot be written");
  write_all(inherited.number(), owner, run_files::lock);
  return inherited;
}

RunRequest read_request() {
  const auto text = read_small_file(run_files::request);
  const auto request = text ? run_request(*text) : std::nullopt;
  require<Error>(bool(request), "sonde-run: ", run_files::request,
                 ": expected what to run, as this version of sonde writes it");
  return *request;
}

int supervise(Options options) {
  const Descriptor signals = signals_as_data(options.claim);
  require<Error>(::chdir(options.directory.c_str()) == 0, "sonde-run: '",
                 printable(options.directory), "': ", system_message(errno));
  if (options.claim && !claim()) return 0;
  const Descriptor lock = hold(std::move(options.lock), options.claim);
  if (::access(run_files::result, F_OK) == 0) return 0;
  const RunRequest request = read_request();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const RunResult result =
      Supervision(request, signals, options.lifeline, options.claim ? run_files::claim : "").run();
  for (const std::string& file : request.sync) sync_path(file);
  for (const char* folder : {".", ".."}) sync_path(folder);
  publish(run_files::result, to_text(result));
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 2 && (std::string_view(argv[1]) == "--help" || std::string_view(argv[1]) == "-h")) {
    std::fputs(usage, stdout);
    return 0;
  }
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::puts("sonde-run " SONDE_VERSION);
    return 0;
  }
  if (argc == 3 && std::string_view(argv[1]) == "--library") return serve_library(argv[2]);
  if (argc == 4 && std::string_view(argv[1]) == "--library" &&
      std::string_view(argv[3]) == "--describe")
    return describe_library(argv[2]);
  return supervise(read_options(argc, argv));
} catch (const sonde::ArgumentError& misuse) {
  std::fprintf(stderr, "%s\n%s", misuse.what(), usage);
  return 2;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}
