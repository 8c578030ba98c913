#include "sonde/run/campaign.hpp"

#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Asked imported(const Campaign& campaign, const std::vector<Vector>& points) {
  Asked asked;
  for (const Vector& x : points) {
    const auto id = campaign.asked() + static_cast<Index>(asked.queries.size());
    asked.queries.push_back({.id = id, .x = x, .why = "imported"});
  }
  return asked;
}

TEST_CASE("the initial design is one design, however it is asked", "[campaign]") {
  CampaignOptions options = toy_options();
  options.initial = 7;
  Campaign at_once = toy_campaign(3, options);
  const Asked whole = at_once.propose(20);
  CHECK(whole.queries.size() == 7);
  CHECK(whole.model == 0);
  CHECK(whole.queries[0].why == "design");
  CHECK(whole.queries[0].mean.size() == 0);

  Campaign piecewise = toy_campaign(3, options);
  CHECK(piecewise.initial() == 7);
  for (const Index k : {2, 3, 4}) {
    const Asked some = piecewise.propose(k);
    CHECK(static_cast<Index>(some.queries.size()) == std::min(k, 7 - piecewise.asked()));
    piecewise.apply(some);
  }
  CHECK(same(piecewise.queries(), whole.queries));
  CHECK(piecewise.design_left() == 0);
}

TEST_CASE("the default design has d + 2 points, less the earlier runs that went well",
          "[campaign]") {
  Campaign campaign = toy_campaign();
  CHECK(campaign.initial() == 4);
  campaign.apply(imported(campaign, {Vector{{9.0, 3.0}}, Vector{{1.0, 2.0}}, Vector{{3.0, 2.0}}}));
  for (const Index id : {0, 1}) answer_truly(campaign, id);
  campaign.apply(Answered{2, failed()});
  CHECK(campaign.imported() == 3);
  CHECK(campaign.initial() == 2);
  const Asked design = campaign.propose(9);
  CHECK(design.queries.size() == 2);
  CHECK(design.queries[0].id == 3);
  campaign.apply(design);
  answer_truly(campaign, 3);
  answer_truly(campaign, 4);
  CHECK(campaign.data().size() == 4);  // also the run outside of the bounds
  CHECK(campaign.initial() == 2);
  CHECK(campaign.propose(1).queries[0].why == "integrated variance");
}

TEST_CASE("an output that is only observed has no say in what is asked", "[campaign]") {
  const std::vector<Output> outputs{{"lift", "N"}, {"noise", "dB"}};
  CampaignOptions options = toy_options();
  options.learnt = {0};
  Campaign alone = toy_campaign(2);
  Campaign both(toy_domain(), outputs, criteria::integrated_variance(32), options, 2);
  for (Index n = 0; n < 7; ++n) {
    const Asked asked = both.propose(1);
    const Asked same_asked = alone.propose(1);
    CHECK(asked.queries[0].x == same_asked.queries[0].x);
    alone.apply(same_asked);
    both.apply(asked);
    answer_truly(alone, n);
    Answer answer = ok(0.0);
    answer.y = Vector{{toy_value(asked.queries[0].x)[0], std::cos(40.0 * asked.queries[0].x[0])}};
    both.apply(Answered{n, answer});
  }
  CHECK(both.estimated_error() == alone.estimated_error());
  CHECK(both.surrogate().outputs().size() == 2);

  options.learnt = {2};
  CHECK(contains(message_of<ArgumentError>(
                     [&] { Campaign(toy_domain(), outputs, criteria::variance(), options, 2); }),
                 "expected a learnt output below 2, got 2"));
}

