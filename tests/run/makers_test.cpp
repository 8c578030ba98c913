#include <algorithm>
#include <cmath>
#include <set>

#include "sonde/base/error.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using testing_support::answer_truly;
using testing_support::contains;
using testing_support::grow;
using testing_support::message_of;
using testing_support::toy_campaign;
using testing_support::toy_domain;
using testing_support::toy_options;

Points candidates(Index n) {
  return design::uniform(Domain(toy_domain().parameters()), n, Rng(11));
}

bool is_candidate(const Points& x, VectorView at) {
  for (Index i = 0; i < x.rows(); ++i)
    if (x.row(i).transpose() == at) return true;
  return false;
}

CampaignOptions with_pool(const Points& x, std::vector<Step> steps = {}) {
  CampaignOptions options = toy_options();
  options.initial = 6;
  options.pool = Pool(x);
  options.steps = std::move(steps);
  return options;
}

TEST_CASE("a campaign of a pool asks candidates alone, none twice, until there are no more",
          "[makers]") {
  const Points x = candidates(40);
  CampaignOptions options = with_pool(x);
  options.validation_share = 0.2;
  options.random_share = 0.2;
  Campaign campaign = toy_campaign(3, options);
  Index admissible = 0;
  for (Index i = 0; i < x.rows(); ++i) admissible += toy_domain().admits(x.row(i)) ? 1 : 0;
  std::set<std::string> seen, whys;
  for (;;) {
    const Asked asked = campaign.propose(3);
    if (asked.queries.empty()) break;
    campaign.apply(asked);
    for (const Query& query : asked.queries) {
      CHECK(is_candidate(x, query.x));
      CHECK(toy_domain().admits(query.x));
      CHECK(seen.insert(testing_support::bits(query.x)).second);
      whys.insert(query.why);
      answer_truly(campaign, query.id);
    }
  }
  CHECK(campaign.asked() == admissible);
  for (const char* why : {"design", "validation", "random", "integrated variance"})
    CHECK(whys.contains(why));
}

TEST_CASE("steps follow each other after so many queries", "[makers]") {
  const Points x = candidates(200);
  Campaign campaign =
      toy_campaign(4, with_pool(x, {{Maker::Pool, 4}, {Maker::Synthesis, 3}, {Maker::Snapped, 0}}));
  grow(campaign, 20, 5);
  for (const Query& query : campaign.queries()) {
    CAPTURE(query.id, query.why);
    const bool of_pool = is_candidate(x, query.x);
    CHECK(of_pool == (query.id < 10 || query.id >= 13));  // 6 of the design
    if (query.id < 6) continue;
    CHECK((query.selection.row >= 0) == of_pool);
    if (query.id >= 13) CHECK(query.selection.outcome == "nearest");
  }
}

TEST_CASE("how many are asked at once moves no random query", "[makers]") {
  CampaignOptions options = toy_options();
  options.random_share = 0.3;
  Campaign one = toy_campaign(5, options), many = toy_campaign(5, options);
  grow(one, 40, 1);
  grow(many, 40, 4);
  Index random = 0;
  for (Index id = 0; id < 40; ++id) {
    const auto place = static_cast<std::size_t>(id);
    const bool is = one.queries()[place].why == "random";
    CHECK(is == (many.queries()[place].why == "random"));
    if (!is) continue;
    ++random;
    CHECK(one.queries()[place].x == many.queries()[place].x);
  }
  // 36 draws of 0.3: 10.8, with a standard deviation of 2.7.
  CHECK(random >= 3);
  CHECK(random <= 19);
}

TEST_CASE("choosing of a pool by what is learnt beats choosing at random", "[makers]") {
  // The same runs of the same candidates: the error of 30 over 6 seeds, its logarithm on average.
  const Points x = candidates(2000);
  const auto error_of = [&](bool active, std::uint64_t seed) {
    CampaignOptions options = with_pool(x);
    options.design_only = !active;
    options.design = active ? "maximin" : "uniform";
    Campaign campaign = toy_campaign(seed, options);
    grow(campaign, 24, 1);
    double sum = 0.0;
    const Points at = design::uniform(toy_domain(), 400, Rng(77));
    const Vector mean = campaign.surrogate()[0].predict(at).mean;
    for (Index i = 0; i < 400; ++i)
      sum += std::pow(mean[i] - testing_support::toy_value(at.row(i))[0], 2);
    return std::log(sum);
  };
  double difference = 0.0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    difference += error_of(true, seed) - error_of(false, seed);
  CHECK(difference < 0.0);
}

TEST_CASE("what is chosen of a pool changes nothing", "[makers]") {
  Campaign campaign = toy_campaign(6), other = toy_campaign(6);
  grow(campaign, 10);
  grow(other, 10);
  const Pool pool(candidates(300));
  const Shortlist first = campaign.shortlist(pool, {});
  const Batch batch = campaign.select(pool, first, 4, {});
  CHECK(batch.queries.rows() == 4);
  CHECK(batch.why == std::vector<std::string>(4, "integrated variance"));
  CHECK(campaign.asked() == 10);
  CHECK(testing_support::same(campaign.propose(2).queries, other.propose(2).queries));
}

TEST_CASE("a campaign says which steps it cannot take", "[makers]") {
  const auto refusal = [](CampaignOptions options) {
    return message_of<ArgumentError>([&] { toy_campaign(1, std::move(options)); });
  };
  CampaignOptions options = toy_options();
  options.steps = {{Maker::Pool, 0}};
  CHECK(contains(refusal(options), "step 1 is of a pool, and there is none"));
  CHECK(contains(refusal(with_pool(candidates(5), {{Maker::Pool, 0}, {Maker::Synthesis, 0}})),
                 "above 0 in every step but the last"));
  options = toy_options();
  options.pool = Pool(Points(3, 5));
  CHECK(contains(refusal(options), "the pool has points of 5 parameters"));
  options = toy_options();
  options.random_share = 1.5;
  CHECK(contains(refusal(options), "random share from 0 to 0.9"));
}

}  // namespace
}  // namespace sonde
