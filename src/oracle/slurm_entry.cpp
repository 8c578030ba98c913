#include "oracle/slurm_entry.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>

namespace sonde {
namespace {

using Why = SlurmEnd::Why;
using Phase = SlurmTask::Phase;

constexpr int list_not_visible = 78;  // exit statuses of the job's script
constexpr int supervisor_not_visible = 79;
constexpr int most_submissions = 20;

bool is_told(int exit_status) {
  return exit_status == list_not_visible || exit_status == supervisor_not_visible;
}

bool is_there(const RunDirectory& run, const char* file) {
  struct stat facts {};
  return ::stat((run.path() / file).c_str(), &facts) == 0;
}

// Changes whenever the supervisor touches its claim. Compared with itself, never with a clock.
std::string sign_of_life(const RunDirectory& run) {
  struct stat facts {};
  if (::stat((run.path() / run_files::claim).c_str(), &facts) != 0) return "";
  return std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec) + " " +
         std::to_string(facts.st_size);
}

int rank(const SlurmTask& task) {
  return task.phase() == Phase::Running ? 2 : task.phase() == Phase::Waiting ? 1 : 0;
}

// Whether we ourselves, or an earlier engine, wished this job to be cancelled.
bool called_off(const SlurmEntry& entry) {
  return std::any_of(entry.places.begin(), entry.places.end(), [&](const SlurmPlace& place) {
    return place.called_off && place.name == entry.task->name;
  });
}

// Of a run without a record, or with one that only says that somebody ended it.
SlurmEnd explained(const SlurmEntry& entry, bool claimed) {
  if (!entry.task)
    return {claimed ? Why::Lost : Why::NotStarted, "Slurm knows nothing of its job any more"};
  const std::string& state = entry.task->state;
  const std::string words = "Slurm: " + entry.task->in_words();
  if (state == "NODE_FAIL" || state == "BOOT_FAIL") return {Why::NodeLost, words};
  if (state == "PREEMPTED") return {Why::Preempted, words};
  if (state == "TIMEOUT" || state == "DEADLINE") return {Why::TimeLimit, words};
  if (state == "CANCELLED" && called_off(entry))
    return {Why::Preempted, "it was called off when sonde was interrupted"};
  if (state == "CANCELLED" || state == "REVOKED") return {Why::Cancelled, words};
  if (state == "OUT_OF_MEMORY") return {Why::OutOfMemory, words};
  if (!claimed && entry.task->exit_status == list_not_visible)
    return {Why::NotStarted, words +
                                 ": the directory of the runs cannot be seen there. Put the "
                                 "campaign on a file system that the nodes share"};
  if (!claimed && entry.task->exit_status == supervisor_not_visible)
    return {Why::NotStarted, words +
                                 ": sonde-run cannot be seen there. Install sonde where the "
                                 "nodes see it under the same path"};
  return {claimed ? Why::Lost : Why::NotStarted, words};
}

// Whether the record speaks for itself: what ended the run from outside, only Slurm knows.
bool speaks(const RunResult& result) {
  return result.outcome != RunResult::Outcome::Ended &&
         !(result.outcome == RunResult::Outcome::Signalled && result.signal == SIGKILL);
}

SlurmVerdict decide(SlurmEntry& entry, SlurmEnd end) {
  entry.end = std::move(end);
  return SlurmVerdict::Ended;
}

}  // namespace

std::optional<SlurmTask> listed(const std::vector<SlurmPlace>& places,
                                const std::vector<const SlurmTask*>& tasks) {
  const SlurmTask* best = nullptr;
  for (const SlurmPlace& place : places) {
    const SlurmTask* own = nullptr;
    for (const SlurmTask* task : tasks) {
      if (task->name != place.name) continue;
      if (task->index == place.index) own = task;
      if (task->index < 0 && !own) own = task;
    }
    if (own && (!best || rank(*own) >= rank(*best))) best = own;
  }
  return best ? std::optional<SlurmTask>(*best) : std::nullopt;
}

SlurmVerdict judge(SlurmEntry& entry, double patience, int most_absent) {
  const SlurmClock::time_point now = SlurmClock::now();
  if (is_there(entry.run, run_files::answer)) return decide(entry, {});
  const std::optional<RunResult> result = entry.run.result();
  if (result && speaks(*result)) return decide(entry, {});
  const bool over = entry.task ? entry.task->phase() == Phase::Ended : entry.absent >= most_absent;
  if (result) {
    if (over && entry.task) {
      const SlurmEnd end = explained(entry, true);
      const bool killed = result->outcome == RunResult::Outcome::Signalled;
      return decide(entry, killed && end.why != Why::OutOfMemory ? SlurmEnd{} : end);
    }
    if (!over) return SlurmVerdict::Wait;
    return decide(entry, {});
  }
  const std::string sign = sign_of_life(entry.run);
  if (sign != entry.sign || !over || (!sign.empty() && entry.run.running())) {
    entry.sign = sign;
    entry.quiet_since = now;
    return SlurmVerdict::Wait;
  }
  const bool claimed = !sign.empty();
  // A job that was never begun is submitted anew at once: should the old one come back, whichever
  // comes first to the directory claims it.
  if (!entry.task && !claimed) {
    if (entry.submissions < most_submissions) return SlurmVerdict::SubmitAgain;
    return decide(entry, explained(entry, claimed));
  }
  SlurmEnd end = explained(entry, claimed);
  // A node was found and gave it back: nobody has cancelled it while it waited.
  const bool returned = end.why == Why::Cancelled && !entry.task->node.empty();
  const bool told = !claimed && entry.task && is_told(entry.task->exit_status);
  if (!told && std::chrono::duration<double>(now - entry.quiet_since).count() < patience)
    return SlurmVerdict::Wait;
  const bool displaced = returned || end.why == Why::NodeLost || end.why == Why::Preempted;
  if (displaced && !claimed && entry.submissions < most_submissions)
    return SlurmVerdict::SubmitAgain;
  return decide(entry, std::move(end));
}

}  // namespace sonde