TEST_CASE("given points are the design", "[campaign]") {
  CampaignOptions options = toy_options();
  options.design_points = Points{{1.0, 2.0}, {3.0, 50.0}, {0.5, 90.0}};
  Campaign campaign = toy_campaign(1, options);
  const Asked asked = campaign.propose(2);
  campaign.apply(asked);
  CHECK(campaign.queries()[1].x == Vector(options.design_points.row(1)));
  CHECK(campaign.propose(2).queries.size() == 1);

  options.design_points(2, 0) = 5.0;
  CHECK(contains(message_of<ArgumentError>([&] { toy_campaign(1, options); }),
                 "row 2 of the design breaks 'width' by 1"));
  options = toy_options();
  options.design = "latin";
  CHECK(contains(message_of<ArgumentError>([&] { toy_campaign(1, options); }), "'maximin'"));
}

TEST_CASE("a replayed campaign proposes what was proposed, bit for bit", "[campaign]") {
  CampaignOptions options = toy_options();
  options.refit_growth = 0.3;  // some proposals search parameters, some use the recorded ones
  Campaign campaign = toy_campaign(5, options);
  std::vector<Event> events;
  const auto happen = [&](const Event& event) {
    events.push_back(event);
    campaign.apply(event);
  };
  // Answers come late and out of order; one query fails, one stays open.
  for (int round = 0; round < 9; ++round) {
    const Asked asked = campaign.propose(round % 3 + 1);
    happen(asked);
    if (round == 6) campaign.estimated_error();  // whatever is cached must not matter
    const std::vector<Query> open = campaign.open();
    for (std::size_t i = open.size(); i-- > 1;) {
      if (open[i].id == 5) {
        happen(Answered{5, failed()});
      } else {
        happen(Answered{open[i].id, ok(toy_value(open[i].x)[0])});
      }
    }
  }
  int searched = 0;
  for (std::size_t cut = 0; cut < events.size(); ++cut) {
    if (!std::holds_alternative<Asked>(events[cut])) continue;
    const Asked& recorded = std::get<Asked>(events[cut]);
    Campaign replayed = toy_campaign(5, options);
    for (std::size_t i = 0; i < cut; ++i) replayed.apply(events[i]);
    INFO("event " << cut);
    CHECK(same(replayed.propose(static_cast<Index>(recorded.queries.size())), recorded));
    if (recorded.fitted) ++searched;
  }
  CHECK(searched >= 2);
}

TEST_CASE("the order of answers between two proposals does not matter", "[campaign]") {
  Campaign forwards = toy_campaign();
  Campaign backwards = toy_campaign();
  const Asked asked = forwards.propose(4);
  forwards.apply(asked);
  backwards.apply(asked);
  for (Index id = 0; id < 4; ++id) answer_truly(forwards, id);
  for (Index id = 4; id-- > 0;) answer_truly(backwards, id);
  CHECK(backwards.data().x == forwards.data().x);
  CHECK(backwards.data_ids() == std::vector<Index>{0, 1, 2, 3});
  CHECK(same(forwards.propose(2), backwards.propose(2)));
}

TEST_CASE("looking at a campaign does not change it", "[campaign]") {
  Campaign watched = toy_campaign();
  Campaign alone = toy_campaign();
  grow(alone, 9);
  while (watched.asked() < 9) {
    if (watched.has_surrogate()) {
      watched.surrogate();
      watched.estimated_error();
      watched.estimated_error_at(watched.data().size() - 1);
    }
    watched.propose(3);
    grow(watched, watched.asked() + 1);
  }
  CHECK(same(watched.queries(), alone.queries()));
}

TEST_CASE("threads do not change a proposal", "[campaign]") {
  CampaignOptions options = toy_options();
  Campaign one = toy_campaign(2, options);
  options.threads = 4;
  Campaign four = toy_campaign(2, options);
  grow(one, 8, 2);
  grow(four, 8, 2);
  CHECK(same(one.queries(), four.queries()));
}

TEST_CASE("open and failed queries are gone around", "[campaign]") {
  CampaignOptions options = toy_options();
  options.learn_failures = false;
  Campaign campaign = toy_campaign(1, options);
  grow(campaign, 6);
  const Asked first = campaign.propose(1);
  campaign.apply(first);
  const Asked while_open = campaign.propose(1);
  campaign.apply(Answered{first.queries[0].id, failed()});
  const Asked after_failure = campaign.propose(1);
  CHECK((while_open.queries[0].x - first.queries[0].x).norm() > 1e-3);
  // Open and failed are supposed alike, and no data came: the same query but for its number.
  CHECK(bits(while_open.queries[0].x) == bits(after_failure.queries[0].x));
  CHECK(campaign.failed().size() == 1);
  CHECK(campaign.open().empty());
  CHECK(campaign.data().size() == 6);
  CHECK(campaign.answered() == 7);
}

