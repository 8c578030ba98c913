#include "sonde/oracle/crew.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "sonde/base/error.hpp"
#include "sonde/oracle/disk_full.hpp"

namespace sonde {
namespace {

struct Outcome {
  Answered answered;
  std::exception_ptr failure;  // an OracleError, in place of the answer
};

}  // namespace

struct Crew::State {
  explicit State(Oracle asked) : oracle(std::move(asked)) {}

  const Oracle oracle;
  mutable std::mutex mutex;
  std::condition_variable work_or_end;
  std::condition_variable outcome;
  std::deque<Query> waiting;
  std::deque<Outcome> done;
  Index in_flight = 0;
  bool ending = false;
  std::vector<std::thread> threads;

  std::optional<Query> next() {
    std::unique_lock lock(mutex);
    work_or_end.wait(lock, [this] { return ending || !waiting.empty(); });
    if (ending) return std::nullopt;
    Query query = std::move(waiting.front());
    waiting.pop_front();
    return query;
  }

  Outcome asked(const Query& query) const {
    try {
      return {{query.id, oracle.ask(query)}, nullptr};
    } catch (const DiskFull& full) {
      return {
          {query.id,
           {.status = Answer::Status::Abandoned, .message = full.what(), .kind = disk_full_kind}},
          nullptr};
    } catch (...) {
      return {{query.id, {}}, std::current_exception()};
    }
  }

  void work() {
    while (const std::optional<Query> query = next()) {
      Outcome result = asked(*query);
      const std::lock_guard lock(mutex);
      done.push_back(std::move(result));
      outcome.notify_all();
    }
  }

  void forget() {
    const std::lock_guard lock(mutex);
    in_flight -= static_cast<Index>(waiting.size());
    waiting.clear();
  }

  void end() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    work_or_end.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

Crew::Crew(Oracle oracle, int workers) : state_(std::make_unique<State>(std::move(oracle))) {
  require(workers >= 1, "Crew: expected at least one worker, got ", workers);
  try {
    for (int i = 0; i < workers; ++i)
      state_->threads.emplace_back([state = state_.get()] { state->work(); });
  } catch (const std::system_error& refused) {
    const std::size_t got = state_->threads.size();
    state_->end();
    throw Error(concat("Crew: ", workers, " workers need as many threads; the system gave ", got,
                       " (", refused.what(), "). Ask for fewer workers."));
  }
}

Crew::~Crew() {
  state_->forget();
  state_->end();
}

void Crew::submit(Query query) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(std::move(query));
    ++state_->in_flight;
  }
  state_->work_or_end.notify_one();
}

std::optional<Answered> Crew::wait(double seconds) {
  std::unique_lock lock(state_->mutex);
  require(state_->in_flight > 0, "Crew: nothing to wait for, no query is in flight");
  const auto answered = [this] { return !state_->done.empty(); };
  // Durations beyond some centuries overflow the clock.
  constexpr double for_ever = 1e9;
  if (!(seconds < for_ever)) {
    state_->outcome.wait(lock, answered);
  } else if (!state_->outcome.wait_for(lock, std::chrono::duration<double>(seconds), answered)) {
    return std::nullopt;
  }
  Outcome result = std::move(state_->done.front());
  state_->done.pop_front();
  --state_->in_flight;
  if (result.failure) std::rethrow_exception(result.failure);
  return std::move(result.answered);
}

Index Crew::in_flight() const noexcept {
  const std::lock_guard lock(state_->mutex);
  return state_->in_flight;
}

void Crew::forget() {
  state_->forget();
}

}  // namespace sonde
