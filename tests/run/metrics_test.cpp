#include "sonde/run/metrics.hpp"

#include <cmath>

#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/query/criteria.hpp"
#include "support/catch.hpp"

using namespace sonde;

namespace {

Domain square() {
  return Domain({{.name = "a", .lower = 0, .upper = 1}, {.name = "b", .lower = -1, .upper = 1}});
}

Answer answer(const Vector& x) {
  return {.status = Answer::Status::Ok, .y = Vector{{std::sin(4 * x[0]) + x[1] * x[1]}}};
}

/// Eight of the design, then three at a time.
std::vector<Event> events_of(Campaign& campaign, int rounds) {
  std::vector<Event> events;
  for (int round = 0; round < rounds; ++round) {
    const Asked asked = campaign.propose(round == 0 ? 8 : 3);
    events.emplace_back(asked);
    campaign.apply(asked);
    for (const Query& query : asked.queries) {
      events.emplace_back(Answered{query.id, answer(query.x)});
      campaign.apply(events.back());
    }
  }
  return events;
}

}  // namespace

TEST_CASE("a learning curve has the surrogates that made the queries", "[metrics]") {
  Campaign campaign(square(), {{"y", "1"}}, criteria::variance(), {.initial = 8}, 3);
  const std::vector<Event> events = events_of(campaign, 4);
  const std::vector<MetricsRow> curve = learning_curve(square(), {{"y", "1"}}, {}, events);
  REQUIRE(curve.size() == 3);
  CHECK(curve[0].runs == 8);
  CHECK(curve[1].runs == 11);
  CHECK(curve[2].runs == 14);

  // By hand: the second of them, from the parameters in its event and the first eleven runs.
  const auto& asked = std::get<Asked>(events[9 + 4]);
  const Dataset first{campaign.data().x.topRows(11), campaign.data().y.topRows(11)};
  const Surrogate then = Surrogate::at(square(), {{"y", "1"}}, first, {}, asked.fitted->parameters);
  CHECK(curve[1].loo_nrmse[0] == Approx(leave_one_out_scores(then[0]).nrmse).epsilon(1e-12));
}

TEST_CASE("a learning curve tells the errors on runs that were held out", "[metrics]") {
  Campaign campaign(square(), {{"y", "1"}}, criteria::variance(), {.initial = 8}, 3);
  const std::vector<Event> events = events_of(campaign, 3);
  CHECK(std::isnan(learning_curve(square(), {{"y", "1"}}, {}, events)[0].holdout_nrmse[0]));

  // The last has no value, and does not count.
  Dataset holdout{Points{{0.1, 0.0}, {0.6, -0.5}, {0.9, 0.8}, {0.5, 0.5}}, Matrix(4, 1)};
  for (Index i = 0; i < 3; ++i) holdout.y(i, 0) = answer(holdout.x.row(i)).y[0];
  holdout.y(3, 0) = std::nan("");
  const auto curve = learning_curve(square(), {{"y", "1"}}, {}, events, 40, holdout);
  const auto& asked = std::get<Asked>(events[9]);
  const Dataset first{campaign.data().x.topRows(8), campaign.data().y.topRows(8)};
  const Surrogate then = Surrogate::at(square(), {{"y", "1"}}, first, {}, asked.fitted->parameters);
  const Marginals predicted = then[0].predict(holdout.x.topRows(3));
  const Vector truth = holdout.y.col(0).head(3);
  const Scores by_hand = scores(truth, predicted.mean, predicted.variance);
  CHECK(curve[0].holdout_nrmse[0] == Approx(by_hand.nrmse).epsilon(1e-12));
}

TEST_CASE("a learning curve has no more rows than were asked for", "[metrics]") {
  Campaign campaign(square(), {{"y", "1"}}, criteria::variance(), {.initial = 8}, 3);
  const std::vector<Event> events = events_of(campaign, 7);
  CHECK(learning_curve(square(), {{"y", "1"}}, {}, events, 3).size() == 3);
  CHECK(learning_curve(square(), {{"y", "1"}}, {}, {}).empty());
  CHECK_THROWS_AS(learning_curve(square(), {{"y", "1"}}, {}, events, 0), ArgumentError);
}
