#include "sonde/run/stop.hpp"

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

TEST_CASE("a number of queries stops a campaign when it is reached", "[stop]") {
  Campaign campaign = toy_campaign();
  const StopRule rule = after_queries(3);
  CHECK_FALSE(rule(campaign));
  campaign.apply(campaign.propose(3));
  CHECK(rule(campaign) == "3 queries asked");
}

TEST_CASE("time is counted from the first time the rule is asked", "[stop]") {
  Campaign campaign = toy_campaign();
  CHECK(after_seconds(0.0)(campaign));
  const StopRule rule = after_seconds(1e9);
  CHECK_FALSE(rule(campaign));
  CHECK_FALSE(rule(campaign));
}

TEST_CASE("an estimated error below the target stops a campaign", "[stop]") {
  Campaign campaign = toy_campaign();
  CHECK_FALSE(below_error(1e9)(campaign));  // nothing known yet
  grow(campaign, 10);
  const double error = campaign.estimated_error();
  REQUIRE(error > 0.0);
  CHECK_FALSE(below_error(0.99 * error)(campaign));
  CHECK(contains(*below_error(1.01 * error)(campaign), "estimated error"));
}

TEST_CASE("a plateau is an error that no longer falls", "[stop]") {
  // Built from its answer: smooth first, then noise a hundred times as high, which the later
  // answers cannot foretell. The error, a share of a spread that is all noise, has risen.
  CampaignOptions options = toy_options();
  options.model.stack = {{}};
  Campaign noise = toy_campaign(1, options);
  grow(noise, 8);
  Rng rng(1);
  while (noise.asked() < 16) {
    const Asked asked = noise.propose(1);
    noise.apply(asked);
    noise.apply(Answered{asked.queries[0].id, ok(100.0 * rng.normal())});
  }
  REQUIRE(plateau(8)(noise));
  CHECK(contains(*plateau(8)(noise), "before the last 8 answers"));

  Campaign smooth = toy_campaign();
  CHECK_FALSE(plateau(4)(smooth));
  grow(smooth, 14);
  REQUIRE(smooth.estimated_error() < 0.9 * smooth.estimated_error_at(6));
  CHECK_FALSE(plateau(8)(smooth));
  CHECK(contains(*plateau(8, 0.9999)(smooth), "before the last 8 answers"));
  CHECK_THROWS_AS(plateau(0), ArgumentError);
}

TEST_CASE("of several rules the first that speaks is heard", "[stop]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(3));
  const StopRule rule = any_of({after_queries(9), after_queries(2), after_queries(1)});
  CHECK(rule(campaign) == "3 queries asked");
  CHECK_FALSE(any_of({})(campaign));
  CHECK_FALSE(any_of({after_queries(9)})(campaign));
}

}  // namespace
}  // namespace sonde
