#include "sonde/run/gold.hpp"

#include "support/catch.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

CampaignOptions with_gold(Index every) {
  CampaignOptions options = toy_options();
  options.gold_every = every;
  return options;
}

// Answers truly, but for `off` added from query `from` on.
void grow_shifted(Campaign& campaign, Index total, Index from, double off) {
  while (campaign.asked() < total) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    const Query& query = asked.queries[0];
    campaign.apply(Answered{query.id, ok(toy_value(query.x)[0] + (query.id >= from ? off : 0.0))});
  }
}

TEST_CASE("a known point is asked again after every so many others", "[gold]") {
  Campaign campaign = toy_campaign(1, with_gold(5));
  grow(campaign, 18);
  std::vector<Index> gold;
  for (const Query& query : campaign.queries())
    if (query.why == "gold") gold.push_back(query.id);
  CHECK(gold == std::vector<Index>{5, 11, 17});
  for (const Index id : gold)
    CHECK(campaign.queries()[static_cast<std::size_t>(id)].x == campaign.queries()[0].x);
  CHECK(campaign.data().size() == 15);
  CHECK(gold_differences(campaign).empty());
}

TEST_CASE("other queries are the same as without gold runs", "[gold]") {
  // Streams are named by the number of the query: of the design, which is drawn as a whole, alone.
  Campaign plain = toy_campaign();
  Campaign gold = toy_campaign(1, with_gold(2));
  grow(plain, 4);
  grow(gold, 5);
  CHECK(plain.data().x == gold.data().x);
}

TEST_CASE("a simulator that has changed is told, once, with what was before", "[gold]") {
  Campaign campaign = toy_campaign(1, with_gold(5));
  grow_shifted(campaign, 18, /*from=*/11, /*off=*/0.5);
  const std::vector<GoldDifference> told = gold_differences(campaign);
  REQUIRE(told.size() == 1);
  CHECK(told[0].id == 11);
  CHECK(told[0].output == 0);
  CHECK(told[0].now - told[0].before == Approx(0.5));
}

TEST_CASE("noise alone is no change", "[gold]") {
  // Ten repeats in each of 20 campaigns, compared seven times each at a false alarm in a thousand
  // a time: 0.14 expected, more than two once in 2,000.
  std::size_t alarms = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CampaignOptions options = with_gold(2);
    options.design = "uniform";
    options.design_only = true;
    Campaign campaign = toy_campaign(seed, options);
    Rng rng(seed);
    while (campaign.asked() < 30) {
      const Asked asked = campaign.propose(1);
      campaign.apply(asked);
      const Query& query = asked.queries[0];
      campaign.apply(Answered{query.id, ok(toy_value(query.x)[0] + 0.1 * rng.normal())});
    }
    alarms += gold_differences(campaign).size();
  }
  CHECK(alarms <= 2);
}

TEST_CASE("a change beyond the noise is told once the noise is known", "[gold]") {
  CampaignOptions options = with_gold(2);
  options.design = "uniform";
  options.design_only = true;
  Campaign campaign = toy_campaign(1, options);
  Rng rng(3);
  while (campaign.asked() < 40) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    const Query& query = asked.queries[0];
    const double off = query.id >= 30 ? 3.0 : 0.0;
    campaign.apply(Answered{query.id, ok(toy_value(query.x)[0] + off + 0.1 * rng.normal())});
  }
  const std::vector<GoldDifference> told = gold_differences(campaign);
  REQUIRE(told.size() == 1);
  CHECK(told[0].id >= 30);
  CHECK(told[0].id <= 32);
}

TEST_CASE("a known point that fails now is a difference", "[gold]") {
  Campaign campaign = toy_campaign(1, with_gold(5));
  grow(campaign, 5);
  const Asked asked = campaign.propose(1);
  REQUIRE(asked.queries[0].why == "gold");
  campaign.apply(asked);
  campaign.apply(Answered{5, failed()});
  const std::vector<GoldDifference> told = gold_differences(campaign);
  REQUIRE(told.size() == 1);
  CHECK(std::isnan(told[0].now));
}

}  // namespace
}  // namespace sonde