TEST_CASE("queries carry what the surrogate predicted", "[campaign]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 8);
  const Asked asked = campaign.propose(2);
  for (const Query& query : asked.queries) {
    const Surrogate used = Surrogate::at(campaign.domain(), campaign.outputs(), campaign.data(),
                                         toy_options().model, asked.fitted->parameters);
    const Marginals marginal = used[0].predict(query.x.transpose());
    CHECK(query.mean[0] == Approx(marginal.mean[0]));
    CHECK(query.deviation[0] == Approx(std::sqrt(marginal.variance[0])).margin(1e-9));
    CHECK(query.worth > 0.0);
  }
}

TEST_CASE("without a surrogate the space is filled, and why says so", "[campaign]") {
  Campaign campaign = toy_campaign();
  const Asked design = campaign.propose(4);
  campaign.apply(design);
  for (Index id = 0; id < 4; ++id) campaign.apply(Answered{id, failed()});
  CHECK_FALSE(campaign.has_surrogate());
  CHECK(std::isnan(campaign.estimated_error()));
  const Asked filling = campaign.propose(2);
  REQUIRE(filling.queries.size() == 2);
  CHECK(filling.queries[0].why == "space filling: too few answers for a surrogate");
  CHECK(campaign.domain().admits(filling.queries[1].x));
  CHECK(filling.model == 0);
}

TEST_CASE("a criterion that breaks down does not stop the campaign", "[campaign]") {
  const Criterion broken{
      "broken", [](const Surrogate&, Rng) -> Acquisition { throw NumericalError("no factor"); }};
  Campaign campaign(toy_domain(), {{"lift", "N"}}, broken, toy_options(), 1);
  grow(campaign, 6);
  CHECK(campaign.queries()[5].why == "space filling: no factor");
}

TEST_CASE("an output that never changes is still asked about", "[campaign]") {
  Campaign campaign = toy_campaign();
  while (campaign.asked() < 8) {
    const Asked asked = campaign.propose(1);
    REQUIRE(asked.queries.size() == 1);
    campaign.apply(asked);
    campaign.apply(Answered{asked.queries[0].id, ok(3.0)});
  }
  CHECK(campaign.domain().admits(campaign.queries()[7].x));
  campaign.estimated_error();
}

TEST_CASE("an exhausted domain proposes nothing", "[campaign]") {
  Campaign campaign(Domain({Parameter::integer("n", 1, 5)}), {{"y", "1"}}, criteria::variance(),
                    toy_options(), 1);
  while (true) {
    const Asked asked = campaign.propose(2);
    if (asked.queries.empty()) break;
    campaign.apply(asked);
    for (const Query& query : asked.queries) {
      campaign.apply(Answered{query.id, ok(std::sin(query.x[0]))});
    }
    REQUIRE(campaign.asked() <= 5);
  }
  CHECK(campaign.asked() == 5);
}

TEST_CASE("a design alone does not depend on how it is asked", "[campaign]") {
  for (const std::string design : {"uniform", "sobol", "maximin"}) {
    CampaignOptions options = toy_options();
    options.design = design;
    options.design_only = true;
    options.initial = 6;
    Campaign singly = toy_campaign(1, options);
    Campaign by_threes = toy_campaign(1, options);
    grow(singly, 13, 1);
    grow(by_threes, 13, 3);
    INFO(design);
    CHECK(same(singly.queries(), by_threes.queries()));
    for (const Query& query : singly.queries()) {
      CHECK(query.why == "design");
      CHECK(singly.domain().admits(query.x));
    }
    CHECK(singly.design_left() > 1000);
  }
}

