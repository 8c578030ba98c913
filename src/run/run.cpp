#include "sonde/run/run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sonde/base/error.hpp"
#include "sonde/oracle/crew.hpp"
#include "sonde/oracle/disk_full.hpp"
#include "sonde/run/journal.hpp"

namespace sonde {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double patience = 0.1;  // s between two looks at the interruption
constexpr auto patience_time = std::chrono::duration<double>(patience);

// The failures since the last success.
class Failures {
 public:
  void see(const Answer& answer) {
    if (answer.status == Answer::Status::Ok || is_no_run(answer)) {
      row_.clear();
    } else {
      row_.push_back({answer.kind, answer.message});
    }
  }

  Index count() const { return static_cast<Index>(row_.size()); }

  // "20 failures in a row: 17 of kind 'exit status' (the last: ...); 3 of kind 'timeout' (...)"
  std::string in_words() const {
    std::vector<std::pair<std::string, Index>> kinds;
    for (const Failure& failure : row_) {
      const auto known = std::find_if(kinds.begin(), kinds.end(),
                                      [&](const auto& k) { return k.first == failure.kind; });
      if (known == kinds.end()) {
        kinds.emplace_back(failure.kind, 1);
      } else {
        ++known->second;
      }
    }
    std::stable_sort(kinds.begin(), kinds.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string words = concat(count(), count() == 1 ? " failure" : " failures in a row");
    std::string separator = ": ";
    for (const auto& [kind, times] : kinds) {
      words += concat(separator, times, " of kind '", kind, "' (the last: ", last(kind), ")");
      separator = "; ";
    }
    return words;
  }

 private:
  struct Failure {
    std::string kind;
    std::string message;
  };

  std::string last(const std::string& kind) const {
    const auto found =
        std::find_if(row_.rbegin(), row_.rend(), [&](const Failure& f) { return f.kind == kind; });
    return found->message.empty() ? "no message" : found->message;
  }

  std::vector<Failure> row_;
};

class Loop {
 public:
  Loop(Campaign& campaign, const Oracle& oracle, const StopRule& stop, const RunOptions& options,
       const Recorder& recorder)
      : campaign_(campaign),
        stop_(stop),
        options_(options),
        recorder_(recorder),
        crew_(oracle, options.workers) {}

  RunEnd go() {
    try {
      return to_the_end();
    } catch (const std::exception& failure) {
      see_off(failure.what());
      throw;
    }
  }

 private:
  RunEnd to_the_end() {
    take_up();
    while (!end_ || (!waiting_.empty() && may_wait())) {
      if (interrupted()) break;
      look_outside();
      submit_ready();
      if (!end_ && options_.arrivals && campaign_.is_streaming()) {
        attend_stream();
        continue;
      }
      const Index places = end_ ? 0 : free_places();
      if (places > 0) ask(places);
      if (busy() > 0) {
        collect();
      } else if (!waiting_.empty()) {
        std::this_thread::sleep_for(patience_time);
      }
    }
    drain();
    if (!interrupted_ || (end_ && campaign_.open().empty())) return *end_;
    return {RunEnd::State::Interrupted, "interrupted"};
  }

  // Running simulations may finish, or be ended, as ever; what can still be recorded is.
  void see_off(const std::string& failure) {
    failed_ = leaving_ = true;
    forget();
    if (crew_.in_flight() > 0 && options_.failing) options_.failing(failure);
    while (crew_.in_flight() > 0) {
      try {
        drain();
      } catch (const std::exception&) {
        continue;  // the first failure is the one that is thrown
      }
    }
  }

  void happen(std::span<const Event> events) {
    if (events.empty()) return;
    for (const Event& event : events) campaign_.check(event);
    if (recorder_) attempt([&] { recorder_(events); });
    for (const Event& event : events) campaign_.apply(event);
  }

  // Until there is room on the disk. Simulations that run meanwhile may end: what has come of them
  // waits in the crew, and where it is kept by the oracle.
  template <class Act>
  void attempt(Act record) {
    for (;;) {
      try {
        return record();
      } catch (const JournalFull& full) {
        if (failed_ || interrupted()) throw;
        if (options_.full) options_.full(full.what());
      }
      std::this_thread::sleep_for(patience_time);
    }
  }

  // What comes from elsewhere, then what may be put to the oracle since.
  void look_outside() {
    const Clock::time_point now = Clock::now();
    if (!options_.outside || failed_ ||
        (now - looked_ < patience_time && looked_ != Clock::time_point{}))
      return;
    attempt(options_.outside);
    looked_ = Clock::now();
    take_up();
  }

  // What was asked since the last look, by whomever.
  void take_up() {
    for (; seen_ < campaign_.asked(); ++seen_) {
      const bool imported = campaign_.queries()[static_cast<std::size_t>(seen_)].why == "imported";
      if (!imported && !campaign_.answer(seen_)) waiting_.push_back(seen_);  // else it is in a file
    }
  }

