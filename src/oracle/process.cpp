#include "sonde/oracle/process.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "oracle/render.hpp"
#include "oracle/run_directory.hpp"
#include "oracle/run_inputs.hpp"
#include "oracle/run_output.hpp"
#include "oracle/slurm_jobs.hpp"
#include "oracle/slurm_submissions.hpp"
#include "oracle/supervised.hpp"
#include "oracle/verdict.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using Status = Answer::Status;

// How often a run may vanish together with its supervisor, over all lives of the engine.
constexpr int most_lost = 5;
// How often it may have to make room for another's job: that is no fault of the run.
constexpr int most_displaced = 20;

Answer without_values(Status status, std::string kind, std::string message, int attempts) {
  Answer answer;
  answer.status = status;
  answer.kind = std::move(kind);
  answer.message = std::move(message);
  answer.attempts = attempts;
  return answer;
}

Answer called_off() {
  return without_values(Status::Abandoned, "", "the run was called off", 1);
}

SimulatorSpec checked(SimulatorSpec spec) {
  require<StudyError>(!spec.run.empty(), "simulator.run: expected a program and its arguments");
  require<StudyError>(spec.timeout_seconds > 0.0, "simulator.timeout: expected more than 0 s, got ",
                      spec.timeout_seconds, " s");
  require<StudyError>(spec.stall_seconds > 0.0, "simulator.stall: expected more than 0 s, got ",
                      spec.stall_seconds, " s");
  require<StudyError>(spec.retries >= 0, "simulator.retries: expected 0 or more, got ",
                      spec.retries);
  for (const auto& [name, value] : spec.env)
    require<StudyError>(!name.empty() && name.find('=') == std::string::npos,
                        "simulator.env: expected the name of a variable, got '", name, "'");
  return spec;
}

// Programs run elsewhere: no path may depend on where we are.
ProcessPlace absolute(ProcessPlace place) {
  for (fs::path* path : {&place.study_directory, &place.runs})
    *path = fs::absolute(path->empty() ? "." : *path).lexically_normal();
  return place;
}

bool has_room(const fs::path& folder) {
  std::error_code unknown;
  const fs::space_info space = fs::space(folder, unknown);
  return unknown || space.available >= 16384;
}

// What has become of the attempts at one query so far.
struct Tally {
  int begun = 0;
  int not_started = 0;
  int lost = 0;
  int lost_before_our_eyes = 0;
  int displaced = 0;
};

class ProcessOracle {
 public:
  ProcessOracle(SimulatorSpec spec, std::vector<Parameter> inputs,
                const std::vector<ProcessOutput>& outputs, TemplateValues values,
                ProcessPlace place)
      : spec_(checked(std::move(spec))),
        inputs_(std::move(inputs)),
        values_(std::move(values)),
        place_(absolute(std::move(place))),
        names_(inputs_, values_),
        laid_in_(spec_, names_, place_.study_directory),
        verdict_(spec_, inputs_, outputs),
        supervisor_(supervisor_program(place_.supervisor)) {
    for (std::size_t i = 0; i < spec_.run.size(); ++i)
      run_.emplace_back(spec_.run[i], concat("simulator.run[", i, "]"), names_);
    for (const auto& [name, value] : spec_.env)
      env_.emplace_back(name, Template(value, "simulator.env." + name, names_));
    // Its name may depend on the query; then it is looked for when that is known.
    if (spec_.run[0].find("{{") == std::string::npos)
      program_ = program_path(spec_.run[0], place_.study_directory);
    require<StudyError>(!place_.slurm || spec_.on_death == SimulatorSpec::OnDeath::Adopt,
                        "simulator.on_death: jobs of Slurm go on when sonde dies; expected "
                        "\"adopt\" with where = \"slurm\", got \"end\"");
    // Where an earlier engine used Slurm, its runs may be there still.
    if (place_.slurm || submitted_to_slurm(place_.runs))
      jobs_ = std::make_unique<SlurmJobs>(place_.slurm.value_or(SlurmSpec{}), place_.runs,
                                          supervisor_, place_.say, place_.stop);
  }

