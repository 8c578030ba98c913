#include "sonde/run/run.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "sonde/base/error.hpp"
#include "sonde/oracle/disk_full.hpp"
#include "sonde/run/journal.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

struct Record {
  std::vector<Event> events;
  RunEnd end;
};

Record told_run(Campaign& campaign, const Oracle& oracle, const RunOptions& options,
                Index queries) {
  Record told{};
  told.end =
      run(campaign, oracle, after_queries(queries), options, [&](std::span<const Event> events) {
        told.events.insert(told.events.end(), events.begin(), events.end());
      });
  return told;
}

Campaign replayed(const std::vector<Event>& events, std::size_t count) {
  Campaign campaign = toy_campaign();
  for (std::size_t i = 0; i < count; ++i) campaign.apply(events[i]);
  return campaign;
}

TEST_CASE("with batches the queries do not depend on the number of workers", "[run]") {
  Campaign one = toy_campaign();
  Campaign eight = toy_campaign();
  const Record told = told_run(one, toy_oracle(), {.workers = 1, .batch = 4}, 20);
  told_run(eight, toy_oracle(), {.workers = 8, .batch = 4}, 20);
  CHECK(told.end.state == RunEnd::State::Stopped);
  CHECK(told.end.reason == "20 queries asked");
  CHECK(one.asked() == 20);
  CHECK(one.open().empty());
  CHECK(same(one.queries(), eight.queries()));
  CHECK(one.data().y == eight.data().y);
}

TEST_CASE("streaming runs replay to what was recorded", "[run]") {
  Campaign campaign = toy_campaign();
  const Record told = told_run(campaign, toy_oracle(), {.workers = 3, .pace = Pace::Streaming}, 18);
  CHECK(campaign.open().empty());
  for (std::size_t cut = 0; cut < told.events.size(); ++cut) {
    if (!std::holds_alternative<Asked>(told.events[cut])) continue;
    const Asked& recorded = std::get<Asked>(told.events[cut]);
    Campaign again = replayed(told.events, cut);
    CHECK(same(again.propose(static_cast<Index>(recorded.queries.size())), recorded));
  }
}

TEST_CASE("streaming keeps all workers busy", "[run]") {
  // No answer comes before three have been asked at once: with fewer in flight this never ends.
  Latch latch;
  const Oracle oracle({{"lift", "N"}}, [&](VectorView x) {
    latch.pass();
    return toy_value(x);
  });
  Campaign campaign = toy_campaign();
  const RunOptions options{.workers = 3, .pace = Pace::Streaming, .interruption = [&] {
                             if (campaign.asked() == 3) {
                               latch.await(3);
                               latch.open();
                             }
                             return Interruption::None;
                           }};
  run(campaign, oracle, after_queries(9), options);
  CHECK(campaign.data().size() >= 9);
}

TEST_CASE("a campaign that was killed anywhere ends as if it had not been", "[run]") {
  const RunOptions options{.workers = 2, .batch = 3};
  Campaign undisturbed = toy_campaign();
  const Record told = told_run(undisturbed, toy_oracle(), options, 13);
  for (std::size_t cut = 0; cut <= told.events.size(); cut += 3) {
    Campaign resumed = replayed(told.events, cut);
    std::atomic<int> asked_again{0};
    const Oracle counting({{"lift", "N"}}, [&](const Query& query) {
      if (!resumed.answer(query.id)) ++asked_again;
      return ok(toy_value(query.x)[0]);
    });
    const auto open = static_cast<Index>(resumed.open().size());
    const Index before = resumed.asked();
    told_run(resumed, counting, options, 13);
    INFO("killed after " << cut << " events");
    CHECK(same(resumed.queries(), undisturbed.queries()));
    CHECK(resumed.data().y == undisturbed.data().y);
    CHECK(asked_again == open + resumed.asked() - before);  // what was answered is not asked again
  }
}