TEST_CASE("events that do not fit are refused, and change nothing", "[campaign]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 4);
  campaign.apply(campaign.propose(1));
  const auto refusal = [&](const Event& event) {
    const std::string checked = message_of<ArgumentError>([&] { campaign.check(event); });
    CHECK(message_of<ArgumentError>([&] { campaign.apply(event); }) == checked);
    return checked;
  };
  CHECK(contains(refusal(Asked{{{.id = 9, .x = Vector{{1.0, 2.0}}}}}),
                 "expected query 5 next, got 9"));
  CHECK(
      contains(refusal(Asked{{{.id = 5, .x = Vector{{1.0, 2.0}}}, {.id = 6, .x = Vector{{1.0}}}}}),
               "query 6 has 1 coordinates, the domain has 2"));
  CHECK(contains(refusal(Asked{{{.id = 5, .x = Vector{{1.0, -2.0}}, .why = "imported"}}}),
                 "no place on the scales"));
  CHECK(contains(refusal(Answered{7, ok(1.0)}), "the id of one of 5 queries, got 7"));
  CHECK(contains(refusal(Answered{0, ok(1.0)}), "query 0 is answered already"));
  CHECK(contains(refusal(Answered{4, ok(nan)}), "is not finite. Tell it as failed."));
  Answer two = ok(1.0);
  two.y = Vector{{1.0, 2.0}};
  CHECK(contains(refusal(Answered{4, two}), "has 2 values, there are 1 outputs"));
  Answer abandoned = failed();
  abandoned.status = Answer::Status::Abandoned;
  CHECK(contains(refusal(Answered{4, abandoned}), "it stays open"));
  CHECK(campaign.asked() == 5);
  CHECK(campaign.open().size() == 1);
}

TEST_CASE("the estimated error is that of leave-one-out, of the worst output", "[campaign]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 12);
  const Response& response = campaign.surrogate()[0];
  const LeaveOneOut left_out = response.leave_one_out();
  const double rmse =
      std::sqrt((left_out.mean - response.observed()).squaredNorm() / 12.0) / response.spread();
  CHECK(campaign.estimated_error() == Approx(rmse));
  CHECK(campaign.estimated_error_at(12) == Approx(rmse).epsilon(1e-6));
  CHECK(std::isnan(campaign.estimated_error_at(1)));
  CHECK(campaign.estimated_error_at(6) > campaign.estimated_error());
}

TEST_CASE("a campaign passes on the mistake of a criterion, and fills where numbers break down",
          "[campaign]") {
  const auto proposed_by = [](const Criterion& criterion) {
    Campaign campaign(toy_domain(), {{"lift", "N"}}, criterion, toy_options(), 1);
    while (campaign.design_left() > 0) grow(campaign, campaign.asked() + 1);
    return campaign.propose(1).queries.at(0).why;
  };
  const Criterion mistaken{"mistaken", [](const Surrogate& surrogate, Rng) -> Acquisition {
                             surrogate[0].predict(Points::Zero(1, 3));
                             return Acquisition([](VectorView) { return 0.0; });
                           }};
  const Criterion broken{"broken", [](const Surrogate&, Rng) -> Acquisition {
                           throw NumericalError("nothing is left of the variance");
                         }};
  CHECK_THROWS_AS(proposed_by(mistaken), ArgumentError);
  CHECK(contains(proposed_by(broken), "space filling: nothing is left"));
}

TEST_CASE("outputs without a place in double precision are filled, not refused", "[campaign]") {
  Campaign campaign = toy_campaign();
  while (campaign.design_left() > 0) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    const Index id = asked.queries[0].id;
    campaign.apply(Answered{id, ok(1e150 * toy_value(asked.queries[0].x)[0])});
  }
  CHECK(contains(campaign.propose(1).queries.at(0).why, "has no place in double precision"));
}

Answer transient() {
  Answer answer = failed("could not start", "no licence");
  answer.transient = true;
  return answer;
}

