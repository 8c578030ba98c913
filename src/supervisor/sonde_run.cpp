// sonde-run: owns one simulation, in the directory that it is given, and outlives who asked for it.
//
// It holds the directory's lock as long as it lives, runs what .sonde/run.json says, and publishes
// how that ended as .sonde/result.json. Sent SIGTERM, it ends the simulation.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

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
    "       sonde-run --library FILE\n"
    "\n"
    "Runs the simulation that DIRECTORY/.sonde/run.json describes, and publishes how it ended as\n"
    "DIRECTORY/.sonde/result.json. Started by sonde, once a run.\n"
    "\n"
    "  --lock FD      descriptor of DIRECTORY/.sonde/lock, locked already\n"
    "  --lifeline FD  read end of a pipe: the run is ended when its other end is closed\n"
    "  --hold FD      kept open as long as the run lives\n"
    "\n"
    "With --library it evaluates a plug-in library: a question on standard input, the answer on\n"
    "standard output.\n";

struct Options {
  std::string directory;
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
    require<ArgumentError>(options.directory.empty() && !argument.starts_with("--"),
                           "sonde-run: expected one directory, got '", printable(argument), "'");
    options.directory = argument;
  }
  require<ArgumentError>(!options.directory.empty(), "sonde-run: expected a directory, got none");
  return options;
}

// Signals come as data, beside the streams; a pipe that nobody reads is no reason to die.
Descriptor signals_as_data() {
  sigset_t awaited;
  ::sigemptyset(&awaited);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&awaited, number);
  ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
  for (const int number : {SIGPIPE, SIGHUP}) ::signal(number, SIG_IGN);
  Descriptor signals(::signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK));
  require<Error>(bool(signals), "sonde-run: no signalfd (", system_message(errno), ")");
  return signals;
}

Descriptor hold(Descriptor inherited) {
  if (!inherited)
    inherited = Descriptor(::open(run_files::lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  require<Error>(bool(inherited) && ::flock(inherited.number(), LOCK_EX | LOCK_NB) == 0,
                 "sonde-run: ", run_files::lock, " cannot be locked (", system_message(errno), ")");
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
  const Descriptor signals = signals_as_data();
  require<Error>(::chdir(options.directory.c_str()) == 0, "sonde-run: '",
                 printable(options.directory), "': ", system_message(errno));
  const Descriptor lock = hold(std::move(options.lock));
  if (::access(run_files::result, F_OK) == 0) return 0;
  const RunRequest request = read_request();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const RunResult result = Supervision(request, signals, options.lifeline).run();
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
  return supervise(read_options(argc, argv));
} catch (const sonde::ArgumentError& misuse) {
  std::fprintf(stderr, "%s\n%s", misuse.what(), usage);
  return 2;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}
