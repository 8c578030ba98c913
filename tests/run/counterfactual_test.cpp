#include "sonde/run/counterfactual.hpp"

#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

TEST_CASE("few runs held out tell nothing of a random design", "[counterfactual]") {
  CampaignOptions options = toy_options();
  options.validation_share = 0.2;
  Campaign campaign = toy_campaign(1, options);
  grow(campaign, 16);
  REQUIRE(campaign.validation().size() < 8);
  CHECK_FALSE(random_design_instead(campaign, options.model, Rng(1)));
}

// The campaign is a random design itself: what it has spent is what one needs, within the forecast.
TEST_CASE("a random design needs as many runs as it has had", "[counterfactual]") {
  int inside = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CampaignOptions options = toy_options();
    options.random_share = 0.9;
    options.validation_share = 0.5;
    options.initial = 4;
    Campaign campaign = toy_campaign(seed, options);
    grow(campaign, 40);
    const auto instead = random_design_instead(campaign, options.model, Rng(1));
    REQUIRE(instead);
    CHECK(instead->held_out == campaign.validation().size());
    CHECK(instead->spent == campaign.data().size());
    inside += instead->runs.range95.lower <= instead->spent &&
                      instead->runs.range95.upper >= instead->spent
                  ? 1
                  : 0;
  }
  CHECK(inside >= 4);  // of six with a chance of 0.95 each fewer once in 400
}

}  // namespace
}  // namespace sonde