TEST_CASE("a failure of the world leaves its query open, and is written off at the fourth",
          "[campaign]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(4));
  for (int times = 1; times <= 3; ++times) {
    Answer answer = transient();
    answer.attempts = times;
    campaign.apply(Answered{0, answer});
    CHECK_FALSE(campaign.answer(0).has_value());
    CHECK(campaign.open().front().attempts == times);
    CHECK(campaign.spent() == 4);
    answer_truly(campaign, times);
  }
  campaign.apply(Answered{0, transient()});
  CHECK(campaign.answer(0)->kind == "could not start");
  CHECK(campaign.spent() == 3);
}

TEST_CASE("while the world fails everybody nothing is written off", "[campaign]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(2));
  for (int times = 1; times <= 50; ++times) campaign.apply(Answered{times % 2, transient()});
  CHECK(campaign.open().size() == 2);
  // Nor does the last one for ever, where others went well before.
  answer_truly(campaign, 0);
  campaign.apply(Answered{1, transient()});
  CHECK(campaign.open().empty());
}

TEST_CASE("failures of the world move no proposal", "[campaign]") {
  Campaign calm = toy_campaign();
  Campaign stormy = toy_campaign();
  for (Campaign* campaign : {&calm, &stormy}) grow(*campaign, 8);
  for (Campaign* campaign : {&calm, &stormy}) campaign->apply(campaign->propose(1));
  stormy.apply(Answered{8, transient()});
  for (Campaign* campaign : {&calm, &stormy}) answer_truly(*campaign, 8);
  CHECK(same(calm.propose(1), stormy.propose(1)));
}

TEST_CASE("what is learnt stands where it was simulated", "[campaign]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(1));
  Answer moved = ok(3.0);
  moved.x = campaign.queries()[0].x;
  moved.x[0] += 1e-3;
  Answer outside = moved;
  outside.x[1] = -1.0;
  CHECK(contains(message_of<ArgumentError>([&] {
                   campaign.check(Answered{0, outside});
                 }),
                 "no place on the scales"));
  campaign.apply(Answered{0, moved});
  CHECK(Vector(campaign.data().x.row(0)) == moved.x);
  CHECK(campaign.queries()[0].x != moved.x);
}

TEST_CASE("where an output never arrives it is not asked for", "[campaign]") {
  // One output is a straight line, the other one is missing where width > 2, half of the box.
  CampaignOptions options = toy_options();
  options.initial = 10;
  Campaign campaign(toy_domain(), {{"mass", "kg"}, {"lift", "N"}},
                    criteria::integrated_variance(64), options, 4);
  Index late = 0;
  while (campaign.asked() < 26) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    const Query& query = asked.queries[0];
    const bool missing = query.x[0] > 2.0;
    Answer answer = ok(0.0);
    answer.y = (Vector(2) << query.x[0], missing ? nan : toy_value(query.x)[0]).finished();
    if (missing) answer.kind = "output missing";
    campaign.apply(Answered{query.id, answer});
    if (missing && query.id >= 14) ++late;
  }
  // At random six of twelve, and five or more in nine of ten; the edge itself is looked at.
  CHECK(late <= 4);
}

TEST_CASE("a region where runs fail is asked less once it is known", "[campaign]") {
  // Runs fail where width > 2.6: a third of the box. Twelve queries after the design of eight.
  const auto failing = [](bool learn) {
    CampaignOptions options = toy_options();
    options.initial = 8;
    options.learn_failures = learn;
    Campaign campaign = toy_campaign(3, options);
    Index failures = 0;
    while (campaign.asked() < 24) {
      const Asked asked = campaign.propose(1);
      campaign.apply(asked);
      const Query& query = asked.queries[0];
      const bool fails = query.x[0] > 2.6;
      if (fails && query.id >= 12) ++failures;
      campaign.apply(Answered{query.id, fails ? failed() : ok(toy_value(query.x)[0])});
    }
    return failures;
  };
  CHECK(failing(true) < failing(false));
}

}  // namespace
}  // namespace sonde
