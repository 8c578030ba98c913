#include "sonde/run/roles.hpp"

#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

CampaignOptions with_share(double share) {
  CampaignOptions options = toy_options();
  options.validation_share = share;
  return options;
}

bool is_validation(const Query& query) {
  return query.why == "validation";
}

}  // namespace

TEST_CASE("a share of the queries is drawn at random and held out from every fit", "[roles]") {
  Campaign campaign = toy_campaign(1, with_share(0.3));
  grow(campaign, 40, 3);
  const std::vector<Index> held = campaign.validation_ids();
  // 40 draws with probability 0.3: beyond 3 and 22 lies less than one in 10,000.
  CHECK(held.size() >= 3);
  CHECK(held.size() <= 22);
  CHECK(campaign.data().size() == 40 - static_cast<Index>(held.size()));
  for (const Index id : held) {
    CHECK(is_validation(campaign.queries()[static_cast<std::size_t>(id)]));
    CHECK(campaign.role(id) == Role::Validation);
    CHECK(campaign.domain().admits(campaign.point(id)));
    CHECK(!std::binary_search(campaign.data_ids().begin(), campaign.data_ids().end(), id));
  }
  const Dataset truth = campaign.validation();
  for (Index i = 0; i < truth.size(); ++i)
    CHECK(truth.y(i, 0) == toy_value(truth.x.row(i).transpose())[0]);
}

TEST_CASE("what is held out changes no fit, whatever came of it", "[roles]") {
  Campaign right = toy_campaign(1, with_share(0.3));
  Campaign wrong = toy_campaign(1, with_share(0.3));
  while (right.asked() < 24) {
    const Asked asked = right.propose(2);
    CHECK(same(wrong.propose(2), asked));
    right.apply(asked);
    wrong.apply(asked);
    for (const Query& query : asked.queries) {
      const double truth = toy_value(query.x)[0];
      right.apply(Answered{query.id, ok(truth)});
      wrong.apply(Answered{query.id, is_validation(query) ? ok(1e6 * truth + 7.0) : ok(truth)});
    }
  }
  CHECK(right.validation().size() > 0);
  CHECK(right.surrogate().parameters() == wrong.surrogate().parameters());
}

TEST_CASE("which queries are held out does not depend on how many are asked at once", "[roles]") {
  CampaignOptions options = with_share(0.25);
  options.design_only = true;
  options.design = "uniform";
  Campaign singly = toy_campaign(5, options);
  Campaign by_sevens = toy_campaign(5, options);
  grow(singly, 42, 1);
  grow(by_sevens, 42, 7);
  CHECK(same(singly.queries(), by_sevens.queries()));
  CHECK(std::any_of(singly.queries().begin(), singly.queries().end(), is_validation));
}

TEST_CASE("a run that is excluded is forgotten, and learnt again when it is marked back",
          "[roles]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 12);
  const Matrix before = campaign.surrogate().parameters();
  const Asked next = campaign.propose(1);
  campaign.apply(Marked{{3, 7}, Role::Excluded, "coarse mesh", "eve"});
  CHECK(campaign.data().size() == 10);
  CHECK(campaign.role(7) == Role::Excluded);
  CHECK(campaign.validation().size() == 0);
  CHECK(campaign.surrogate().parameters() != before);
  // Nor is its point asked again.
  const Asked other = campaign.propose(1);
  CHECK((other.queries[0].x - campaign.point(3)).norm() > 1e-9);

  campaign.apply(Marked{{7}, Role::Validation, "", ""});
  CHECK(campaign.validation_ids() == std::vector<Index>{7});
  campaign.apply(Marked{{3, 7}, Role::Train, "the mesh was fine", "eve"});
  CHECK(campaign.data().size() == 12);
  CHECK(bits(campaign.data().x.row(3).transpose()) == bits(campaign.point(3)));
}

TEST_CASE("marks and promotions that name nothing known are refused", "[roles]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 6);
  CHECK(contains(message_of<ArgumentError>([&] {
                   campaign.apply(Marked{{6}, Role::Excluded});
                 }),
                 "one of 6 queries"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   campaign.apply(Marked{{}, Role::Excluded});
                 }),
                 "no queries"));
  CHECK(
      contains(message_of<ArgumentError>([&] { campaign.apply(Promoted{campaign.models() + 1}); }),
               "models"));
  CHECK(campaign.promoted() == 0);
}
