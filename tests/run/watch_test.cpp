#include "sonde/run/watch.hpp"

#include <cmath>

#include "sonde/query/exploration.hpp"
#include "sonde/run/drift.hpp"
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

// As many as are needed that worths have not fallen, and models whose error stands.
void learn_nothing(Campaign& campaign) {
  grow(campaign, 6);
  ask(campaign, 15, 1.0, 0.05, 2.0);
  for (int k = 0; k < 12; ++k)
    campaign.apply(
        Fitted{.model = campaign.models() + 1, .rows = 4 + k, .leave_one_out = Vector{{9.0}}});
}

TEST_CASE("where a single criterion learns nothing another one asks, until the error falls",
          "[watch]") {
  Campaign campaign = toy_campaign();
  learn_nothing(campaign);
  const std::vector<Finding> found = findings(watch(campaign), campaign);
  REQUIRE(names(found, "not learning"));
  CHECK(contains(found.front().measure + found.back().measure,
                 "'auto' in place of 'integrated variance'"));
  const Asked other = campaign.propose(1);
  CHECK(contains(other.queries.front().why, "not learning: "));
  CHECK(other.queries.front().worth > 0.0);

  campaign.apply(
      Fitted{.model = campaign.models() + 1, .rows = 20, .leave_one_out = Vector{{0.1}}});
  CHECK(campaign.propose(1).queries.front().why == "integrated variance");
}

TEST_CASE("what mixes criteria already is not switched, nor anything without countermeasures",
          "[watch]") {
  Campaign mixed(toy_domain(), {{"lift", "N"}}, criteria::automatic(), toy_options(), 1);
  learn_nothing(mixed);
  CHECK(names(findings(watch(mixed), mixed), "not learning"));
  CHECK_FALSE(contains(mixed.propose(1).queries.front().why, "not learning"));

  CampaignOptions options = toy_options();
  options.countermeasures = false;
  Campaign left = toy_campaign(1, options);
  learn_nothing(left);
  CHECK(left.propose(1).queries.front().why == "integrated variance");

  Campaign calibrated(toy_domain(), {{"lift", "N"}}, criteria::calibrated_integrated_variance(32),
                      toy_options(), 1);
  learn_nothing(calibrated);
  CHECK(calibrated.propose(1).queries.front().why == "not learning: core set");
}

TEST_CASE("replay derives what a campaign did that learnt nothing", "[watch]") {
  const auto begun = [] {
    return Campaign(toy_domain(), {{"lift", "N"}}, criteria::variance(), toy_options(), 1);
  };
  Campaign campaign = begun();
  std::vector<Event> events;
  const auto happen = [&](const Event& event) {
    campaign.apply(event);
    events.push_back(event);
  };
  Rng noise = Rng(3);
  Index switched = 0;
  for (int k = 0; k < 40; ++k) {
    const Asked asked = campaign.propose(1);
    if (asked.queries.empty()) break;
    happen(asked);
    switched += contains(asked.queries.front().why, "not learning: ") ? 1 : 0;
    happen(Answered{asked.queries.front().id, ok(noise.normal())});
  }
  CHECK(switched > 0);
  const Replayed result = replayed(events, [&](const Edited*) { return begun(); });
  CHECK_FALSE(result.first);
}

// The same point again and again, each by its own value.
Campaign replicated(const std::vector<double>& values) {
  Campaign campaign = toy_campaign();
  for (const double value : values) {
    const Index id = campaign.asked();
    campaign.apply(
        Asked{{{.id = id, .x = Vector{{1.0, 2.0}}, .why = id == 0 ? "design" : "gold"}}});
    campaign.apply(Answered{id, std::isnan(value) ? failed() : ok(value)});
  }
  return campaign;
}

