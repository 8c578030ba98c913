#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "sonde/math/expression.hpp"
#include "sonde/oracle/oracle.hpp"
#include "sonde/oracle/slurm.hpp"

namespace sonde {

/// Where a number stands in what a run wrote.
struct Extraction {
  enum class Source {
    StdoutJson,  ///< the last line of standard output that is a JSON object: its "y", by the
                 ///< output's name; for an echo its "x", by the input's name
    Json,        ///< `file`, JSON pointer `path` (RFC 6901)
    Regex,       ///< `file`, group `v` or the first group of `pattern` (Perl's, which contains
                 ///< ECMAScript's, with (?i) and (?<v>); ^ and $ at every line)
    Csv,         ///< `file`, `column` by its head or number from 0, `row` from 0, or -1: the last
    ByIndex      ///< value number `index`, from 0, of what a server answers
  };
  enum class Take { First, Last };
  Source source = Source::StdoutJson;
  std::string
      file{};  ///< relative to the run's directory; "stdout.txt", "stderr.txt" are the streams
  std::string path{};
  std::string pattern{};
  std::string column{};
  long row = -1;
  long index = 0;
  Take take = Take::Last;
  double factor = 1.0;  ///< the number read is multiplied by it
};

/// What is done about a failure of some kind.
///
/// Retry: the world is at fault, and the same is tried again, `retries` times at once, then later:
/// the answer is transient. Nudge: by a speckle of the simulator this very point fails; points
/// beside it, no farther off than `nudge`, are tried up to three times. GiveUp: it stands.
enum class Remedy { Retry, Nudge, GiveUp };

/// A text in a file that decides about a run.
struct TextRule {
  std::string file;
  std::string pattern;
  std::string kind{};            ///< of failure, for fail_when; "fail_when" where empty
  std::optional<Remedy> then{};  ///< for fail_when, before SimulatorSpec::on_failure
};

struct ProcessOutput {
  Output output;
  Extraction from{};
  /// Over the inputs, then the outputs; where it does not hold the run has failed: out of range.
  std::optional<Expression> accept{};
};

struct Echo {
  std::string input;  ///< name of the parameter
  Extraction from{};
  double tolerance = 1e-9;  ///< absolute, in the input's unit
};

/// How a program is run for a query.
struct SimulatorSpec {
  /// Program and arguments, no shell in between. {{name}} and {{name|%.8g}} stand for inputs,
  /// constants, derived quantities, {{run.id}}, {{run.attempt}}, {{run.seed}}, inside one argument.
  std::vector<std::string> run;
  std::vector<std::pair<std::string, std::string>>
      templates{};                     ///< source in the study's, target in the run's directory
  std::string stdin_template{};        ///< a file of the study's; empty: one JSON object {"id",
                                       ///< "attempt", "x": {name: value}}
  std::vector<std::string> copy{};     ///< files and folders of the study's, to the same names
  std::vector<std::string> link{};     ///< likewise, as symbolic links
  std::vector<std::string> version{};  ///< a command that says which version is used, in a line
  std::vector<std::pair<std::string, std::string>> env{};
  /// The variables of our own environment that a run sees beside those of `env`; nothing: all.
  std::optional<std::vector<std::string>> inherit{};
  double timeout_seconds = std::numeric_limits<double>::infinity();
  double stall_seconds = std::numeric_limits<double>::infinity();
  int retries = 0;  ///< at once, where the remedy is to retry
  /// By kind of failure. Of those not named, what the world does ("could not start", "lost",
  /// "unreachable", "node lost", "cancelled") is retried; the others are nudged where `nudge` is
  /// above 0, but for "timeout", "stall", the limits and "inadmissible".
  std::vector<std::pair<std::string, Remedy>> on_failure{};
  double nudge = 0.0;  ///< of each range, in [0, 0.1]; integers and choices stay
  double memory_limit = std::numeric_limits<double>::infinity();  ///< bytes, address space of each
                                                                  ///< process
  double cpu_limit_seconds = std::numeric_limits<double>::infinity();  ///< of each process
  double file_limit = std::numeric_limits<double>::infinity();         ///< bytes, of each file
  /// What a run holds of named resources, while it runs.
  std::vector<std::pair<std::string, int>> tokens{};
  /// How many there are of each, for all campaigns of this machine that name them.
  std::vector<std::pair<std::string, int>> token_pool{};
  /// Of a plug-in library, in place of `run`; see sonde/oracle/plugin.h.
  std::string library{};
  std::vector<TextRule> fail_when{};
  std::vector<TextRule> succeed_when{};
  bool any_exit_status = false;  ///< false: another exit status than 0 is a failure
  enum class Keep { All, Failed, None };
  Keep keep = Keep::All;  ///< of a run that is not kept only its answer is
  enum class OnDeath { Adopt, End };
  OnDeath on_death = OnDeath::Adopt;
  std::vector<Echo> echo{};
};

/// Names and values a template may use besides the inputs.
struct TemplateValues {
  std::vector<std::pair<std::string, double>> constants{};
  std::vector<std::pair<std::string, Expression>> derived{};  ///< over the inputs
  std::uint64_t seed = 0;  ///< of the campaign: {{run.seed}} depends on it and on the query
};

/// Where runs live and what they are made of.
struct ProcessPlace {
  std::filesystem::path study_directory;  ///< templates, copies, links are relative to it
  std::filesystem::path runs;             ///< runs/000123.1 is made below it
  std::filesystem::path
      supervisor{};        ///< the program sonde-run; empty: beside this program, then PATH
  std::stop_token stop{};  ///< when requested, running simulations are ended: Abandoned
  std::optional<SlurmSpec> slurm{};  ///< runs go out through Slurm; nothing: on this machine
  std::function<void(const std::string&)> say{};  ///< what people should know, from any thread
};

/// Runs a program once a query, in a directory of its own, under the supervisor `sonde-run`.
///
/// Asked again for a query that it has run, or is running since before a crash of ours, it takes
/// the answer from the directory: no finished simulation is run twice. A file that is older than
/// the run is not taken for its output. Of each stream the first and the last MiB are kept. When
/// the run has ended, for whatever reason, none of its processes is left.
///
/// A run that vanished together with its supervisor is run again, at least once ("lost" otherwise).
///
/// The point of the answer is the one simulated: as nudged, and as the formats of the templates
/// wrote it. Where that is another than was asked, it must keep the bounds and the constraints; it
/// is not run otherwise ("inadmissible").
///
/// \throws OracleError where the program, or the supervisor, does not exist or may not be run;
///   StudyError where a template, copy or link cannot be read or names something unknown.
Oracle process_oracle(SimulatorSpec spec, std::vector<Parameter> inputs,
                      std::vector<ProcessOutput> outputs, TemplateValues values, ProcessPlace place,
                      std::vector<Constraint> constraints = {});

/// The point that a run is told: x (d), with each input as the formats wrote it that stand in
/// `run`, the templates, the environment and the template of standard input; the coarsest where
/// they differ, x where one of them writes it in full, or none writes it.
/// \throws StudyError as process_oracle()
Vector told_point(const SimulatorSpec& spec, const std::vector<Parameter>& inputs,
                  const TemplateValues& values, const std::filesystem::path& study_directory,
                  const Query& query);

/// The template `text` with every {{...}} replaced; numbers as shortest round-trip decimals unless
/// a format is given. \throws StudyError with the name of the template, line and column.
std::string render(const std::string& text, const std::string& name, const Query& query,
                   int attempt, const std::vector<Parameter>& inputs, const TemplateValues& values);

/// `run` with every {{...}} replaced, the program resolved: absolute, below the study's directory
/// where it has a slash, else found on PATH. \throws OracleError, StudyError.
std::vector<std::string> arguments(const SimulatorSpec& spec, const Query& query, int attempt,
                                   const std::vector<Parameter>& inputs,
                                   const TemplateValues& values,
                                   const std::filesystem::path& study_directory);

}  // namespace sonde
