#include "oracle/slurm_jobs.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "oracle/file.hpp"
#include "oracle/slurm_commands.hpp"
#include "oracle/slurm_entry.hpp"
#include "oracle/slurm_submissions.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;
using Clock = SlurmClock;
using Why = SlurmEnd::Why;
using EntryPointer = std::shared_ptr<SlurmEntry>;
using Result = SlurmCommands::Submission::Result;

constexpr double gathering = 0.05;        // s, in which what becomes ready joins one array
constexpr std::size_t most_tasks = 500;   // of an array; clusters allow 1000 by default
constexpr int most_absent = 2;            // answers of squeue without a job, before it is gone
constexpr double farewell = 2.0;          // s, for cancelling when a stop is wished
constexpr int most_refusals = 3;          // in a row, for reasons that we do not know
constexpr double longest_silence = 60.0;  // s between two questions to a Slurm that is silent

Clock::duration in(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

std::string name_of(const RunDirectory& run) {
  return run.path().filename().string();
}

}  // namespace

class SlurmJobs::Watch {
 public:
  Watch(const SlurmSpec& spec, const fs::path& runs, fs::path supervisor,
        std::function<void(const std::string&)> say, const std::stop_token& stop)
      : spec_(spec),
        commands_(spec),
        submissions_(runs),
        supervisor_(std::move(supervisor)),
        say_(std::move(say)),
        stop_(stop),
        event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        on_stop_(stop, [this] { interrupt(); }),
        thread_([this] { work(); }) {}

  ~Watch() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    interrupt();
    thread_.join();
  }

  SlurmEnd see_through(const RunDirectory& run);

  bool has(const RunDirectory& run) const {
    const std::lock_guard lock(mutex_);
    return !submissions_.places(name_of(run)).empty();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  // Wakes the thread, and ends the command that it may be waiting for.
  void interrupt() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(event_.number(), &one, sizeof one));
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }

  void say(const std::string& words) const {
    if (say_) say_(words);
  }

  void work();
  void submit_ready(Lock& lock);
  void submit(Lock& lock, const std::vector<EntryPointer>& batch);
  void refuse(const std::vector<EntryPointer>& batch, const std::string& words);
  void ask_queue(Lock& lock);
  void take(const std::vector<SlurmTask>& tasks, const std::vector<EntryPointer>& asked_for);
  void hear(const std::string& silence);
  void drop_stuck(Lock& lock);
  void judge_all(Lock& lock);
  void ask_who_cancelled(Lock& lock, const std::vector<EntryPointer>& cancelled);
  void see_controller(Lock& lock);
  void cancel_all(Lock& lock);
  Clock::time_point next_turn() const;
  std::vector<EntryPointer> submitted() const;

  const SlurmSpec spec_;
  const SlurmCommands commands_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  SlurmSubmissions submissions_;
  std::vector<EntryPointer> entries_;  // not decided, or not yet taken
  bool ending_ = false;
  bool farewell_said_ = false;
  int refusals_ = 0;        // of sbatch, in a row
  std::string controller_;  // when it was started; "" as long as that is not known
  double silence_ = 0;      // s to wait after squeue or sbatch did not answer; 0: they do
  Clock::time_point next_question_ = Clock::now();
  Clock::time_point next_submission_ = Clock::now();
  const fs::path supervisor_;
  const std::function<void(const std::string&)> say_;
  const std::stop_token stop_;
  const Descriptor event_;
  const std::stop_callback<std::function<void()>> on_stop_;
  std::thread thread_;
};

SlurmEnd SlurmJobs::Watch::see_through(const RunDirectory& run) {
  Lock lock(mutex_);
  const auto entry = std::make_shared<SlurmEntry>(run);
  entry->places = submissions_.places(name_of(run));
  entry->ready = entry->places.empty();
  entries_.push_back(entry);
  wake_.notify_all();
  const auto done = [&] { return entry->decided(); };
  if (!entry->ended.wait(lock, stop_, done))
    entry->ended.wait_for(lock, in(farewell), [&] { return done() || farewell_said_; });
  entries_.erase(std::find(entries_.begin(), entries_.end(), entry));
  if (entry->decided() || entry->cancelled) submissions_.forget(name_of(run));
  if (entry->failure) std::rethrow_exception(entry->failure);
  return entry->end.value_or(SlurmEnd{Why::CalledOff});
}

void SlurmJobs::Watch::work() {
  Lock lock(mutex_);
  while (!ending_) {
    if (stop_.stop_requested() && !farewell_said_) cancel_all(lock);
    submit_ready(lock);
    ask_queue(lock);
    drop_stuck(lock);
    judge_all(lock);
    if (!ending_) wake_.wait_until(lock, next_turn());
  }
}

std::vector<EntryPointer> SlurmJobs::Watch::submitted() const {
  std::vector<EntryPointer> all;
  for (const EntryPointer& entry : entries_)
    if (!entry->decided() && !entry->ready) all.push_back(entry);
  return all;
}

