#include "sonde/oracle/process.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "oracle/file.hpp"
#include "oracle/library.hpp"
#include "oracle/remedy.hpp"
#include "oracle/render.hpp"
#include "oracle/run_directory.hpp"
#include "oracle/run_inputs.hpp"
#include "oracle/run_output.hpp"
#include "oracle/slurm_jobs.hpp"
#include "oracle/slurm_submissions.hpp"
#include "oracle/supervised.hpp"
#include "oracle/tokens.hpp"
#include "oracle/told_point.hpp"
#include "oracle/verdict.hpp"
#include "sonde/base/error.hpp"
#include "sonde/oracle/disk_full.hpp"

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

// A limit that is one.
void check_limit(double limit, const char* name, const char* unit) {
  require<StudyError>(limit > 0.0, "simulator.", name, ": expected more than 0 ", unit, ", got ",
                      limit);
}

SimulatorSpec checked(SimulatorSpec spec) {
  require<StudyError>(!spec.run.empty() || !spec.library.empty(),
                      "simulator.run: expected a program and its arguments");
  require<StudyError>(spec.nudge >= 0.0 && spec.nudge <= 0.1,
                      "simulator.nudge: expected a part of each range, from 0 to 0.1, got ",
                      spec.nudge);
  check_limit(spec.memory_limit, "limits.memory", "bytes");
  check_limit(spec.cpu_limit_seconds, "limits.cpu", "s");
  check_limit(spec.file_limit, "limits.file", "bytes");
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
  int lost = 0;
  int lost_before_our_eyes = 0;
  int displaced = 0;
  int retried = 0;
  int nudges = 0;
};

class ProcessOracle {
 public:
  ProcessOracle(SimulatorSpec spec, std::vector<Parameter> inputs,
                const std::vector<ProcessOutput>& outputs, TemplateValues values,
                ProcessPlace place, std::vector<Constraint> constraints)
      : spec_(checked(std::move(spec))),
        domain_(inputs, std::move(constraints)),
        inputs_(std::move(inputs)),
        values_(std::move(values)),
        place_(absolute(std::move(place))),
        names_(inputs_, values_),
        laid_in_(spec_, names_, place_.study_directory),
        verdict_(spec_, inputs_, outputs),
        tokens_(spec_.token_pool, spec_.tokens),
        supervisor_(supervisor_program(place_.supervisor)) {
    if (!spec_.library.empty()) {
      check_library(spec_.library, supervisor_, inputs_, outputs);
      spec_.run = {supervisor_.string(), "--library", spec_.library};
    }
    for (std::size_t i = 0; i < spec_.run.size(); ++i)
      run_.emplace_back(spec_.run[i], concat("simulator.run[", i, "]"), names_);
    for (const auto& [name, value] : spec_.env)
      env_.emplace_back(name, Template(value, "simulator.env." + name, names_));
    // Its name may depend on the query; then it is looked for when that is known.
    if (spec_.run[0].find("{{") == std::string::npos)
      program_ = program_path(spec_.run[0], place_.study_directory);
    told_ = std::make_unique<const ToldPoint>(inputs_, laid_in_, run_, env_);
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
    Query now = query;  // the point of the next attempt
    for (int number = query.attempts + 1;; ++number) {
      std::optional<Judged> judged = attempted(now, number, stop, tally);
      if (!judged) continue;
      Answer& answer = judged->answer;
      answer.attempts = number;
      const bool ok = answer.status == Status::Ok;
      if (ok) tell_apart(answer, query, now);
      if (answer.status == Status::Abandoned || (ok && !is_remedied(answer))) return answer;
      switch (remedy_for(spec_, answer, judged->then)) {
        case Remedy::Retry:
          answer.transient = !ok;
          if (tally.retried++ >= spec_.retries) return answer;
          pause(tally.retried, stop);
          break;
        case Remedy::Nudge:
          if (!nudge(now, query, tally)) return answer;
          break;
        case Remedy::GiveUp:
          return answer;
      }
    }
  }

 private:
  using Judged = Verdict::Judged;