  Answer ask(const Query& query) const {
    const StopEvent stop(place_.stop);
    Tally tally;
    for (int number = 1;; ++number) {
      const RunDirectory run(place_.runs, query.id, number);
      Attempt attempt{run};
      if (!run.exists()) {
        if (stop.wished()) return called_off();
        attempt.ours = attempt.watched = true;
        attempt.not_started = start(run, query, number, stop);
        if (place_.slurm && attempt.not_started.empty()) attempt.job = jobs_->see_through(run);
      } else if (!run.asks(query, inputs_)) {
        continue;  // another campaign's, or left half made
      } else if (jobs_ && jobs_->has(run)) {
        attempt.watched = true;
        attempt.job = jobs_->see_through(run);
      } else if (run.running()) {
        attempt.watched = true;
        await(run, stop);
        if (run.running()) return called_off();
      }
      if (attempt.job && attempt.job->why == SlurmEnd::Why::CalledOff) return called_off();
      if (std::optional<Answer> answer = outcome(attempt, query, stop, tally)) return *answer;
    }
  }

 private:
  // An attempt as it stands when we are done with waiting for it.
  struct Attempt {
    const RunDirectory& run;
    bool ours = false;          // made just now
    bool watched = false;       // we saw it alive
    std::string not_started{};  // why, where that came before any supervisor
    std::optional<SlurmEnd> job{};
  };

  // Runs an attempt to its end. "" or why it could not be started.
  std::string start(const RunDirectory& run, const Query& query, int attempt,
                    const StopEvent& stop) const try {
    Descriptor lock = run.make();
    run.write_query(query, inputs_, attempt);
    const Values values(inputs_, values_, query, attempt);
    laid_in_.lay_into(run.path(), values, question_line(inputs_, query, attempt));
    run.write_request(request(run, values));
    if (place_.slurm) return "";  // the lock is for who claims the run
    supervise(supervisor_, run, std::move(lock), spec_.on_death == SimulatorSpec::OnDeath::End,
              stop);
    return "";
  } catch (const StoreError&) {
    throw;  // the disk is at fault, not the query: it stays open
  } catch (const Error& refused) {
    return refused.what();
  }

  RunRequest request(const RunDirectory& run, const Values& values) const {
    RunRequest request;
    for (const Template& argument : run_) request.argv.push_back(argument.rendered(values));
    request.argv[0] =
        program_.empty() ? program_path(request.argv[0], place_.study_directory) : program_;
    for (const auto& [name, value] : env_) request.env.emplace_back(name, value.rendered(values));
    request.env.emplace_back(run_variable, run.path().string());
    request.standard_input = run_files::standard_input;
    request.timeout = spec_.timeout_seconds;
    request.stall = spec_.stall_seconds;
    if (place_.slurm) request.beat = place_.slurm->patience_seconds / 5.0;
    request.end_on_death = spec_.on_death == SimulatorSpec::OnDeath::End;
    request.sync = verdict_.files();
    request.sync.insert(request.sync.end(), {run_files::query, run_files::request});
    return request;
  }

  // The answer that an attempt gives, or nothing where there is to be another one.
  std::optional<Answer> outcome(const Attempt& attempt, const Query& query, const StopEvent& stop,
                                Tally& tally) const {
    const RunDirectory& run = attempt.run;
    if (std::optional<Answer> answer = run.reduced_answer()) return answer;
    const std::optional<RunResult> result = run.result();
    const bool ended = result ? result->outcome == RunResult::Outcome::Ended : true;
    if (ended && attempt.watched && stop.wished()) return called_off();
    if (attempt.job && attempt.job->why != SlurmEnd::Why::Recorded) {
      ++tally.begun;
      return by_queue(attempt, stop, tally);
    }
    if (!attempt.ours && !result && !run.begun()) return std::nullopt;  // its engine died too soon
    ++tally.begun;
    if (!result && run.begun()) return lost(attempt, tally);
    if (!result)
      return refused(attempt,
                     attempt.not_started.empty()
                         ? "the supervisor ended at once: '" + run.supervisor_complaint() + "'"
                         : attempt.not_started,
                     stop, tally);
    if (ended) return std::nullopt;
    if (result->outcome == RunResult::Outcome::CouldNotStart)
      return refused(attempt, result->message, stop, tally);
    return judged(run, *result, query, tally);
  }

  Answer judged(const RunDirectory& run, const RunResult& result, const Query& query,
                const Tally& tally) const {
    Answer answer = verdict_.on(result, RunOutput(run.path()), query);
    const bool ok = answer.status == Status::Ok;
    const bool kept = spec_.keep == SimulatorSpec::Keep::All ||
                      (spec_.keep == SimulatorSpec::Keep::Failed && !ok);
    if (!ok) answer.message += result.message.empty() ? "" : "; " + result.message;
    if (!ok && kept) answer.message += advice(answer, run) + ", see " + run.shown();
    answer.attempts = tally.begun;
    if (!kept) run.reduce_to(answer);
    return answer;
  }