Clock::time_point SlurmJobs::Watch::next_turn() const {
  const Clock::time_point now = Clock::now();
  if (entries_.empty()) return now + std::chrono::hours(1);
  const double look = std::min(0.1 + 0.002 * static_cast<double>(entries_.size()),
                               std::max(0.02, 0.5 * spec_.poll_seconds));
  return now + in(look);
}

// What becomes ready within a moment goes out together.
void SlurmJobs::Watch::submit_ready(Lock& lock) {
  const auto ready = [&] {
    std::vector<EntryPointer> batch;
    for (const EntryPointer& entry : entries_)
      if (entry->ready && !entry->decided() && batch.size() < most_tasks) batch.push_back(entry);
    return batch;
  };
  if (stop_.stop_requested() || Clock::now() < next_submission_ || ready().empty()) return;
  const Clock::time_point end = Clock::now() + in(gathering);
  wake_.wait_until(lock, end, [&] { return ending_; });
  if (controller_.empty() && silence_ <= 0.0) see_controller(lock);
  for (std::vector<EntryPointer> batch = ready();
       !batch.empty() && !ending_ && !stop_.stop_requested() && Clock::now() >= next_submission_;
       batch = ready())
    submit(lock, batch);
}

void SlurmJobs::Watch::submit(Lock& lock, const std::vector<EntryPointer>& batch) try {
  std::vector<std::string> runs;
  for (const EntryPointer& entry : batch) runs.push_back(name_of(entry->run));
  const std::string name = submissions_.add(runs);
  const fs::path list = submissions_.list(name);
  const fs::path script = submissions_.script();
  lock.unlock();
  const SlurmCommands::Submission answer =
      commands_.submit(name, static_cast<int>(batch.size()), script,
                       {supervisor_.string(), list.string()}, event_.number());
  lock.lock();
  for (const EntryPointer& entry : batch) {
    entry->places = submissions_.places(name_of(entry->run));
    entry->ready = false;
    entry->controller = controller_;
    entry->task.reset();
    entry->absent = 0;
    if (answer.result == Result::Accepted) ++entry->submissions;
  }
  // What was not answered may have been heard: its name is looked for before it is said again.
  if (answer.result == Result::Accepted) {
    refusals_ = 0;
    return;
  }
  if (ending_ || stop_.stop_requested()) return;
  const bool unclear = slurm_refusal(answer.words) == SlurmRefusal::Unclear &&
                       answer.words.find("answered") == std::string::npos;
  refusals_ = unclear ? refusals_ + 1 : 0;
  if (answer.result == Result::Refused || refusals_ >= most_refusals)
    return refuse(batch, answer.words);
  hear(answer.words);
} catch (...) {
  if (!lock.owns_lock()) lock.lock();
  for (const EntryPointer& entry : batch) {
    entry->failure = std::current_exception();
    entry->ended.notify_all();
  }
}

void SlurmJobs::Watch::refuse(const std::vector<EntryPointer>& batch, const std::string& words) {
  for (const EntryPointer& entry : batch) {
    entry->failure = std::make_exception_ptr(
        OracleError("slurm: sbatch refuses the runs: '" + words +
                    "'. Correct [slurm] in the study, then run again: nothing is lost"));
    entry->ended.notify_all();
  }
}

// Silence is not a failure of any run: it is said once, and waited for at growing distances.
void SlurmJobs::Watch::hear(const std::string& silence) {
  if (silence.empty()) {
    if (silence_ > 0.0) say("Slurm answers again");
    silence_ = 0.0;
    return;
  }
  if (silence_ <= 0.0)
    say("Slurm does not answer ('" + silence + "'). Waiting for it; running jobs go on");
  silence_ =
      std::clamp(2.0 * silence_, spec_.poll_seconds, std::max(longest_silence, spec_.poll_seconds));
  next_question_ = next_submission_ = Clock::now() + in(silence_);
}

// One question for all jobs.
void SlurmJobs::Watch::ask_queue(Lock& lock) {
  const std::vector<EntryPointer> asked_for = submitted();
  if (asked_for.empty() || ending_ || stop_.stop_requested() || Clock::now() < next_question_)
    return;
  const Clock::time_point begun = Clock::now();
  lock.unlock();
  const SlurmCommands::Queue queue = commands_.queue(event_.number());
  lock.lock();
  if (ending_ || stop_.stop_requested()) return;
  // Of a controller that is slow we want less.
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  next_question_ = Clock::now() + in(std::max(spec_.poll_seconds, 5.0 * took));
  hear(queue.tasks ? "" : queue.words.empty() ? "no answer" : queue.words);
  if (!queue.tasks) return;
  take(*queue.tasks, asked_for);
  if (!controller_.empty()) return;
  see_controller(lock);
  for (const EntryPointer& entry : asked_for) entry->controller = controller_;
}

