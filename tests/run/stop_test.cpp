#include "sonde/run/stop.hpp"

#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/run/forecast.hpp"
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

TEST_CASE("of several rules that must all speak each says why", "[stop]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(3));
  CHECK(all_of({after_queries(3), after_queries(2)})(campaign) ==
        "3 queries asked, and 3 queries asked");
  CHECK_FALSE(all_of({after_queries(3), after_queries(4)})(campaign));
}

TEST_CASE("tolerances are met when every output that has one is estimated as well", "[stop]") {
  Campaign campaign = toy_campaign();
  CHECK_FALSE(within_tolerances(Vector{{1e9}})(campaign));  // nothing known yet
  grow(campaign, 10);
  const double rmse = leave_one_out_scores(campaign.surrogate()[0]).rmse;
  CHECK_FALSE(within_tolerances(Vector{{0.99 * rmse}})(campaign));
  CHECK(contains(*within_tolerances(Vector{{1.01 * rmse}})(campaign), "lift"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   within_tolerances(Vector{{1.0, 2.0}})(campaign);
                 }),
                 "expected tolerances of 1 outputs, got 2"));
}

TEST_CASE("on runs held out the upper end of the interval must be within", "[stop]") {
  CampaignOptions options = toy_options();
  options.validation_share = 0.5;
  Campaign campaign = toy_campaign(3, options);
  CHECK_FALSE(below_error_held_out(1e9)(campaign));
  grow(campaign, 20);
  const Dataset held = campaign.validation();
  REQUIRE(held.size() > 4);
  const Response& response = campaign.surrogate()[0];
  const double upper = held_out_error(response, held.x, held.y.col(0)).upper;
  CHECK_FALSE(within_tolerances_held_out(Vector{{0.99 * upper}})(campaign));
  CHECK(contains(*within_tolerances_held_out(Vector{{1.01 * upper}})(campaign), "95 % intervals"));
  const double relative = upper / response.spread();
  CHECK_FALSE(below_error_held_out(0.99 * relative)(campaign));
  CHECK(below_error_held_out(1.01 * relative)(campaign));
}

Answer lasting(double y, double seconds) {
  Answer answer = ok(y);
  answer.seconds = seconds;
  return answer;
}

TEST_CASE("what was spent is runs and their hours, of open ones as many as of the others",
          "[stop]") {
  Campaign campaign = toy_campaign();
  const Cost cost{.per_run = 2.0, .per_hour = 10.0, .unit = "EUR"};
  CHECK(spent(campaign, cost) == 0.0);
  CHECK(expected_cost(campaign, cost) == 2.0);
  campaign.apply(campaign.propose(3));
  campaign.apply(Answered{0, lasting(1.0, 3600.0)});
  campaign.apply(Answered{1, lasting(1.0, 1800.0)});
  CHECK(expected_cost(campaign, cost) == Approx(2.0 + 7.5));
  CHECK(spent(campaign, cost) == Approx(12.0 + 7.0 + 9.5));
  CHECK_FALSE(after_cost(cost, 28.6)(campaign));
  CHECK(contains(*after_cost(cost, 28.4)(campaign), "28.5 EUR, the budget is 28.4"));
  CHECK_THROWS_AS(after_cost({}, 1.0), ArgumentError);
  CHECK(expected_seconds(campaign) == Approx(2700.0));
  // Earlier runs cost nothing any more, nor do they take any time.
  campaign.apply(Asked{{{.id = 3, .x = Vector{{0.5, 2.0}}, .why = "imported"}}});
  campaign.apply(Answered{3, ok(1.0)});
  CHECK(spent(campaign, cost) == Approx(28.5));
  CHECK(expected_seconds(campaign) == Approx(2700.0));
}

TEST_CASE("a run that costs more than the error it takes away is worth is the last", "[stop]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 14);
  const std::vector<ErrorAt> curve = campaign.error_curve();
  REQUIRE(curve.size() >= 2);
  const ErrorTrend trend(curve, 2);
  const double fall = trend.error_at(14) - trend.error_at(15);
  REQUIRE(fall > 0.0);
  CHECK_FALSE(costs_more_than_it_brings({.per_run = 0.9 * fall, .of_error = 1.0})(campaign));
  CHECK(contains(*costs_more_than_it_brings({.per_run = 1.1 * fall, .of_error = 1.0})(campaign),
                 "the next run costs"));
  CHECK_THROWS_AS(costs_more_than_it_brings({.per_run = 1.0}), ArgumentError);
}

Asked worth(Index id, const std::string& why, double value) {
  return Asked{{{.id = id,
                 .x = Vector{{0.01 * static_cast<double>(id + 1), 2.0}},
                 .why = why,
                 .worth = value}}};
}

TEST_CASE("when nothing is worth asking any more it is the floor of each criterion", "[stop]") {
  Campaign campaign = toy_campaign();
  Index id = 0;
  for (const double value : {8.0, 16.0, 1.0, 0.1}) campaign.apply(worth(id++, "one", value));
  CHECK_FALSE(below_worth(0.1)(campaign));
  campaign.apply(worth(id++, "one", 0.2));
  CHECK(contains(*below_worth(0.1)(campaign), "0.0625"));
  CHECK_FALSE(below_worth(0.05)(campaign));
  // Another criterion, in another unit, that has found something still.
  for (const double value : {100.0, 90.0, 80.0, 70.0}) campaign.apply(worth(id++, "two", value));
  CHECK_FALSE(below_worth(0.1)(campaign));
  CHECK_THROWS_AS(below_worth(1.0), ArgumentError);
}

TEST_CASE("a criterion that is asked no more holds no campaign up", "[stop]") {
  Campaign campaign = toy_campaign();
  Index id = 0;
  for (const double value : {5.0, 4.0}) campaign.apply(worth(id++, "fallback", value));
  for (const double value : {8.0, 7.0, 0.1, 0.2, 0.1}) campaign.apply(worth(id++, "one", value));
  CHECK_FALSE(below_worth(0.1)(campaign));  // one of the last six was the fallback's
  campaign.apply(worth(id++, "one", 0.1));
  CHECK(below_worth(0.1)(campaign));
}

TEST_CASE("where nothing is left to learn no run brings what it costs", "[stop]") {
  Campaign campaign = toy_campaign();
  while (campaign.asked() < 12) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    campaign.apply(Answered{asked.queries.front().id, ok(3.0)});
  }
  CHECK(costs_more_than_it_brings({.per_run = 1e-6, .of_error = 1.0})(campaign));
}

TEST_CASE("two runs held out bear no promise", "[stop]") {
  CampaignOptions options = toy_options();
  options.validation_share = 0.2;
  Campaign campaign = toy_campaign(2, options);
  grow(campaign, 9);
  REQUIRE(campaign.validation().size() < 5);
  CHECK_FALSE(below_error_held_out(1e9)(campaign));
  CHECK_FALSE(within_tolerances_held_out(Vector{{1e9}})(campaign));
}

TEST_CASE("of worths that are logarithms differences count", "[stop]") {
  Campaign campaign = toy_campaign();
  Index id = 0;
  for (const double value : {-1.0, -3.0, -5.0, -4.0})
    campaign.apply(worth(id++, "expected improvement", value));
  CHECK(below_worth(0.14)(campaign));  // exp(-2) = 0.135
  CHECK_FALSE(below_worth(0.13)(campaign));
}

}  // namespace
}  // namespace sonde
