#pragma once

#include <string>
#include <vector>

#include "oracle/extraction.hpp"
#include "oracle/pattern.hpp"
#include "oracle/run_output.hpp"
#include "oracle/run_record.hpp"
#include "sonde/oracle/process.hpp"

namespace sonde {

/// What came of a run: the rules of a study, made ready once.
class Verdict {
 public:
  /// \throws StudyError where an extraction, a rule or an echo cannot work.
  Verdict(const SimulatorSpec& spec, std::vector<Parameter> inputs,
          const std::vector<ProcessOutput>& outputs);

  struct Judged {
    Answer answer;
    std::optional<Remedy> then{};  ///< of the rule that decided, where it says
  };
  /// In this order: how the run ended, fail_when, succeed_when, what it says itself, outputs
  /// missing (all of them; where some have arrived the answer is Ok, and says which have not), not
  /// finite, out of range, echoes.
  Judged on(const RunResult& result, const RunOutput& output, const Query& query) const;

  /// The files that an answer is made of, beside the streams.
  std::vector<std::string> files() const;

 private:
  struct Rule {
    std::string file;
    Pattern pattern;
    std::string kind;
    std::optional<Remedy> then;
  };
  struct Heard {
    Extractor from;
    std::size_t input;
    double tolerance;
  };
  static std::vector<Rule> rules(const std::vector<TextRule>& written, const std::string& key);

  // Each: Ok where it has nothing against the run.
  Answer by_end(const RunResult& result, const RunOutput& output) const;
  Answer by_limits(const RunResult& result, const RunOutput& output) const;
  Answer by_disk(const RunOutput& output) const;
  Judged by_texts(const RunOutput& output) const;
  Answer by_outputs(const RunOutput& output) const;
  Answer by_ranges(const Answer& answer, const Query& query) const;
  Answer by_echoes(const RunOutput& output, const Query& query) const;

  double timeout_;
  double stall_;
  bool any_exit_status_;
  double memory_limit_;
  double cpu_limit_;
  double file_limit_;
  std::vector<Rule> fail_when_;
  std::vector<Rule> succeed_when_;
  std::vector<Parameter> inputs_;
  std::vector<Extractor> outputs_;
  std::vector<Output> known_;                      // what each of them is
  std::vector<std::optional<Expression>> accept_;  // one an output
  std::vector<Heard> echoes_;
};

}  // namespace sonde