  // What arrived in part is an answer, unless the study wants a remedy for it.
  bool is_remedied(const Answer& answer) const {
    return !answer.kind.empty() &&
           std::any_of(spec_.on_failure.begin(), spec_.on_failure.end(),
                       [&](const auto& remedy) { return remedy.first == answer.kind; });
  }

  // What came of one attempt; nothing where there is to be another one.
  std::optional<Judged> attempted(const Query& query, int number, const StopEvent& stop,
                                  Tally& tally) const {
    const RunDirectory run(place_.runs, query.id, number);
    Attempt attempt{run};
    const Vector told = told_->of(query, Values(inputs_, values_, query, number));
    if (told != query.x && !domain_.admits(told)) return inadmissible(query, told);
    if (!run.exists()) {
      if (stop.wished()) return Judged{called_off()};
      attempt.ours = attempt.watched = true;
      attempt.not_started = start(run, query, number, stop, attempt.tokens);
      if (place_.slurm && run.exists() && attempt.not_started.empty())
        attempt.job = jobs_->see_through(run);
    } else if (!run.asks(query, inputs_)) {
      return std::nullopt;  // another campaign's, or left half made
    } else if (jobs_ && jobs_->has(run)) {
      attempt.watched = true;
      attempt.tokens = tokens_.take(stop);  // those of its first engine are free again
      attempt.job = jobs_->see_through(run);
    } else if (run.running()) {
      attempt.watched = true;
      await(run, stop);
      if (run.running()) return Judged{called_off()};
    }
    if (attempt.job && attempt.job->why == SlurmEnd::Why::CalledOff) return Judged{called_off()};
    if (attempt.ours && run.exists() && !run.intact()) return ravaged(run);
    return outcome(attempt, query, stop, tally);
  }

  // A simulator that removes what Sonde keeps in its directory would do so again.
  Judged ravaged(const RunDirectory& run) const {
    return {without_values(Status::Failed, "output missing",
                           "the simulator removed '" + std::string(run_files::folder) +
                               "' from its directory, " + run.shown(),
                           1),
            {}};
  }

  Judged inadmissible(const Query& query, const Vector& told) const {
    const std::vector<Violation> broken = domain_.violations(told);
    return {without_values(Status::Failed, "inadmissible",
                           concat("what the formats of the templates leave of the point breaks '",
                                  broken.front().name, "' by ", broken.front().excess,
                                  ". Give the format of query ", query.id, " more digits"),
                           1),
            {}};
  }

  // The point of the answer, where it is another than was asked.
  void tell_apart(Answer& answer, const Query& asked, const Query& now) const {
    Vector told = told_->of(now, Values(inputs_, values_, now, answer.attempts));
    if (told != asked.x) answer.x = std::move(told);
  }

  bool nudge(Query& now, const Query& asked, Tally& tally) const {
    if (tally.nudges >= most_nudges || spec_.nudge <= 0.0) return false;
    now.x = nudged(domain_, asked, spec_.nudge, ++tally.nudges, values_.seed);
    return now.x != asked.x;
  }

  void pause(int times, const StopEvent& stop) const {
    constexpr double first = 0.1;  // s
    constexpr double longest = 10.0;
    stop.sleep(std::min(first * std::exp2(times - 1), longest));
  }

  // An attempt as it stands when we are done with waiting for it.
  struct Attempt {
    const RunDirectory& run;
    bool ours = false;          // made just now
    bool watched = false;       // we saw it alive
    std::string not_started{};  // why, where that came before any supervisor
    std::optional<SlurmEnd> job{};
    std::vector<Descriptor> tokens{};  // of a run on another machine: held by us for it
  };