  void submit_ready() {
    std::vector<Index> still;
    for (const Index id : waiting_) {
      const std::optional<Answer>& answer = campaign_.answer(id);
      const Query& query = campaign_.queries()[static_cast<std::size_t>(id)];
      if (answer) {
        // It costs nothing, so another may be asked in its place.
        if (answer->kind == rejected_kind && may_wait()) end_.reset();
      } else if (!options_.ready || options_.ready(query)) {
        crew_.submit(query);
      } else {
        still.push_back(id);
      }
    }
    waiting_ = std::move(still);
  }

  // Whether what is not ready may still become so before the end.
  bool may_wait() const { return !end_ || end_->state != RunEnd::State::TooManyFailures; }

  // How many queries to ask now. What comes from the design depends on no answer, so all workers
  // may be kept busy; otherwise the pace says whether the answers are waited for.
  Index free_places() const {
    const Index waiting = held();
    const Index idle = std::max<Index>(0, options_.workers - std::max(busy(), waiting));
    const Index left = campaign_.design_left();
    const Index limit = budget_left();
    if (left == std::numeric_limits<Index>::max()) return std::min(limit, idle);
    if (options_.pace == Pace::Streaming) return std::min(limit, idle);
    if (busy() > 0 || waiting > 0) return 0;
    return std::min(limit, left > 0 ? left : batch_size(campaign_, options_.batch).queries);
  }

  // Of a batch whose size is not the study's alone.
  std::string batch_rule() const {
    if (options_.pace == Pace::Streaming || options_.batch.least == options_.batch.most) return "";
    const BatchSize size = batch_size(campaign_, options_.batch);
    if (std::isnan(size.surprise)) return concat(size.queries, ": the first");
    return concat(size.queries, ": the last batch missed by ", size.surprise,
                  " of the variance that was foretold");
  }

  // Those that wait for a review; what is in somebody's hands keeps nobody from going on.
  Index held() const {
    return static_cast<Index>(std::count_if(waiting_.begin(), waiting_.end(),
                                            [&](Index id) { return campaign_.held(id); }));
  }

  // At least one where the budget is used up, so that the stop rule is heard.
  Index budget_left() const {
    if (options_.max_queries <= 0) return std::numeric_limits<Index>::max();
    return std::max<Index>(1, options_.max_queries - campaign_.spent());
  }

  // Queries that will be answered yet: at work, or at rest after a failure that was not theirs.
  Index busy() const { return crew_.in_flight() + static_cast<Index>(resting_.size()); }

  void forget() {
    crew_.forget();
    resting_.clear();
  }

  // The world is given time to mend: each time four times as long.
  void rest(const Query& query) {
    const double seconds = options_.pause_seconds * std::pow(4.0, std::min(rests_[query.id]++, 3));
    resting_.push_back({query.id, Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                     std::chrono::duration<double>(seconds))});
  }

  void wake() {
    const Clock::time_point now = Clock::now();
    const auto due = std::stable_partition(resting_.begin(), resting_.end(),
                                           [now](const Resting& one) { return one.until > now; });
    for (auto one = due; one != resting_.end(); ++one) {
      if (!campaign_.answer(one->id))  // nobody has told it meanwhile
        crew_.submit(campaign_.queries()[static_cast<std::size_t>(one->id)]);
    }
    resting_.erase(due, resting_.end());
  }

  bool is_over() {
    if (std::optional<std::string> reason = stop_ ? stop_(campaign_) : std::nullopt) {
      end_ = RunEnd{RunEnd::State::Stopped, std::move(*reason)};
    } else if (options_.max_queries > 0 && campaign_.spent() >= options_.max_queries) {
      end_ = RunEnd{RunEnd::State::Stopped, concat(campaign_.spent(), " queries asked")};
    }
    return end_.has_value();
  }

  // Of the stream's budget: the more queries wait for a worker, the less.
  double share_of_budget() const {
    const Index queue = std::max<Index>(0, busy_or_waiting() - options_.workers);
    return std::max(0.0, 1.0 - static_cast<double>(queue) / static_cast<double>(queue_limit()));
  }

  Index queue_limit() const {
    const Index given = campaign_.gate()->options().queue;
    return given > 0 ? given : 4 * static_cast<Index>(options_.workers);
  }

  Index busy_or_waiting() const { return busy() + static_cast<Index>(waiting_.size()); }

  // What arrives is decided upon at once; what comes back is taken up in between.
  void attend_stream() {
    const Clock::time_point now = Clock::now();
    const std::pair<Index, Index> state{campaign_.asked(), campaign_.answered()};
    if (state != heard_ || now - heard_at_ > std::chrono::seconds(1)) {
      heard_ = state;
      heard_at_ = now;
      if (is_over()) return;
      // It has none but known points that are due to be asked again.
      if (const Asked asked = campaign_.propose(1); !asked.queries.empty()) {
        happen(std::array<Event, 1>{asked});
        take_up();
        submit_ready();
      }
      if (std::optional<Fitted> fitted = campaign_.due_for_stream())
        happen(std::array<Event, 1>{*std::move(fitted)});
    }
    const bool waits = options_.pace == Pace::Batches && (busy() > 0 || held() > 0);
    if (waits) {
      collect();
      return;
    }
    constexpr double a_moment = 0.02;  // s
    // Where there is no room nothing is asked, but what arrives is passed over still.
    const Index room = std::max<Index>(1, options_.workers + queue_limit() - busy_or_waiting());
    const Index most =
        options_.pace == Pace::Batches ? batch_size(campaign_, options_.batch).queries : room;
    bool more = true;
    attempt([&] {
      more = options_.arrivals(a_moment, share_of_budget(), std::min(most, budget_left()));
    });
    take_up();
    submit_ready();
    if (busy() > 0) collect(0.0);
    if (!more && !end_) end_ = RunEnd{RunEnd::State::Exhausted, "the stream has ended"};
  }

