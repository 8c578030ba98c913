#include "sonde/oracle/crew.hpp"

#include <atomic>
#include <latch>
#include <limits>
#include <set>

#include "sonde/base/error.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

constexpr double for_ever = std::numeric_limits<double>::infinity();

Query query(Index id) {
  return Query{.id = id, .x = Vector::Constant(1, static_cast<double>(id)), .why = "design"};
}

Oracle doubling() {
  return Oracle({{"y", "1"}}, [](VectorView x) -> Vector { return 2.0 * x; });
}

TEST_CASE("every query comes back once, with its answer", "[crew]") {
  Crew crew(doubling(), 4);
  for (Index id = 0; id < 100; ++id) crew.submit(query(id));
  CHECK(crew.in_flight() == 100);
  std::set<Index> seen;
  while (crew.in_flight() > 0) {
    const std::optional<Answered> answered = crew.wait(for_ever);
    REQUIRE(answered);
    CHECK(answered->answer.y[0] == 2.0 * static_cast<double>(answered->id));
    seen.insert(answered->id);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("as many queries are asked at once as there are workers", "[crew]") {
  std::latch all_here(3);
  const Oracle oracle({{"y", "1"}}, [&](VectorView x) -> Vector {
    all_here.arrive_and_wait();  // returns only if three are inside together
    return x;
  });
  Crew crew(oracle, 3);
  for (Index id = 0; id < 3; ++id) crew.submit(query(id));
  for (int i = 0; i < 3; ++i) CHECK(crew.wait(for_ever));
  CHECK(crew.in_flight() == 0);
}

TEST_CASE("waiting gives up when its time has passed", "[crew]") {
  std::latch release(1);
  const Oracle oracle({{"y", "1"}}, [&](VectorView x) -> Vector {
    release.wait();
    return x;
  });
  Crew crew(oracle, 1);
  crew.submit(query(0));
  CHECK_FALSE(crew.wait(0.0));
  CHECK(crew.in_flight() == 1);
  release.count_down();
  CHECK(crew.wait(for_ever)->id == 0);
}

TEST_CASE("what no worker has begun can be forgotten", "[crew]") {
  std::latch inside(1);
  std::latch release(1);
  std::atomic<int> asked{0};
  const Oracle oracle({{"y", "1"}}, [&](VectorView x) -> Vector {
    ++asked;
    inside.count_down();
    release.wait();
    return x;
  });
  Crew crew(oracle, 1);
  crew.submit(query(0));
  inside.wait();
  crew.submit(query(1));
  crew.submit(query(2));
  crew.forget();
  CHECK(crew.in_flight() == 1);
  release.count_down();
  CHECK(crew.wait(for_ever)->id == 0);
  CHECK(asked == 1);
}

TEST_CASE("a crew that goes away waits for what has begun and forgets the rest", "[crew]") {
  std::latch inside(1);
  std::atomic<int> ended{0};
  const Oracle oracle({{"y", "1"}}, [&](const Query& asked) {
    if (asked.id == 0) inside.count_down();
    ++ended;
    return Answer{.status = Answer::Status::Ok, .y = asked.x};
  });
  {
    Crew crew(oracle, 1);
    crew.submit(query(0));
    inside.wait();
  }
  CHECK(ended == 1);
}

TEST_CASE("an OracleError comes out of wait, and the crew goes on", "[crew]") {
  const Oracle oracle({{"y", "1"}}, [](const Query& asked) -> Answer {
    if (asked.id == 0) throw OracleError("the program is gone");
    return Answer{.status = Answer::Status::Ok, .y = asked.x};
  });
  Crew crew(oracle, 1);
  crew.submit(query(0));
  CHECK_THROWS_AS(crew.wait(for_ever), OracleError);
  CHECK(crew.in_flight() == 0);
  crew.submit(query(1));
  CHECK(crew.wait(for_ever)->id == 1);
}

TEST_CASE("a crew refuses to be empty, and to wait for nothing", "[crew]") {
  CHECK_THROWS_AS(Crew(doubling(), 0), ArgumentError);
  Crew crew(doubling(), 1);
  CHECK_THROWS_AS(crew.wait(0.0), ArgumentError);
}

TEST_CASE("a crew without workers is refused", "[crew]") {
  CHECK(testing_support::contains(
      testing_support::message_of<ArgumentError>([] { Crew(doubling(), 0); }),
      "Crew: expected at least one worker, got 0"));
}

}  // namespace
}  // namespace sonde