  // Runs an attempt to its end. "" or why it could not be started.
  std::string start(const RunDirectory& run, const Query& query, int attempt, const StopEvent& stop,
                    std::vector<Descriptor>& held) const try {
    std::vector<Descriptor> tokens = tokens_.take(stop);
    if (tokens.empty() && !tokens_.none()) return "";
    Descriptor lock = run.make();
    run.write_query(query, inputs_, attempt);
    const Values values(inputs_, values_, query, attempt);
    laid_in_.lay_into(run.path(), values,
                      spec_.library.empty() ? question_line(inputs_, query, attempt)
                                            : library_question(inputs_, query));
    run.write_request(request(run, values));
    if (place_.slurm) {
      held = std::move(tokens);
      return "";  // the lock is for who claims the run
    }
    supervise(supervisor_, run, std::move(lock), std::move(tokens),
              spec_.on_death == SimulatorSpec::OnDeath::End, stop);
    return "";
  } catch (const StoreError& failure) {  // the disk is at fault, not the query: it stays open
    if (!has_room(place_.runs)) throw DiskFull(failure.what());
    throw;
  } catch (const Error& refused) {
    return refused.what();
  }

  RunRequest request(const RunDirectory& run, const Values& values) const {
    RunRequest request;
    for (const Template& argument : run_) request.argv.push_back(argument.rendered(values));
    request.argv[0] =
        program_.empty() ? program_path(request.argv[0], place_.study_directory) : program_;
    request.bare = spec_.inherit.has_value();
    for (const std::string& name : spec_.inherit.value_or(std::vector<std::string>{}))
      if (const char* const value = std::getenv(name.c_str()))
        request.env.emplace_back(name, value);
    for (const auto& [name, value] : env_) request.env.emplace_back(name, value.rendered(values));
    request.env.emplace_back(run_variable, run.path().string());
    request.standard_input = run_files::standard_input;
    request.timeout = spec_.timeout_seconds;
    request.stall = spec_.stall_seconds;
    request.memory_limit = spec_.memory_limit;
    request.cpu_limit = spec_.cpu_limit_seconds;
    request.file_limit = spec_.file_limit;
    if (place_.slurm) request.beat = place_.slurm->patience_seconds / 5.0;
    request.end_on_death = spec_.on_death == SimulatorSpec::OnDeath::End;
    request.sync = verdict_.files();
    request.sync.insert(request.sync.end(), {run_files::query, run_files::request});
    return request;
  }

  // The answer that an attempt gives, or nothing where there is to be another one.
  std::optional<Judged> outcome(const Attempt& attempt, const Query& query, const StopEvent& stop,
                                Tally& tally) const {
    const RunDirectory& run = attempt.run;
    if (std::optional<Answer> answer = run.reduced_answer()) return Judged{*answer};
    const std::optional<RunResult> result = run.result();
    const bool ended = result ? result->outcome == RunResult::Outcome::Ended : true;
    if (ended && attempt.watched && stop.wished()) return Judged{called_off()};
    if (attempt.job && attempt.job->why != SlurmEnd::Why::Recorded) {
      ++tally.begun;
      return by_queue(attempt, tally);
    }
    if (!attempt.ours && !result && !run.begun()) return std::nullopt;  // its engine died too soon
    ++tally.begun;
    if (!result && run.begun()) return lost(attempt, tally);
    if (!result)
      return refused(attempt, attempt.not_started.empty() ? "the supervisor ended at once: '" +
                                                                run.supervisor_complaint() + "'"
                                                          : attempt.not_started);
    if (ended) return std::nullopt;
    if (result->outcome == RunResult::Outcome::CouldNotStart)
      return refused(attempt, result->message);
    return judged(run, *result, query);
  }