  void ask(Index places) {
    if (is_over()) return;
    const std::string rule = batch_rule();
    Asked asked = campaign_.propose(places);
    if (asked.model > 0) asked.batch = rule;
    if (interrupted()) return;  // while it was searched for: the same is proposed again next time
    if (asked.queries.empty()) {
      end_ =
          RunEnd{RunEnd::State::Exhausted, "every admissible point of the domain has been asked"};
      return;
    }
    happen(std::array<Event, 1>{asked});
    take_up();
    submit_ready();
  }

  // What has been answered, after a wait for the first of it.
  void collect(double longest = patience) {
    wake();
    if (crew_.in_flight() == 0) {
      std::this_thread::sleep_for(
          std::chrono::duration<double>(std::min(longest, options_.pause_seconds)));
      return;
    }
    std::vector<Event> ready;
    std::exception_ptr broken;
    try {
      std::optional<Answered> answered = crew_.wait(longest);
      while (answered) {
        if (answered->answer.kind == disk_full_kind && !answered->answer.transient)
          wait_for_room(*answered);
        if (counts(*answered)) ready.emplace_back(std::move(*answered));
        answered = crew_.in_flight() > 0 ? crew_.wait(0.0) : std::nullopt;
      }
    } catch (...) {
      broken = std::current_exception();  // after what came before it
    }
    happen(ready);
    for (const Event& event : ready) follow(std::get<Answered>(event));
    if (broken) std::rethrow_exception(broken);
  }

  // The oracle could not begin it: it is tried again, as often as it takes.
  void wait_for_room(const Answered& answered) {
    if (answered.answer.status != Answer::Status::Abandoned || leaving_) return;
    if (options_.full) options_.full(answered.answer.message);
    resting_.push_back({answered.id, Clock::now() + std::chrono::seconds(1)});
  }

  bool counts(const Answered& answered) const {
    if (answered.answer.status == Answer::Status::Abandoned) return false;
    // It may have failed because it was given up.
    if (abandoning_ && answered.answer.status != Answer::Status::Ok) return false;
    return !campaign_.answer(answered.id);  // nobody has told it meanwhile
  }

  void follow(const Answered& answered) {
    failures_.see(answered.answer);
    // It cost nothing, so another may be asked in its place.
    if (answered.answer.kind == agreed_kind && may_wait()) end_.reset();
    if (!campaign_.answer(answered.id) && !leaving_)
      rest(campaign_.queries()[static_cast<std::size_t>(answered.id)]);
    if (options_.failures_in_a_row <= 0 || failures_.count() < options_.failures_in_a_row) return;
    end_ = RunEnd{RunEnd::State::TooManyFailures, failures_.in_words()};
    leaving_ = true;
    forget();
  }

  bool interrupted() {
    const Interruption now = options_.interruption ? options_.interruption() : Interruption::None;
    if (now == Interruption::None) return false;
    abandoning_ = abandoning_ || now == Interruption::Abandon;
    interrupted_ = leaving_ = true;
    forget();
    return true;
  }

  // Open queries are answered still, unless they are called off.
  void drain() {
    while (busy() > 0) {
      interrupted();
      look_outside();
      if (busy() > 0) collect();
    }
  }

  Campaign& campaign_;
  const StopRule& stop_;
  const RunOptions& options_;
  const Recorder& recorder_;
  Crew crew_;
  Failures failures_;
  Index seen_ = 0;              // queries below have been taken up
  std::vector<Index> waiting_;  // open, not ready for the oracle when it was last looked at
  struct Resting {
    Index id;
    Clock::time_point until;
  };
  std::vector<Resting> resting_;
  std::map<Index, int> rests_;
  bool interrupted_ = false;
  bool leaving_ = false;  // nothing more is begun
  bool abandoning_ = false;
  bool failed_ = false;
  Clock::time_point looked_{};
  std::pair<Index, Index> heard_{-1, -1};  // asked and answered when the stop rule was heard last
  Clock::time_point heard_at_{};
  std::optional<RunEnd> end_;
};

}  // namespace

RunEnd run(Campaign& campaign, const Oracle& oracle, const StopRule& stop,
           const RunOptions& options, const Recorder& recorder) {
  batch_size(campaign, options.batch);  // throws what is wrong with the rule
  return Loop(campaign, oracle, stop, options, recorder).go();
}

}  // namespace sonde
