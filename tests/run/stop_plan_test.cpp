#include "sonde/run/stop_plan.hpp"

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

// Rules of which each says nothing, or its number: a cost of 1 a run, that of no time at all.
StopPlan plan(Index runs, double cost, double seconds, const std::string& when) {
  StopPlan its;
  its.runs = runs;
  its.cost = cost;
  its.wall_seconds = seconds;
  its.when = when;
  return its;
}

StopContext context() {
  return {.cost = {.per_run = 1.0}, .dim = 2};
}

bool stops(const std::string& when, bool runs, bool cost, bool wall) {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(3));
  const StopPlan its = plan(runs ? 3 : 9, cost ? 3.0 : 9.0, wall ? 1e-9 : 1e9, when);
  const StopRule rule = stop_rule(its, {.cost = {.per_run = 1.0}, .seconds_before = 1.0, .dim = 2});
  return rule(campaign).has_value();
}

TEST_CASE("a formula of stop rules says what its truth table says", "[stop]") {
  for (int bits = 0; bits < 8; ++bits) {
    const bool a = bits & 1, b = bits & 2, c = bits & 4;
    CHECK(stops("", a, b, c) == (a || b || c));
    CHECK(stops("runs or cost and wall", a, b, c) == (a || (b && c)));
    CHECK(stops("(runs or cost) and wall", a, b, c) == ((a || b) && c));
    CHECK(stops("runs and (cost or (wall))", a, b, c) == (a && (b || c)));
    CHECK(stops("runs and cost and wall", a, b, c) == (a && b && c));
  }
}

TEST_CASE("an error in segments is a rule of a formula", "[stop]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 14);
  StopPlan its;
  its.runs = 14;
  its.error_in = {{"everywhere", 1e3}};
  its.when = "runs and error_in";
  StopContext with = context();
  with.segments = {
      {"everywhere", Expression("width >= 0", Symbols{{"width", "load"}, {}, {}, {}})}};
  CHECK(contains(*stop_rule(its, with)(campaign), "where 'everywhere'"));
  its.error_in.front().second = 1e-12;
  CHECK_FALSE(stop_rule(its, with)(campaign));
  with.segments.clear();
  CHECK_THROWS_AS(stop_rule(its, with), ArgumentError);
}

TEST_CASE("without rules a campaign has ten runs a parameter", "[stop]") {
  Campaign campaign = toy_campaign();
  CHECK(queries_at_most({}, 2) == 20);
  CHECK_FALSE(stop_rule({}, context())(campaign));
}

TEST_CASE("a number of runs is a bound where it stops a campaign by itself", "[stop]") {
  CHECK(queries_at_most(plan(7, 1.0, 1.0, ""), 2) == 7);
  CHECK(queries_at_most(plan(7, 1.0, 1.0, "runs or (cost and wall)"), 2) == 7);
  CHECK(queries_at_most(plan(7, 1.0, 1.0, "(runs and cost) or wall"), 2) == 0);
  StopPlan error;
  error.error = 0.1;
  CHECK(queries_at_most(error, 2) == 0);
}

TEST_CASE("what is wrong with a formula is said", "[stop]") {
  const auto refusal = [](const std::string& when) {
    return message_of<ArgumentError>([&] { stop_rule(plan(7, 1.0, 1.0, when), context()); });
  };
  CHECK(contains(refusal("runs or error or cost or wall"),
                 "expected one of 'runs', 'wall', 'cost', the keys that are given; got 'error'"));
  StopPlan alone;
  alone.when = "error";
  CHECK(contains(message_of<ArgumentError>([&] { stop_rule(alone, context()); }),
                 "no other key is given that 'error' could name"));
  CHECK(contains(refusal("runs or cost"), "'wall' is given and not named in 'runs or cost'"));
  CHECK(
      contains(refusal("runs cost"), "expected 'and', 'or' or the end of 'runs cost', got 'cost'"));
  CHECK(contains(refusal("(runs or cost"), "expected ')' in '(runs or cost' at its end"));
  CHECK(contains(refusal("runs and"), "expected the name of a key at the end of 'runs and'"));
  CHECK(contains(refusal("runs and or cost"), "got 'or'"));
  CHECK(contains(refusal(")"), "got ')'"));
  std::string deep(100000, '(');
  deep.append("runs");
  CHECK(contains(refusal(deep), "at most 32 parentheses"));
}

}  // namespace
}  // namespace sonde
