#include "sonde/run/segments.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/run/stop.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

Segments halves() {
  const Symbols symbols{{"width", "load"}, {}, {}, {}};
  return {{"narrow", Expression("width < 2", symbols)},
          {"wide", Expression("width >= 2", symbols)}};
}

TEST_CASE("errors of segments are those of the runs in them, and make up the whole", "[segments]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 16);
  const std::vector<SegmentScore> scores = segment_scores(campaign, halves());
  REQUIRE(scores.size() == 2);
  const Response& response = campaign.surrogate()[0];
  const LeaveOneOut left = response.leave_one_out();
  double squares = 0.0;
  Index runs = 0;
  for (Index i = 0; i < campaign.data().size(); ++i) {
    if (!(response.x()(i, 0) < 2.0)) continue;
    squares += std::pow(left.mean[i] - response.observed()[i], 2);
    ++runs;
  }
  CHECK(scores[0].segment == "narrow");
  CHECK(scores[0].left_out.runs == runs);
  CHECK(scores[0].left_out.rmse == Approx(std::sqrt(squares / static_cast<double>(runs))));
  CHECK(scores[0].left_out.runs + scores[1].left_out.runs == campaign.data().size());
  CHECK(scores[0].left_out.inside95 >= 0.0);
  CHECK(scores[0].left_out.inside95 <= 1.0);
  CHECK(scores[0].held_out.runs == 0);
  CHECK(std::isnan(scores[0].held_out.rmse));
}

TEST_CASE("runs held out are scored in their segment", "[segments]") {
  CampaignOptions options = toy_options();
  options.validation_share = 0.4;
  Campaign campaign = toy_campaign(1, options);
  grow(campaign, 24);
  const std::vector<SegmentScore> scores = segment_scores(campaign, halves());
  REQUIRE(scores.size() == 2);
  CHECK(campaign.validation().size() > 0);
  CHECK(scores[0].held_out.runs + scores[1].held_out.runs == campaign.validation().size());
}

TEST_CASE("without a surrogate, or segments, there is nothing to score", "[segments]") {
  Campaign campaign = toy_campaign();
  CHECK(segment_scores(campaign, halves()).empty());
  grow(campaign, 8);
  CHECK(segment_scores(campaign, {}).empty());
}

TEST_CASE("an error is wanted where a segment holds, with five runs in it", "[segments]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 16);
  const double spread = campaign.surrogate()[0].spread();
  const std::vector<SegmentScore> scores = segment_scores(campaign, halves());
  REQUIRE(scores[0].left_out.runs >= 5);
  const double narrow = scores[0].left_out.rmse / spread;
  CHECK(below_error_in(halves(), {{"narrow", 1.01 * narrow}})(campaign));
  CHECK_FALSE(below_error_in(halves(), {{"narrow", 0.99 * narrow}})(campaign));
  CHECK_FALSE(below_error_in(halves(), {{"narrow", 10.0}, {"wide", 1e-12}})(campaign));
  CHECK(contains(*below_error_in(halves(), {{"narrow", 10.0}, {"wide", 10.0}})(campaign),
                 "where 'wide'"));
  const Segments nowhere = {
      {"nowhere", Expression("width > 3.999", Symbols{{"width", "load"}, {}, {}, {}})}};
  CHECK_FALSE(below_error_in(nowhere, {{"nowhere", 10.0}})(campaign));
  CHECK_THROWS_AS(below_error_in(halves(), {{"middle", 0.1}}), ArgumentError);
}

}  // namespace
}  // namespace sonde