TEST_CASE("a failing recorder is told at once, and running simulations are attended to the end",
          "[run]") {
  Latch latch;
  const Oracle oracle({{"lift", "N"}}, [&](const Query& query) {
    if (query.id > 0) latch.pass();
    return ok(toy_value(query.x)[0]);
  });
  Campaign campaign = toy_campaign();
  std::string told;
  const RunOptions options{.workers = 2,
                           .interruption =
                               [&] {
                                 // Without anybody who asks, the second one would run for ever.
                                 if (!told.empty()) latch.open();
                                 return Interruption::None;
                               },
                           .failing = [&](const std::string& failure) { told = failure; }};
  Index answers = 0;
  const Recorder recorder = [&](std::span<const Event> events) {
    for (const Event& event : events) {
      if (!std::holds_alternative<Answered>(event)) continue;
      if (++answers == 1) throw StoreError("the disk is full");
    }
  };
  CHECK_THROWS_AS(run(campaign, oracle, after_queries(9), options, recorder), StoreError);
  CHECK(told == "the disk is full");
  CHECK(answers >= 2);  // there was room again for those that were running
  CHECK(campaign.data().size() == answers - 1);
}

TEST_CASE("the answers of imported runs are not computed", "[run]") {
  // As after a kill between the question and its answer.
  Campaign campaign = toy_campaign();
  campaign.apply(Asked{{{.id = 0, .x = Vector{{0.5, 0.5}}, .why = "imported"}}});
  const Oracle oracle({{"lift", "N"}}, [](const Query& query) {
    CHECK(query.id > 0);
    return ok(toy_value(query.x)[0]);
  });
  run(campaign, oracle, after_queries(4), {});
  CHECK(campaign.open().size() == 1);
}

TEST_CASE("a budget is kept to the query", "[run]") {
  for (const Pace pace : {Pace::Batches, Pace::Streaming}) {
    Campaign campaign = toy_campaign();
    const RunEnd end = run(campaign, toy_oracle(), {},
                           {.workers = 3, .batch = 4, .max_queries = 10, .pace = pace});
    CHECK(campaign.asked() == 10);
    CHECK(end.state == RunEnd::State::Stopped);
    CHECK(end.reason == "10 queries asked");
  }
  Campaign small = toy_campaign();
  run(small, toy_oracle(), {}, {.max_queries = 2});  // less than the initial design
  CHECK(small.asked() == 2);
}

TEST_CASE("earlier runs are no part of the budget", "[run]") {
  Campaign campaign = toy_campaign();
  Asked earlier;
  for (Index id = 0; id < 5; ++id) {
    earlier.queries.push_back(
        {.id = id, .x = Vector{{0.5 * static_cast<double>(id), 10.0}}, .why = "imported"});
  }
  campaign.apply(earlier);
  for (Index id = 0; id < 5; ++id) answer_truly(campaign, id);
  run(campaign, toy_oracle(), after_queries(4), {.batch = 3, .max_queries = 4});
  CHECK(campaign.asked() == 9);
  CHECK(campaign.queries()[5].why == "integrated variance");
}

TEST_CASE("a corner that crashes does not trap the campaign", "[run]") {
  // The criterion that loves corners, and a simulator that fails in one of them.
  Campaign campaign(toy_domain(), {{"lift", "N"}}, criteria::variance(), toy_options(), 1);
  const Oracle oracle({{"lift", "N"}}, [](VectorView x) -> Vector {
    if (x[0] > 2.8 && x[1] > 30.0) throw std::runtime_error("mesh is too thin");
    return toy_value(x);
  });
  const RunEnd end = run(campaign, oracle, after_queries(30), {.failures_in_a_row = 5});
  CHECK(end.state == RunEnd::State::Stopped);
  // The failing region holds a tenth of the unit square. A trapped campaign fails in all that
  // follows the design.
  CHECK(campaign.failed().size() >= 1);
  CHECK(campaign.failed().size() <= 10);
  CHECK(campaign.answer(campaign.failed()[0].id)->kind == "exception");
}

TEST_CASE("answers that are not finite are failures, and too many stop the run", "[run]") {
  Campaign campaign = toy_campaign();
  const Oracle oracle({{"lift", "N"}}, [](const Query& query) {
    return query.id % 3 == 0 ? ok(std::nan("")) : failed("exit status", "status 7");
  });
  const RunEnd end = run(campaign, oracle, after_queries(60), {.failures_in_a_row = 6});
  CHECK(end.state == RunEnd::State::TooManyFailures);
  CHECK(contains(end.reason,
                 "6 failures in a row: 4 of kind 'exit status' (the last: status 7); "
                 "2 of kind 'not finite' (the last: lift is nan)"));
  CHECK(campaign.asked() == 6);
}

