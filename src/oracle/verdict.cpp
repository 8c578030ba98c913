#include "oracle/verdict.hpp"

#include <signal.h>
#include <string.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/nearest_name.hpp"
#include "base/text.hpp"
#include "oracle/file.hpp"
#include "oracle/number.hpp"
#include "sonde/base/error.hpp"
#include "sonde/oracle/disk_full.hpp"

namespace sonde {
namespace {

using Status = Answer::Status;
using Outcome = RunResult::Outcome;

Answer fine() {
  Answer answer;
  answer.status = Status::Ok;
  return answer;
}

Answer failed(std::string kind, std::string message, Status status = Status::Failed) {
  Answer answer;
  answer.status = status;
  answer.kind = std::move(kind);
  answer.message = std::move(message);
  return answer;
}

// What the simulator said last on standard error: ": 'cannot read the mesh'".
std::string last_words(const RunOutput& output) {
  const std::string words = output.last_line(run_files::standard_error);
  return words.empty() ? "" : ": '" + words + "'";
}

std::string number_word(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinite" : "-infinite";
  return shortest_decimal(value);
}

std::string line_around(std::string_view text, std::string_view match) {
  const auto begin = static_cast<std::size_t>(match.data() - text.data());
  const std::size_t before = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
  const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
  std::string_view line = text.substr(from, text.find('\n', begin) - from);
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
  return printable(line);
}

struct Sight {
  bool found = false;
  std::string line;     // of the file, where found
  std::string problem;  // why the file could not be searched
};

Sight look_for(const Pattern& pattern, const std::string& file, const RunOutput& output) {
  Sight sight;
  sight.problem = output.each_window(file, [&](std::string_view text) {
    pattern.each(text, [&](std::string_view whole, std::string_view) {
      sight.found = true;
      sight.line = line_around(text, whole);
      return false;
    });
    return !sight.found;
  });
  return sight;
}

// The class that a text names.
Reading class_read(const Extractor& from, const Output& its, const RunOutput& output) {
  Reading reading = from.read(output);
  if (!reading.problem.empty()) return reading;
  reading.number = class_called(trimmed(reading.text), its);
  if (!reading.number)
    reading.problem = "'" + printable(reading.text, 60) + "' is none of its values" +
                      suggestion(reading.text, its.values);
  return reading;
}

}  // namespace

Verdict::Verdict(const SimulatorSpec& spec, std::vector<Parameter> inputs,
                 const std::vector<ProcessOutput>& outputs)
    : timeout_(spec.timeout_seconds),
      stall_(spec.stall_seconds),
      any_exit_status_(spec.any_exit_status),
      memory_limit_(spec.memory_limit),
      cpu_limit_(spec.cpu_limit_seconds),
      file_limit_(spec.file_limit),
      fail_when_(rules(spec.fail_when, "simulator.fail_when")),
      succeed_when_(rules(spec.succeed_when, "simulator.succeed_when")),
      inputs_(std::move(inputs)) {
  for (const ProcessOutput& output : outputs) {
    const std::string& name = output.output.name;
    outputs_.emplace_back(output.from, "y", name, "outputs." + name + ".from");
    known_.push_back(output.output);
    accept_.push_back(output.accept);
  }
  std::vector<std::string> names;
  for (const Parameter& input : inputs_) names.push_back(input.name);
  for (const Echo& echo : spec.echo) {
    const auto found = std::find(names.begin(), names.end(), echo.input);
    require<StudyError>(found != names.end(), "echo.", echo.input,
                        ": expected the name of a variable", suggestion(echo.input, names));
    echoes_.push_back({Extractor(echo.from, "x", echo.input, "echo." + echo.input),
                       static_cast<std::size_t>(found - names.begin()), echo.tolerance});
  }
}

std::vector<Verdict::Rule> Verdict::rules(const std::vector<TextRule>& written,
                                          const std::string& key) {
  std::vector<Rule> all;
  for (const TextRule& rule : written) {
    require<StudyError>(stays_below(rule.file), key,
                        ": expected a file in the run's directory, got '", rule.file, "'");
    try {
      all.push_back({rule.file, Pattern(rule.pattern), rule.kind, rule.then});
    } catch (const StudyError& refused) {
      throw StudyError(key + ": " + refused.what());
    }
  }
  return all;
}

std::vector<std::string> Verdict::files() const {
  std::vector<std::string> all;
  const auto add = [&](const std::string& file) {
    if (!file.empty() && std::find(all.begin(), all.end(), file) == all.end()) all.push_back(file);
  };
  for (const Extractor& output : outputs_) add(output.from().file);
  for (const Heard& echo : echoes_) add(echo.from.from().file);
  for (const Rule& rule : fail_when_) add(rule.file);
  for (const Rule& rule : succeed_when_) add(rule.file);
  return all;
}

Verdict::Judged Verdict::on(const RunResult& result, const RunOutput& output,
                            const Query& query) const {
  Judged judged{by_end(result, output), {}};
  // What a text says is nearer to the cause than a status that is not 0, or a signal.
  if (judged.answer.status == Status::Ok || judged.answer.kind == "exit status" ||
      judged.answer.kind == "signal") {
    Judged texts = by_texts(output);
    const bool decided = texts.answer.status != Status::Ok;
    if (judged.answer.status == Status::Ok || (decided && texts.answer.kind != "succeed_when"))
      judged = std::move(texts);
  }
  Answer& answer = judged.answer;
  if (answer.status == Status::Ok) answer = by_outputs(output);
  if (answer.status == Status::Ok) {
    Answer objection = by_ranges(answer, query);
    if (objection.status == Status::Ok) objection = by_echoes(output, query);
    if (objection.status != Status::Ok) answer = std::move(objection);
  }
  answer.seconds = result.seconds;
  answer.host = result.host;
  answer.started = result.started;
  answer.ended = result.ended;
  answer.usage = {result.cpu_seconds, result.max_rss, result.exit_status, result.signal};
  return judged;
}

// The disk's fault, not the point's: most programs say it in the system's own words.
Answer Verdict::by_disk(const RunOutput& output) const {
  for (const char* const stream : {run_files::standard_error, run_files::standard_output}) {
    const Sight sight =
        look_for(Pattern("(?i)no space left on device|disk quota exceeded"), stream, output);
    if (sight.found)
      return failed(disk_full_kind, concat("'", stream, "' says '", sight.line, "'"));
  }
  return fine();
}

// A limit shows itself by a signal, or by what a program says that was refused something.
Answer Verdict::by_limits(const RunResult& result, const RunOutput& output) const {
  const std::string words = last_words(output);
  const bool signalled = result.outcome == Outcome::Signalled;
  const auto says = [&](const char* pattern) {
    return look_for(Pattern(pattern), run_files::standard_error, output).found;
  };
  if (std::isfinite(cpu_limit_) &&
      ((signalled && result.signal == SIGXCPU) || result.cpu_seconds >= cpu_limit_))
    return failed("cpu limit", concat("more than ", cpu_limit_, " s of CPU time", words));
  if (std::isfinite(file_limit_) &&
      ((signalled && result.signal == SIGXFSZ) || says("(?i)file too large|file size limit")))
    return failed("file limit", concat("a file of more than ", file_limit_, " bytes", words));
  if (std::isfinite(memory_limit_) &&
      (result.max_rss >= 0.9 * memory_limit_ ||
       says("(?i)bad_alloc|out of memory|memory ?error|cannot allocate memory|"
            "insufficient (virtual )?memory")))
    return failed("out of memory", concat("no more than ", memory_limit_, " bytes", words));
  return fine();
}

Answer Verdict::by_end(const RunResult& result, const RunOutput& output) const {
  const bool ended_badly = result.outcome == Outcome::Signalled ||
                           (result.outcome == Outcome::Exited && result.exit_status != 0);
  if (ended_badly)
    for (Answer cause : {by_limits(result, output), by_disk(output)})
      if (cause.status != Status::Ok) return cause;
  const std::string words = last_words(output);
  switch (result.outcome) {
    case Outcome::CouldNotStart:
      return failed("could not start", result.message);
    case Outcome::Timeout:
      return failed("timeout",
                    result.message.empty() ? concat("not done within ", timeout_, " s", words)
                                           : "not done in time" + words,
                    Status::TimedOut);
    case Outcome::Stall:
      return failed("stall", concat("nothing written for ", stall_, " s", words), Status::TimedOut);
    case Outcome::Signalled: {
      const char* const name = ::sigdescr_np(result.signal);
      return failed("signal",
                    concat("signal ", result.signal, " (", name ? name : "unknown", ")", words));
    }
    case Outcome::Ended:
      return failed("lost", result.message);
    case Outcome::Exited:
      break;
  }
  if (result.exit_status != 0 && !any_exit_status_)
    return failed("exit status", concat("exit status ", result.exit_status, words));
  return fine();
}

Verdict::Judged Verdict::by_texts(const RunOutput& output) const {
  for (const Rule& rule : fail_when_) {
    const Sight sight = look_for(rule.pattern, rule.file, output);
    if (sight.found)
      return {failed(rule.kind.empty() ? "fail_when" : rule.kind,
                     "'" + rule.file + "' says '" + sight.line + "'"),
              rule.then};
  }
  for (const Rule& rule : succeed_when_) {
    const Sight sight = look_for(rule.pattern, rule.file, output);
    if (sight.found) continue;
    return {failed("succeed_when", !sight.problem.empty()
                                       ? sight.problem
                                       : "'" + rule.file + "' has nothing that matches " +
                                             rule.pattern.text() + last_words(output)),
            {}};
  }
  return {fine(), {}};
}

Answer Verdict::by_outputs(const RunOutput& output) const {
  Answer answer = fine();
  answer.y.resize(static_cast<Index>(outputs_.size()));
  const bool talks = std::any_of(outputs_.begin(), outputs_.end(), [](const Extractor& from) {
    return from.from().source == Extraction::Source::StdoutJson;
  });
  if (talks)
    if (const std::string reason = told_failure(output); !reason.empty())
      return failed("told", reason);
  std::vector<bool> missing(outputs_.size(), false);
  for (std::size_t j = 0; j < outputs_.size(); ++j) {
    const Reading reading = known_[j].is_class() ? class_read(outputs_[j], known_[j], output)
                                                 : outputs_[j].number(output);
    missing[j] = !reading.problem.empty();
    if (missing[j])
      answer.message +=
          (answer.message.empty() ? "" : "; ") + outputs_[j].name() + ": " + reading.problem;
    answer.y[static_cast<Index>(j)] =
        missing[j] ? std::numeric_limits<double>::quiet_NaN() : *reading.number;
  }
  if (!answer.message.empty()) answer.kind = "output missing";
  if (std::find(missing.begin(), missing.end(), false) == missing.end())
    return failed(answer.kind, answer.message);
  for (std::size_t j = 0; j < outputs_.size(); ++j) {
    const double value = answer.y[static_cast<Index>(j)];
    if (!missing[j] && !std::isfinite(value))
      return failed("not finite", outputs_[j].name() + " is " + number_word(value));
  }
  return answer;
}

Answer Verdict::by_ranges(const Answer& answer, const Query& query) const {
  Vector point(query.x.size() + answer.y.size());
  point << query.x, answer.y;
  for (std::size_t j = 0; j < accept_.size(); ++j) {
    if (!accept_[j]) continue;
    const double holds = (*accept_[j])(point);
    if (std::isfinite(holds) && holds != 0.0) continue;
    if (answer.kind == "output missing" &&
        (std::isnan(answer.y[static_cast<Index>(j)]) || std::isnan(holds)))
      continue;  // there is nothing to be judged, or not all that it takes
    return failed("out of range",
                  concat(outputs_[j].name(), " = ", number_word(answer.y[static_cast<Index>(j)]),
                         ": '", accept_[j]->text(), "' does not hold"));
  }
  return fine();
}

Answer Verdict::by_echoes(const RunOutput& output, const Query& query) const {
  for (const Heard& echo : echoes_) {
    const Parameter& input = inputs_[echo.input];
    const double asked = query.x[static_cast<Index>(echo.input)];
    const bool word = input.scale == Scale::Choice;
    const Reading reading = word ? echo.from.read(output) : echo.from.number(output);
    const std::string name = "echo of " + input.name;
    if (!reading.problem.empty()) return failed("echo differs", name + ": " + reading.problem);
    const std::string expected =
        word ? input.labels.at(static_cast<std::size_t>(asked)) : shortest_decimal(asked);
    const bool same =
        word ? reading.text == expected : std::abs(*reading.number - asked) <= echo.tolerance;
    if (!same)
      return failed("echo differs",
                    name + ": expected " + expected + ", got " +
                        (word ? printable(reading.text, 60) : number_word(*reading.number)));
  }
  return fine();
}

}  // namespace sonde