  // Programs that are told to read a file of the study's look for it in the run's directory.
  std::string advice(const Answer& answer, const RunDirectory& run) const {
    std::error_code absent;
    for (std::size_t i = 1; answer.kind == "exit status" && i < spec_.run.size(); ++i) {
      const std::string& name = spec_.run[i];
      if (stays_below(name) && fs::is_regular_file(place_.study_directory / name, absent) &&
          !fs::exists(run.path() / name, absent))
        return "; '" + name +
               "' lies beside the study, not in the run's directory: name it in copy";
    }
    return "";
  }

  std::optional<Answer> lost(const Attempt& attempt, Tally& tally) const {
    kill_strays(attempt.run);
    ++tally.lost;
    // Nodes come and go by themselves.
    const bool node = attempt.job && attempt.job->why == SlurmEnd::Why::NodeLost;
    if (attempt.watched && !node) ++tally.lost_before_our_eyes;
    if (tally.lost_before_our_eyes <= std::max(1, spec_.retries) && tally.lost < most_lost)
      return std::nullopt;
    const std::string complaint = attempt.run.supervisor_complaint();
    return without_values(Status::Failed, node ? "node lost" : "lost",
                          "the run and its supervisor vanished" +
                              (attempt.job ? " (" + attempt.job->words + ")" : "") +
                              (complaint.empty() ? "" : ": '" + complaint + "'") + ", see " +
                              attempt.run.shown(),
                          tally.begun);
  }

  // Of a run whose end its directory does not explain, as the queue does.
  std::optional<Answer> by_queue(const Attempt& attempt, const StopEvent& stop,
                                 Tally& tally) const {
    using Why = SlurmEnd::Why;
    const std::string words = attempt.job->words + ", see " + attempt.run.shown();
    switch (attempt.job->why) {
      case Why::TimeLimit:
        return without_values(Status::TimedOut, "timeout", words, tally.begun);
      case Why::Cancelled:
        return without_values(Status::Failed, "cancelled", words, tally.begun);
      case Why::OutOfMemory:
        return without_values(Status::Failed, "out of memory", words, tally.begun);
      case Why::Preempted:
        if (++tally.displaced < most_displaced) return std::nullopt;
        return without_values(Status::Failed, "preempted", words, tally.begun);
      case Why::NotStarted:
        return refused(attempt, attempt.job->words, stop, tally);
      default:
        return lost(attempt, tally);
    }
  }

  std::optional<Answer> refused(const Attempt& attempt, const std::string& why,
                                const StopEvent& stop, Tally& tally) const {
    require<StoreError>(has_room(place_.runs), place_.runs.string(),
                        ": the disk is full. Make room, then run again: nothing is lost");
    if (tally.not_started++ >= spec_.retries)
      return without_values(Status::Failed, "could not start", why + ", see " + attempt.run.shown(),
                            tally.begun);
    constexpr double first_pause = 0.1;  // s
    constexpr double longest_pause = 10.0;
    if (attempt.ours)
      stop.sleep(std::min(first_pause * std::exp2(tally.not_started - 1), longest_pause));
    return std::nullopt;
  }

  SimulatorSpec spec_;
  std::vector<Parameter> inputs_;
  TemplateValues values_;
  ProcessPlace place_;
  Values names_;
  RunInputs laid_in_;
  Verdict verdict_;
  fs::path supervisor_;
  std::unique_ptr<SlurmJobs> jobs_;
  std::vector<Template> run_;
  std::vector<std::pair<std::string, Template>> env_;
  std::string program_;  // "" where its name depends on the query
};

}  // namespace

Oracle process_oracle(SimulatorSpec spec, std::vector<Parameter> inputs,
                      std::vector<ProcessOutput> outputs, TemplateValues values,
                      ProcessPlace place) {
  std::vector<Output> names;
  for (const ProcessOutput& output : outputs) names.push_back(output.output);
  const auto oracle = std::make_shared<const ProcessOracle>(
      std::move(spec), std::move(inputs), outputs, std::move(values), std::move(place));
  return Oracle(std::move(names), [oracle](const Query& query) { return oracle->ask(query); });
}

}  // namespace sonde