TEST_CASE("a success forgives the failures before it", "[run]") {
  Campaign campaign = toy_campaign();
  const Oracle oracle({{"lift", "N"}}, [](const Query& query) {
    return query.id % 3 == 2 ? ok(toy_value(query.x)[0]) : failed();
  });
  const RunEnd end = run(campaign, oracle, after_queries(15), {.failures_in_a_row = 3});
  CHECK(end.state == RunEnd::State::Stopped);
  CHECK(campaign.failed().size() == 10);
}

TEST_CASE("an exception of the recorder ends the run before the events take effect", "[run]") {
  Campaign campaign = toy_campaign();
  std::size_t recorded = 0;
  CHECK_THROWS_AS(run(campaign, toy_oracle(), after_queries(20), {},
                      [&](std::span<const Event> events) {
                        if (recorded + events.size() >= 8) throw StoreError("the disk is broken");
                        recorded += events.size();
                      }),
                  StoreError);
  // Asked once for the 4 of the design, then once a query.
  CHECK(campaign.answered() + 1 + (campaign.asked() - 4) == static_cast<Index>(recorded));
}

TEST_CASE("a run waits for room on the disk, begins nothing meanwhile, and goes on", "[run]") {
  Campaign campaign = toy_campaign();
  int full = 0;
  Index asked_when_full = 0;
  const RunOptions options{.workers = 2, .full = [&](const std::string& words) {
                             CHECK(words == "no room");
                             if (full++ == 0) asked_when_full = campaign.asked();
                             CHECK(campaign.asked() == asked_when_full);
                           }};
  Index recorded = 0;
  run(campaign, toy_oracle(), after_queries(9), options, [&](std::span<const Event> events) {
    if (recorded >= 6 && full < 3) throw JournalFull("no room");
    recorded += static_cast<Index>(events.size());
  });
  CHECK(full == 3);
  CHECK(campaign.answered() == 9);
}

TEST_CASE("a query that had no room to be begun is asked again", "[run]") {
  Campaign campaign = toy_campaign();
  int refused = 0, told = 0;
  const Oracle oracle({{"lift", "N"}}, [&](const Query& query) {
    if (query.id == 2 && refused++ < 2) throw DiskFull("no room");
    return ok(toy_value(query.x)[0]);
  });
  run(campaign, oracle, after_queries(5), {.full = [&](const std::string&) { ++told; }});
  CHECK(told == 2);
  CHECK(campaign.data().size() == 5);
}

TEST_CASE("an interruption ends the wait for room, and what is running is attended to", "[run]") {
  Campaign campaign = toy_campaign();
  bool waits = false;
  const RunOptions options{
      .interruption = [&] { return waits ? Interruption::Drain : Interruption::None; },
      .full = [&](const std::string&) { waits = true; }};
  CHECK_THROWS_AS(run(campaign, toy_oracle(), after_queries(9), options,
                      [&](std::span<const Event> events) {
                        if (std::holds_alternative<Answered>(events.front()))
                          throw JournalFull("no room");
                      }),
                  JournalFull);
  CHECK(campaign.answered() == 0);
  CHECK(campaign.open().size() == 4);
}

TEST_CASE("an oracle that cannot be started ends the run", "[run]") {
  Campaign campaign = toy_campaign();
  const Oracle oracle({{"lift", "N"}},
                      [](VectorView) -> Vector { throw OracleError("solver: no such program"); });
  CHECK_THROWS_AS(run(campaign, oracle, after_queries(20), {.workers = 2}), OracleError);
  CHECK(campaign.answered() == 0);
}

// The first two of the design are running, two wait, when the interruption comes.
struct Interrupted {
  Campaign campaign = toy_campaign();
  Latch latch;
  RunEnd end{};

  void run_until(Interruption kind, Answer::Status status) {
    const Oracle oracle({{"lift", "N"}}, [this, status](const Query& query) {
      latch.pass();
      Answer answer = ok(toy_value(query.x)[0]);
      answer.status = status;
      return answer;
    });
    int looks = 0;
    const auto interruption = [&] {
      if (campaign.asked() == 0) return Interruption::None;
      latch.await(2);
      if (++looks > 1) latch.open();  // by now nothing more is launched
      return kind;
    };
    end = run(campaign, oracle, after_queries(20), {.workers = 2, .interruption = interruption});
  }
};