  Judged judged(const RunDirectory& run, const RunResult& result, const Query& query) const {
    Query told = query;
    told.x = told_->of(query, Values(inputs_, values_, query, 1));
    Judged judged = verdict_.on(result, RunOutput(run.path()), told);
    Answer& answer = judged.answer;
    const bool ok = answer.status == Status::Ok;
    const bool kept = spec_.keep == SimulatorSpec::Keep::All ||
                      (spec_.keep == SimulatorSpec::Keep::Failed && !ok);
    if (!ok) answer.message += result.message.empty() ? "" : "; " + result.message;
    if (!ok && kept) answer.message += advice(answer, run) + ", see " + run.shown();
    if (!kept) run.reduce_to(answer);
    return judged;
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

  std::optional<Judged> lost(const Attempt& attempt, Tally& tally) const {
    kill_strays(attempt.run);
    ++tally.lost;
    // Nodes come and go by themselves.
    const bool node = attempt.job && attempt.job->why == SlurmEnd::Why::NodeLost;
    if (attempt.watched && !node) ++tally.lost_before_our_eyes;
    if (tally.lost_before_our_eyes <= std::max(1, spec_.retries) && tally.lost < most_lost)
      return std::nullopt;
    const std::string complaint = attempt.run.supervisor_complaint();
    tally.retried = std::max(tally.retried, spec_.retries);  // those were the retries
    return Judged{without_values(Status::Failed, node ? "node lost" : "lost",
                                 "the run and its supervisor vanished" +
                                     (attempt.job ? " (" + attempt.job->words + ")" : "") +
                                     (complaint.empty() ? "" : ": '" + complaint + "'") + ", see " +
                                     attempt.run.shown(),
                                 tally.begun)};
  }

  // Of a run whose end its directory does not explain, as the queue does.
  std::optional<Judged> by_queue(const Attempt& attempt, Tally& tally) const {
    using Why = SlurmEnd::Why;
    const std::string words = attempt.job->words + ", see " + attempt.run.shown();
    const auto answer = [&](Status status, const char* kind) {
      return Judged{without_values(status, kind, words, tally.begun)};
    };
    switch (attempt.job->why) {
      case Why::TimeLimit:
        return answer(Status::TimedOut, "timeout");
      case Why::Cancelled:
        return answer(Status::Failed, "cancelled");
      case Why::OutOfMemory:
        return answer(Status::Failed, "out of memory");
      case Why::Preempted:
        if (++tally.displaced < most_displaced) return std::nullopt;
        return answer(Status::Failed, "preempted");
      case Why::NotStarted:
        return refused(attempt, attempt.job->words);
      default:
        return lost(attempt, tally);
    }
  }

  Judged refused(const Attempt& attempt, const std::string& why) const {
    require<DiskFull>(has_room(place_.runs), place_.runs.string(),
                      ": the disk is full. Make room: nothing is lost");
    return {
        without_values(Status::Failed, "could not start", why + ", see " + attempt.run.shown(), 1),
        {}};
  }

  SimulatorSpec spec_;
  Domain domain_;
  std::vector<Parameter> inputs_;
  TemplateValues values_;
  ProcessPlace place_;
  Values names_;
  RunInputs laid_in_;
  Verdict verdict_;
  Tokens tokens_;
  fs::path supervisor_;
  std::unique_ptr<SlurmJobs> jobs_;
  std::vector<Template> run_;
  std::vector<std::pair<std::string, Template>> env_;
  std::unique_ptr<const ToldPoint> told_;
  std::string program_;  // "" where its name depends on the query
};

}  // namespace

Vector told_point(const SimulatorSpec& spec, const std::vector<Parameter>& inputs,
                  const TemplateValues& values, const fs::path& study_directory,
                  const Query& query) {
  const Values names(inputs, values);
  std::vector<Template> arguments;
  for (std::size_t i = 0; i < spec.run.size(); ++i)
    arguments.emplace_back(spec.run[i], concat("simulator.run[", i, "]"), names);
  std::vector<std::pair<std::string, Template>> environment;
  for (const auto& [name, value] : spec.env)
    environment.emplace_back(name, Template(value, "simulator.env." + name, names));
  const RunInputs laid_in(spec, names, study_directory);
  return ToldPoint(inputs, laid_in, arguments, environment)
      .of(query, Values(inputs, values, query, 1));
}

Oracle process_oracle(SimulatorSpec spec, std::vector<Parameter> inputs,
                      std::vector<ProcessOutput> outputs, TemplateValues values, ProcessPlace place,
                      std::vector<Constraint> constraints) {
  std::vector<Output> names;
  for (const ProcessOutput& output : outputs) names.push_back(output.output);
  const auto oracle = std::make_shared<const ProcessOracle>(
      std::move(spec), std::move(inputs), outputs, std::move(values), std::move(place),
      std::move(constraints));
  return Oracle(std::move(names), [oracle](const Query& query) { return oracle->ask(query); });
}

}  // namespace sonde
