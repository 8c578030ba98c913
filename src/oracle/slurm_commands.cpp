#include "oracle/slurm_commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "oracle/captured.hpp"
#include "oracle/file.hpp"
#include "oracle/render.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

std::string command(const SlurmSpec& spec, const std::string& name) {
  if (!spec.commands.empty()) return program_path((spec.commands / name).string(), "/");
  try {
    return program_path(name, "/");
  } catch (const OracleError&) {
    throw OracleError("simulator.where: Slurm's command '" + name +
                      "' is not on PATH. Run sonde where jobs can be submitted, or with where = "
                      "\"local\"");
  }
}

// The last line with anything in it.
std::string last_line(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return "";
  text = text.substr(0, last + 1);
  const std::size_t line = text.find_last_of("\r\n");
  return printable(line == std::string_view::npos ? text : text.substr(line + 1));
}

std::string words_of(const Captured& said, const std::string& command, double seconds) {
  const std::string line = last_line(said.error_output);
  switch (said.end) {
    case Captured::End::TimedOut:
      return concat(command, " has not answered within ", seconds, " s");
    case Captured::End::CalledOff:
      return command + " was called off";
    case Captured::End::Killed:
      return command + " was killed";
    default:
      return line.empty() ? concat(command, " ended with status ", said.exit_status) : line;
  }
}

bool one_argument(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char letter) { return static_cast<unsigned char>(letter) < ' '; });
}

}  // namespace

void check(const SlurmSpec& spec) {
  require<StudyError>(
      one_argument(spec.partition) && spec.partition.find_first_of(" '\"\\") == std::string::npos,
      "slurm.partition: expected the name of a partition, got '", printable(spec.partition), "'");
  require<StudyError>(spec.time_seconds >= 0.0, "slurm.time: expected more than 0 s, got ",
                      spec.time_seconds, " s");
  for (const std::string& argument : spec.extra) {
    require<StudyError>(one_argument(argument) && argument.starts_with('-') && argument.size() > 1,
                        "slurm.extra: expected arguments such as \"--mem=4G\", got '",
                        printable(argument), "'");
    for (const char* ours :
         {"--array", "--job-name", "--wrap", "--parsable", "--wait", "--test-only", "--chdir",
          "--clusters", "-a", "-J", "-D", "-W", "-M"}) {
      const std::string_view name = std::string_view(argument).substr(0, argument.find('='));
      const bool is_short = std::string_view(ours).size() == 2;
      require<StudyError>(is_short ? !argument.starts_with(ours) : name != ours, "slurm.extra: '",
                          ours, "' is set by Sonde itself. Leave it out");
    }
  }
}

SlurmCommands::SlurmCommands(const SlurmSpec& spec)
    : spec_(spec),
      sbatch_(command(spec, "sbatch")),
      squeue_(command(spec, "squeue")),
      scancel_(command(spec, "scancel")) {
  check(spec);
  try {
    scontrol_ = command(spec, "scontrol");
  } catch (const OracleError&) {
    scontrol_.clear();
  }
}

SlurmCommands::Submission SlurmCommands::submit(const std::string& name, int tasks,
                                                const std::filesystem::path& script,
                                                const std::vector<std::string>& arguments,
                                                int called_off) const {
  // Attempts are ours to repeat, each in a directory of its own.
  std::vector<std::string> argv = {
      sbatch_,    "--parsable", "--no-requeue", "--output=/dev/null", "--error=/dev/null",
      "--chdir=/"};
  constexpr double whole_warning = 300.0;  // s; the warning may come a minute early
  if (!spec_.partition.empty()) argv.push_back("--partition=" + spec_.partition);
  if (spec_.time_seconds > 0.0)
    argv.push_back("--time=" + concat(static_cast<long>(std::ceil(spec_.time_seconds / 60.0))));
  if (spec_.time_seconds >= whole_warning) argv.push_back("--signal=B:USR1@30");
  argv.insert(argv.end(), spec_.extra.begin(), spec_.extra.end());
  argv.push_back("--job-name=" + name);
  argv.push_back("--array=0-" + std::to_string(tasks - 1));
  argv.push_back(script.string());
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Captured said = captured(argv, spec_.command_seconds, called_off);
  using Result = Submission::Result;
  if (said.well()) return {Result::Accepted, ""};
  const bool refused =
      said.end == Captured::End::Exited && slurm_refusal(said.error_output) == SlurmRefusal::Final;
  return {refused ? Result::Refused : Result::Unanswered,
          words_of(said, "sbatch", spec_.command_seconds)};
}

SlurmCommands::Queue SlurmCommands::queue(int called_off) const {
  std::vector<std::string> argv = {squeue_};
  for (std::string& argument : squeue_arguments()) argv.push_back(std::move(argument));
  const Captured said = captured(argv, spec_.command_seconds, called_off);
  if (!said.well()) return {std::nullopt, words_of(said, "squeue", spec_.command_seconds)};
  Queue queue{slurm_tasks(said.output)};
  if (!queue.tasks) queue.words = "squeue printed '" + last_line(said.output) + "'";
  return queue;
}

std::string SlurmCommands::controller_start(int called_off) const {
  if (scontrol_.empty()) return "";
  const Captured said = captured({scontrol_, "show", "config"}, spec_.command_seconds, called_off);
  const std::size_t at = said.well() ? said.output.find("BOOT_TIME") : std::string::npos;
  if (at == std::string::npos) return "";
  return said.output.substr(at, said.output.find('\n', at) - at);
}

bool SlurmCommands::cancel(const std::string& name, double seconds) const {
  return captured({scancel_, "--user=" + std::to_string(::getuid()), "--name=" + name}, seconds)
      .well();
}

bool SlurmCommands::cancel(const SlurmTask& task) const {
  return captured(
             {scancel_, "--user=" + std::to_string(::getuid()), "--name=" + task.name, task.id()},
             spec_.command_seconds)
      .well();
}

}  // namespace sonde