void SlurmJobs::Watch::take(const std::vector<SlurmTask>& tasks,
                            const std::vector<EntryPointer>& asked_for) {
  std::unordered_map<std::string, std::vector<const SlurmTask*>> by_name;
  for (const SlurmTask& task : tasks) by_name[task.name].push_back(&task);
  for (const EntryPointer& entry : asked_for) {
    std::vector<const SlurmTask*> of_it;
    for (const SlurmPlace& place : entry->places)
      if (const auto found = by_name.find(place.name); found != by_name.end())
        of_it.insert(of_it.end(), found->second.begin(), found->second.end());
    std::optional<SlurmTask> task = listed(entry->places, of_it);
    entry->absent = task ? 0 : entry->absent + 1;
    // An end that was seen stays one when Slurm has forgotten the job.
    if (task || !entry->task || entry->task->phase() != SlurmTask::Phase::Ended)
      entry->task = std::move(task);
  }
}

// Jobs that wait for what does not come.
void SlurmJobs::Watch::drop_stuck(Lock& lock) {
  for (const EntryPointer& entry : submitted()) {
    if (!entry->task || !entry->task->waits_for_ever()) {
      entry->stuck_since.reset();
      continue;
    }
    if (!entry->stuck_since) entry->stuck_since = Clock::now();
    if (Clock::now() - *entry->stuck_since < in(spec_.patience_seconds)) continue;
    const SlurmTask task = *entry->task;
    lock.unlock();
    commands_.cancel(task);
    lock.lock();
    refuse({entry}, "it would never start: " + task.in_words());
  }
}

void SlurmJobs::Watch::judge_all(Lock& lock) {
  std::vector<EntryPointer> cancelled;
  for (const EntryPointer& entry : submitted()) {
    switch (judge(*entry, spec_.patience_seconds, most_absent)) {
      case SlurmVerdict::Wait:
        break;
      case SlurmVerdict::SubmitAgain:
        entry->ready = true;
        break;
      case SlurmVerdict::Ended:
        if (entry->end->why != Why::Cancelled) {
          entry->ended.notify_all();
          break;
        }
        entry->end.reset();
        cancelled.push_back(entry);
        break;
    }
  }
  if (!cancelled.empty()) ask_who_cancelled(lock, cancelled);
}

// When it was started: a controller that was killed forgets who runs, and cancels what it meets.
void SlurmJobs::Watch::see_controller(Lock& lock) {
  lock.unlock();
  std::string now = commands_.controller_start(event_.number());
  lock.lock();
  if (!now.empty()) controller_ = std::move(now);
}

// Somebody, if the controller is the one that the job was given to.
void SlurmJobs::Watch::ask_who_cancelled(Lock& lock, const std::vector<EntryPointer>& cancelled) {
  see_controller(lock);
  for (const EntryPointer& entry : cancelled) {
    const std::string words = entry->task ? "Slurm: " + entry->task->in_words() : "";
    const bool another = !entry->controller.empty() && entry->controller != controller_;
    entry->end = another ? SlurmEnd{Why::Preempted, words + ", after its controller was restarted"}
                         : SlurmEnd{Why::Cancelled, words};
    entry->ended.notify_all();
  }
}

// By name, which is in nobody's way, also of jobs that no answer has come for.
void SlurmJobs::Watch::cancel_all(Lock& lock) {
  const std::vector<EntryPointer> running = submitted();
  std::set<std::string> names;
  for (const EntryPointer& entry : running)
    for (const SlurmPlace& place : entry->places) names.insert(place.name);
  for (const std::string& name : names) submissions_.call_off(name);
  lock.unlock();
  const Clock::time_point end = Clock::now() + in(0.9 * farewell);
  std::set<std::string> going_on;
  for (const std::string& name : names) {
    const double left = std::chrono::duration<double>(end - Clock::now()).count();
    if (left <= 0.0 || !commands_.cancel(name, left)) going_on.insert(name);
  }
  lock.lock();
  if (!going_on.empty())
    say("Slurm does not answer: its jobs go on; the next 'sonde run' takes their results");
  for (const EntryPointer& entry : running)
    entry->cancelled =
        std::none_of(entry->places.begin(), entry->places.end(),
                     [&](const SlurmPlace& place) { return going_on.contains(place.name); });
  farewell_said_ = true;
  for (const EntryPointer& entry : entries_) entry->ended.notify_all();
}

SlurmJobs::SlurmJobs(const SlurmSpec& spec, const fs::path& runs, const fs::path& supervisor,
                     std::function<void(const std::string&)> say, const std::stop_token& stop)
    : watch_(std::make_unique<Watch>(spec, runs, supervisor, std::move(say), stop)) {}

SlurmJobs::~SlurmJobs() = default;

SlurmEnd SlurmJobs::see_through(const RunDirectory& run) {
  return watch_->see_through(run);
}

bool SlurmJobs::has(const RunDirectory& run) const {
  return watch_->has(run);
}

}  // namespace sonde