TEST_CASE("a simulator whose answers at one point have moved has drifted", "[watch]") {
  const Campaign moved = replicated({1.0, 1.0, 1.0, 1.25});
  const std::vector<Drift> found = drifts(moved);
  REQUIRE(found.size() == 1);
  CHECK(found[0].first == 1.0);
  CHECK(found[0].now == 1.25);
  CHECK(found[0].query == 3);
  CHECK(drifts(replicated({1.0, 1.0, 1.0, 1.0 + 1e-12})).empty());
  CHECK(drifts(replicated({1.0, 1.25})).empty());  // noise, or another simulator: who knows

  const std::vector<Drift> gone = drifts(replicated({1.0, 1.0, std::nan("")}));
  REQUIRE(gone.size() == 1);
  CHECK(std::isnan(gone[0].now));

  Campaign campaign = replicated({1.0, 1.0, 1.0, 1.25});
  const std::vector<Finding> said = findings(watch(campaign), campaign);
  REQUIRE(names(said, "drift"));
  CHECK(contains(said.front().words, "'lift'"));
  CHECK(contains(said.front().words, "1.25 N by now"));
}

// Noise of deviation 1; a slow rise by one deviation a run, and a jump by ten in the middle.
TEST_CASE("drift is told from noise, be it slow or a jump", "[watch]") {
  const auto values = [](std::uint64_t seed, double slope, double jump) {
    Rng rng(seed);
    std::vector<double> all;
    for (int k = 0; k < 15; ++k) all.push_back(rng.normal() + slope * k + (k >= 7 ? jump : 0.0));
    return all;
  };
  Index alarms = 0, slow = 0, sudden = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    alarms += drifts(replicated(values(seed, 0.0, 0.0))).empty() ? 0 : 1;
    slow += drifts(replicated(values(seed, 1.0, 0.0))).empty() ? 0 : 1;
    sudden += drifts(replicated(values(seed, 0.0, 10.0))).empty() ? 0 : 1;
  }
  CHECK(alarms <= 1);
  CHECK(slow >= 40);
  CHECK(sudden >= 45);
}

// Models of 4, 6, .. runs, up to 24 of 25; each run takes `seconds`.
Watch with_errors(const std::vector<double>& errors, double seconds, const Cost& cost = {}) {
  Campaign campaign = toy_campaign();
  for (Index id = 0; id < 25; ++id) {
    campaign.apply(Asked{{chosen(id, 0.15 * static_cast<double>(id), 1.0, 1.0)}});
    Answer answer = ok(std::sin(static_cast<double>(id)));
    answer.seconds = seconds;
    campaign.apply(Answered{id, answer});
  }
  Index model = 0;
  for (const double error : errors) {
    ++model;
    campaign.apply(Fitted{.model = model, .rows = 2 + 2 * model, .leave_one_out = Vector{{error}}});
  }
  return watch(campaign, cost);
}

TEST_CASE("what the last runs cost for a halving of the error is compared with those before",
          "[watch]") {
  // 2^-1 .. 2^-11. Medians of three: at 6, 18 and 22 runs.
  std::vector<double> halving;
  for (int k = 1; k <= 11; ++k) halving.push_back(std::exp2(-k));
  const Watch well = with_errors(halving, 10.0);
  REQUIRE(well.latest);
  CHECK(well.earlier->runs == 12);
  CHECK(well.earlier->cost == Approx(120.0));
  CHECK(well.earlier->halvings == Approx(6.0));
  CHECK(well.latest->runs == 4);
  CHECK(well.latest->halvings == Approx(2.0));
  CHECK(well.cost_unit == "s");

  const Watch money =
      with_errors(halving, 10.0, {.per_run = 2.0, .per_hour = 360.0, .unit = "EUR"});
  CHECK(money.latest->cost == Approx(4 * 3.0));
  CHECK(money.cost_unit == "EUR");
  CHECK(with_errors(halving, 0.0).cost_unit == "runs");
  CHECK_FALSE(with_errors({0.5, 0.4, 0.3, 0.2}, 1.0).latest);

  Campaign campaign = toy_campaign();
  CHECK_FALSE(names(findings(well, campaign), "dear"));
  const std::vector<double> stuck = {0.5,  0.25, 0.12, 0.06, 0.05, 0.05,
                                     0.05, 0.05, 0.05, 0.05, 0.05};
  CHECK(names(findings(with_errors(stuck, 10.0), campaign), "dear"));
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