TEST_CASE("drained, a run answers what is running and launches nothing more", "[run]") {
  Interrupted it;
  it.run_until(Interruption::Drain, Answer::Status::Ok);
  CHECK(it.end.state == RunEnd::State::Interrupted);
  CHECK(it.campaign.asked() == 4);
  CHECK(it.campaign.answered() == 2);
  CHECK(it.campaign.open().size() == 2);
  // And it goes on as if nothing had happened.
  Campaign undisturbed = toy_campaign();
  run(undisturbed, toy_oracle(), after_queries(8), {});
  run(it.campaign, toy_oracle(), after_queries(8), {.workers = 2});
  CHECK(same(it.campaign.queries(), undisturbed.queries()));
}

TEST_CASE("an interruption while a query is searched for launches nothing", "[run]") {
  Campaign campaign = toy_campaign();
  int looks = 0;  // the first before the search, the second after it
  const RunEnd end = run(campaign, toy_oracle(), after_queries(20), {.interruption = [&] {
                           return ++looks == 1 ? Interruption::None : Interruption::Drain;
                         }});
  CHECK(end.state == RunEnd::State::Interrupted);
  CHECK(campaign.asked() == 0);
}

TEST_CASE("abandoned, what was running stays open", "[run]") {
  for (const Answer::Status status : {Answer::Status::Abandoned, Answer::Status::Failed}) {
    Interrupted it;
    it.run_until(Interruption::Abandon, status);
    CHECK(it.end.state == RunEnd::State::Interrupted);
    CHECK(it.campaign.answered() == 0);
    CHECK(it.campaign.open().size() == 4);
  }
  Interrupted finished;  // what ended well all the same is not lost
  finished.run_until(Interruption::Abandon, Answer::Status::Ok);
  CHECK(finished.campaign.answered() == 2);
}

TEST_CASE("an exhausted domain ends the run", "[run]") {
  for (const Pace pace : {Pace::Batches, Pace::Streaming}) {
    Campaign campaign(Domain({Parameter::integer("n", 1, 6)}), {{"y", "1"}}, criteria::variance(),
                      toy_options(), 1);
    const Oracle oracle({{"y", "1"}}, [](VectorView x) { return Vector::Constant(1, x[0]); });
    const RunEnd end =
        run(campaign, oracle, after_queries(50), {.workers = 2, .batch = 2, .pace = pace});
    CHECK(end.state == RunEnd::State::Exhausted);
    CHECK(campaign.data().size() == 6);
  }
}

TEST_CASE("options that make no sense are refused", "[run]") {
  Campaign campaign = toy_campaign();
  CHECK(contains(message_of<ArgumentError>(
                     [&] { run(campaign, toy_oracle(), after_queries(1), {.batch = 0}); }),
                 "batches of at least one query"));
}

// Fails by no fault of the point the first `times` times that each query is asked.
Oracle flickering_oracle(int times) {
  const auto asked = std::make_shared<std::map<Index, int>>();
  const auto mutex = std::make_shared<std::mutex>();
  return Oracle({{"lift", "N"}}, [asked, mutex, times](const Query& query) {
    const std::lock_guard lock(*mutex);
    if ((*asked)[query.id]++ >= times) return ok(toy_value(query.x)[0]);
    Answer answer = failed("could not start", "no licence");
    answer.transient = true;
    answer.attempts = query.attempts + 1;
    return answer;
  });
}

TEST_CASE("queries that failed by no fault of theirs are asked again, at no cost", "[run]") {
  Campaign campaign = toy_campaign();
  const Record told = told_run(campaign, flickering_oracle(2),
                               {.workers = 2, .batch = 2, .pause_seconds = 1e-3}, 6);
  CHECK(told.end.state == RunEnd::State::Stopped);
  CHECK(campaign.data().size() == 6);
  CHECK(campaign.spent() == 6);
  CHECK(std::count_if(told.events.begin(), told.events.end(), [](const Event& event) {
          return std::holds_alternative<Answered>(event);
        }) == 3 * 6);
}

TEST_CASE("a world that stays broken ends the run, and what it broke stays open", "[run]") {
  Campaign campaign = toy_campaign();
  const Record told =
      told_run(campaign, flickering_oracle(1000),
               {.workers = 2, .batch = 2, .failures_in_a_row = 5, .pause_seconds = 1e-3}, 6);
  CHECK(told.end.state == RunEnd::State::TooManyFailures);
  CHECK(contains(told.end.reason, "'could not start' (the last: no licence)"));
  CHECK(campaign.data().size() == 0);
  CHECK(static_cast<Index>(campaign.open().size()) == campaign.asked());
}

}  // namespace
}  // namespace sonde
