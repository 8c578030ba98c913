#include "sonde/run/batch_size.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/run/run.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

// k queries of a surrogate that foretold 0 with a deviation of 2, each answered by `y`.
void batch(Campaign& campaign, Index k, double y) {
  Asked asked;
  const Index first = campaign.asked();
  for (Index i = 0; i < k; ++i)
    asked.queries.push_back({.id = first + i,
                             .x = Vector{{0.001 * static_cast<double>(first + i + 1), 2.0}},
                             .why = "w",
                             .mean = Vector{{0.0}},
                             .deviation = Vector{{2.0}}});
  campaign.apply(asked);
  for (Index i = 0; i < k; ++i) campaign.apply(Answered{first + i, ok(y)});
}

TEST_CASE("batches grow while answers are no surprise, and shrink where they are", "[batch]") {
  const BatchRule rule{1, 6};
  Campaign campaign = toy_campaign();
  CHECK(batch_size(campaign, rule).queries == 1);
  CHECK(std::isnan(batch_size(campaign, rule).surprise));
  batch(campaign, 1, 2.0);  // one deviation off
  CHECK(batch_size(campaign, rule).queries == 2);
  CHECK(batch_size(campaign, rule).surprise == Approx(1.0));
  batch(campaign, 2, 2.0);
  batch(campaign, 4, 0.1);
  CHECK(batch_size(campaign, rule).queries == 6);  // no more
  batch(campaign, 6, 3.0);                         // 2.25: neither
  CHECK(batch_size(campaign, rule).queries == 6);
  batch(campaign, 6, 4.0);  // two deviations off
  CHECK(batch_size(campaign, rule).surprise == Approx(4.0));
  CHECK(batch_size(campaign, rule).queries == 3);
  batch(campaign, 3, 40.0);
  batch(campaign, 1, 40.0);
  CHECK(batch_size(campaign, rule).queries == 1);  // no less
}

TEST_CASE("a batch is judged when all of it is answered, and a failure is a surprise", "[batch]") {
  const BatchRule rule{2, 8};
  Campaign campaign = toy_campaign();
  batch(campaign, 2, 0.0);
  REQUIRE(batch_size(campaign, rule).queries == 4);
  Asked asked;
  for (Index i = 2; i < 6; ++i)
    asked.queries.push_back({.id = i,
                             .x = Vector{{0.1 * static_cast<double>(i), 2.0}},
                             .why = "w",
                             .mean = Vector{{0.0}},
                             .deviation = Vector{{2.0}}});
  campaign.apply(asked);
  for (Index i = 2; i < 5; ++i) campaign.apply(Answered{i, ok(0.0)});
  CHECK(batch_size(campaign, rule).queries == 4);
  campaign.apply(Answered{5, failed()});
  CHECK(batch_size(campaign, rule).queries == 2);
}

TEST_CASE("an output that steers nothing does not steer the size of batches", "[batch]") {
  CampaignOptions options = toy_options();
  options.learnt = {0};
  Campaign campaign(toy_domain(), {{"lift", "N"}, {"noise", "1"}}, criteria::variance(), options,
                    1);
  campaign.apply(Asked{{{.id = 0,
                         .x = Vector{{0.1, 2.0}},
                         .why = "w",
                         .mean = Vector{{0.0, 0.0}},
                         .deviation = Vector{{2.0, 1e-3}}}}});
  Answer answer = ok(0.0);
  answer.y = Vector{{1.0, 100.0}};
  campaign.apply(Answered{0, answer});
  CHECK(batch_size(campaign, {1, 4}).queries == 2);
  CHECK(batch_size(campaign, {1, 4}).surprise == Approx(0.25));
}

TEST_CASE("a rule without a choice looks at nothing, and one without a meaning is refused",
          "[batch]") {
  Campaign campaign = toy_campaign();
  batch(campaign, 3, 0.0);
  CHECK(batch_size(campaign, {4, 4}).queries == 4);
  CHECK_THROWS_AS(batch_size(campaign, {0, 4}), ArgumentError);
  CHECK_THROWS_AS(batch_size(campaign, {3, 2}), ArgumentError);
}

TEST_CASE("a run asks as many at a time as the rule says, and records why", "[batch]") {
  Campaign campaign = toy_campaign();
  std::vector<Asked> asked;
  const RunOptions options{.workers = 4, .batch = {1, 4}, .max_queries = 20};
  run(campaign, toy_oracle(), {}, options, [&](std::span<const Event> events) {
    for (const Event& event : events)
      if (const auto* one = std::get_if<Asked>(&event)) asked.push_back(*one);
  });
  REQUIRE(campaign.asked() == 20);
  // Derived again from what had happened before each.
  Campaign again = toy_campaign();
  Index largest = 0;
  for (const Asked& one : asked) {
    const auto size = static_cast<Index>(one.queries.size());
    if (one.model > 0) {
      const BatchSize said = batch_size(again, options.batch);
      CHECK(size == std::min(said.queries, 20 - again.asked()));
      CHECK(contains(one.batch, concat(said.queries, ": the ")));
      largest = std::max(largest, size);
    } else {
      CHECK(one.batch.empty());
    }
    again.apply(one);
    for (const Query& query : one.queries) answer_truly(again, query.id);
  }
  CHECK(largest > 1);
}

}  // namespace
}  // namespace sonde
