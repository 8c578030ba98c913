#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"

namespace {

using namespace sonde::cli;

constexpr const char* restarted = "SONDE_RESTARTED";

// libgomp reads these while it is loaded: whoever wants them must be started with them. Without
// them its threads spin at their barriers, which slows the simulations down that share the cores.
constexpr const char* waiting[][2] = {{"OMP_WAIT_POLICY", "passive"}, {"GOMP_SPINCOUNT", "0"}};

// Executes the program once more with the variables above, unless it was; then takes those it set
// out of the environment, as simulators have policies of their own.
void wait_passively(char** argv) {
  if (const char* set = std::getenv(restarted)) {
    const std::string names = set;
    for (const auto& [name, value] : waiting) {
      if (names.find(name) != std::string::npos) unsetenv(name);
    }
    unsetenv(restarted);
    return;
  }
  std::string set;
  for (const auto& [name, value] : waiting) {
    if (std::getenv(name)) continue;
    setenv(name, value, 1);
    set += std::string(name) + ",";
  }
  if (set.empty()) return;
  setenv(restarted, set.c_str(), 1);
  std::error_code none;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", none);
  if (!none) execv(program.c_str(), argv);
  for (const auto& [name, value] : waiting) {
    if (set.find(name) != std::string::npos) unsetenv(name);
  }
  unsetenv(restarted);
}

// A stream that was closed is one that cannot be used: otherwise the next file that is opened, such
// as a journal, would stand for it.
void hold_standard_streams() {
  for (const auto& [number, flags] : {std::pair(0, O_WRONLY), {1, O_RDONLY}, {2, O_RDWR}}) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    const int opened = open("/dev/null", flags);  // the least number that is free: this one
    if (opened < 0) _exit(sonde::cli::Unexpected);
  }
}

int refused(const std::exception& failure, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "sonde: %s\n", printable_lines(failure.what()).c_str());
  return status;
}

int carried_out(const Action& action) {
  try {
    return action();
  } catch (const UsageError& failure) {
    return refused(failure, Usage);
  } catch (const FailuresError& failure) {
    return refused(failure, TooManyFailures);
  } catch (const sonde::StudyError& failure) {
    return refused(failure, StudyFile);
  } catch (const sonde::StoreError& failure) {
    return refused(failure, Store);
  } catch (const sonde::OracleError& failure) {
    return refused(failure, Simulator);
  } catch (const std::bad_alloc&) {
    std::fputs("sonde: the memory does not suffice. What is recorded is safe\n", stderr);
    return Unexpected;
  } catch (const std::exception& failure) {
    return refused(failure, Unexpected);
  }
}

// What could not be written has not reached its reader.
int written(int status) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  std::fprintf(stderr, "sonde: standard output cannot be written: %s\n", std::strerror(errno));
  return status == Done ? static_cast<int>(Unexpected) : status;
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  wait_passively(argv);
  const Program program{
      .name = "sonde",
      .help = "Surrogates of expensive simulators from few runs",
      .version = "sonde " SONDE_VERSION,
      .footer =
          "A first campaign: sonde init, sonde check study.toml, sonde run study.toml\n"
          "Exit status: 0 done, 1 unexpected, 2 usage, 3 study file, 4 too many failures of the\n"
          "simulator, 5 target not met, 6 campaign locked or damaged, 7 simulator unreachable,\n"
          "130 or 143 interrupted (what was done is kept; the same command goes on)",
      .subcommands = {init_subcommand(),    check_subcommand(),    run_subcommand(),
                      status_subcommand(),  stop_subcommand(),     ask_subcommand(),
                      tell_subcommand(),    import_subcommand(),   select_subcommand(),
                      predict_subcommand(), validate_subcommand(), compare_subcommand(),
                      report_subcommand(),  serve_subcommand(),    export_subcommand(),
                      models_subcommand(),  repair_subcommand(),   replay_subcommand(),
                      why_subcommand(),     doctor_subcommand(),   version_subcommand()}};
  return written(carried_out(understood(program, argc, argv)));
}
