#include "sonde/run/watch.hpp"

#include <cmath>

#include "sonde/run/replay.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

Query chosen(Index id, double at, double deviation, double worth) {
  return {.id = id,
          .x = Vector{{at, 2.0}},
          .why = "w",
          .worth = worth,
          .mean = Vector{{0.0}},
          .deviation = Vector{{deviation}}};
}

// Queries of a surrogate, each so many deviations off, at places from 0 on.
void ask(Campaign& campaign, Index count, double off, double step = 0.05, double worth = 1.0) {
  for (Index k = 0; k < count; ++k) {
    const Index id = campaign.asked();
    campaign.apply(Asked{{chosen(id, step * static_cast<double>(id), 2.0, worth)}});
    campaign.apply(Answered{id, ok(2.0 * off * (id % 2 == 0 ? 1.0 : -1.0))});
  }
}

bool names(const std::vector<Finding>& findings, const std::string& kind) {
  for (const Finding& finding : findings)
    if (finding.kind == kind) return true;
  return false;
}

TEST_CASE("surprise is the mean square of what was missed, in deviations foretold", "[watch]") {
  Campaign campaign = toy_campaign();
  ask(campaign, 11, 3.0);
  CHECK(std::isnan(campaign.surprise(Watch::window)));
  ask(campaign, 1, 3.0);
  CHECK(campaign.surprise(Watch::window) == Approx(9.0));
  ask(campaign, 6, 1.0);
  CHECK(campaign.surprise(Watch::window) == Approx(5.0));  // half of 9, half of 1
  CHECK(campaign.surprise(6) == Approx(1.0));
}

TEST_CASE("what is missed by a thousandth of the spread is no surprise", "[watch]") {
  Campaign campaign = toy_campaign();
  for (Index id = 0; id < 12; ++id) {
    Query query = chosen(id, 0.05 * static_cast<double>(id), 1e-9, 1.0);
    const double y = id % 2 == 0 ? 100.0 : -100.0;
    query.mean[0] = y * (1.0 + 1e-6);
    campaign.apply(Asked{{query}});
    campaign.apply(Answered{id, ok(y)});
  }
  CHECK(campaign.surprise(12) < 0.01);
}

// The last answers were three deviations and more off: every fourth query, by its own draw, is
// random now, and parameters are searched before each.
TEST_CASE("a campaign that is surprised draws queries at random until it no longer is", "[watch]") {
  const auto randoms = [](bool measures) {
    CampaignOptions options = toy_options();
    options.countermeasures = measures;
    Campaign campaign = toy_campaign(1, options);
    grow(campaign, 6);
    ask(campaign, 12, 50.0, 0.01);
    CHECK(names(findings(watch(campaign), campaign), "surprised"));
    Index random = 0, models = 0;
    for (int k = 0; k < 40; ++k) {
      const Asked asked = campaign.propose(1);
      random += asked.queries.front().why == "random" ? 1 : 0;
      models += asked.fitted ? 1 : 0;
      campaign.apply(asked);
      // Of a random one nothing was foretold; the others stay as far off.
      const Query& query = asked.queries.front();
      const double off = query.mean.size() > 0 ? 50.0 * query.deviation[0] : 0.0;
      campaign.apply(Answered{query.id, ok(off)});
    }
    return std::pair{random, models};
  };
  const auto [random, models] = randoms(true);
  CHECK(random >= 2);   // of 40 with a chance of 1 in 4: fewer once in 10^4
  CHECK(random <= 22);  // more once in 10^4
  const auto [none, fewer] = randoms(false);
  CHECK(none == 0);
  CHECK(fewer < models + random);
}

TEST_CASE("replay derives what a surprised campaign did", "[watch]") {
  Campaign campaign = toy_campaign();
  std::vector<Event> events;
  const auto happen = [&](const Event& event) {
    campaign.apply(event);
    events.push_back(event);
  };
  for (int k = 0; k < 40; ++k) {
    const Asked asked = campaign.propose(1);
    if (asked.queries.empty()) break;
    happen(asked);
    const Query& query = asked.queries.front();
    // A function that is another from the twelfth run on.
    happen(Answered{query.id, ok(toy_value(query.x)[0] * (query.id < 12 ? 1.0 : -20.0))});
  }
  const Replayed result = replayed(events, [](const Edited*) { return toy_campaign(); });
  CHECK_FALSE(result.first);
}

TEST_CASE("queries on top of each other are crowded, those along a bound at the bounds",
          "[watch]") {
  Campaign crowded = toy_campaign();
  ask(crowded, 24, 1.0, 1e-5);
  const Watch seen = watch(crowded);
  CHECK(seen.spacing < 0.01);
  CHECK(names(findings(seen, crowded), "crowded"));
  CHECK(seen.imbalance > 0.9);
  CHECK(seen.on_bounds == 1.0);  // width is 0 to a thousandth of its range
  CHECK(names(findings(seen, crowded), "at the bounds"));

  Campaign spread = toy_campaign();
  ask(spread, 24, 1.0, 0.15);
  const Watch fine = watch(spread);
  CHECK(fine.on_bounds < 0.2);
  CHECK_FALSE(names(findings(fine, spread), "crowded"));
  CHECK_FALSE(names(findings(fine, spread), "at the bounds"));
}

TEST_CASE("worths that do not fall are those of a campaign that does not learn", "[watch]") {
  Campaign campaign = toy_campaign();
  ask(campaign, 15, 1.0, 0.2, 2.0);
  CHECK(watch(campaign).worth_left == Approx(1.0));
  // Three models, of which the last is no better.
  for (Index model = 1; model <= 3; ++model)
    campaign.apply(Fitted{.model = model, .rows = 4 + model, .leave_one_out = Vector{{0.5}}});
  CHECK(names(findings(watch(campaign), campaign), "not learning"));
  campaign.apply(Fitted{.model = 4, .rows = 14, .leave_one_out = Vector{{0.1}}});
  CHECK_FALSE(names(findings(watch(campaign), campaign), "not learning"));
}

TEST_CASE("a campaign that goes well has nothing found wrong with it", "[watch]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 24);
  for (const Finding& finding : findings(watch(campaign), campaign)) {
    INFO(finding.kind << ": " << finding.words);
    CHECK(finding.kind.empty());
  }
}

}  // namespace
}  // namespace sonde
