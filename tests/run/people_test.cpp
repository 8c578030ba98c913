#include "sonde/run/people.hpp"

#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/run.hpp"
#include "sonde/run/stop.hpp"
#include "sonde/run/study.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_directory.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

constexpr double inf = std::numeric_limits<double>::infinity();

void happen(Campaign& campaign, std::vector<Event>& events, const Event& event) {
  campaign.apply(event);
  events.push_back(event);
}

// Everything that people can do to a campaign, and queries of its surrogate behind it.
std::vector<Event> eventful(Campaign& campaign) {
  std::vector<Event> events;
  const auto ask = [&](Index k) { happen(campaign, events, campaign.propose(k)); };
  const auto value = [&](Index id) {
    return ok(toy_value(campaign.queries()[static_cast<std::size_t>(id)].x)[0]);
  };
  ask(4);
  happen(campaign, events, Leased{{0, 2}, "alice", 100.0});
  happen(campaign, events, Reviewed{.id = 3, .verdict = Reviewed::Verdict::Approved, .by = "eve"});
  for (const Index id : {0, 1, 2}) happen(campaign, events, Answered{id, value(id)});
  happen(campaign, events, Told{3, "bob", value(3), 0.5, "as it seems"});
  happen(campaign, events, Answered{3, value(3)});
  ask(2);
  happen(campaign, events,
         Reviewed{4, Reviewed::Verdict::Edited, Vector{{1.25, 10.0}}, "rounder", "eve"});
  happen(campaign, events, Reviewed{5, Reviewed::Verdict::Rejected, {}, "too hot", "eve"});
  happen(campaign, events, Answered{4, value(4)});
  happen(campaign, events, Corrected{1, ok(0.25), "misread", "bob"});
  ask(1);
  happen(campaign, events, Corrected{2, failed("told", "broken"), "it was broken", "bob"});
  ask(2);
  return events;
}

TEST_CASE("a campaign replayed to any event proposes what was proposed, whatever people did",
          "[people]") {
  Campaign live = toy_campaign();
  const std::vector<Event> events = eventful(live);
  for (std::size_t cut = 0; cut < events.size(); ++cut) {
    if (!std::holds_alternative<Asked>(events[cut])) continue;
    Campaign replayed = toy_campaign();
    for (std::size_t i = 0; i < cut; ++i) replayed.apply(events[i]);
    const Asked& recorded = std::get<Asked>(events[cut]);
    CHECK(same(replayed.propose(static_cast<Index>(recorded.queries.size())), recorded));
  }
}

TEST_CASE("what people did reads back from the journal as it was, with the names of requests",
          "[people]") {
  const TemporaryDirectory folder;
  Campaign live = toy_campaign();
  const std::vector<Event> events = eventful(live);
  {
    Journal journal = Journal::create(
        folder / "j", {.parameters = live.domain().parameters(), .outputs = live.outputs()});
    for (const Event& event : events) journal.append(event);
    journal.append(Leased{{8}, "a \"b\"\n", inf}, "request#1");
    CHECK(journal.events_of("request#1").size() == 1);
  }
  const Journal journal = Journal::read(folder / "j");
  // And a model is an event of its own there.
  const auto fitted = std::count_if(events.begin(), events.end(), [](const Event& event) {
    const auto* asked = std::get_if<Asked>(&event);
    return asked && asked->fitted;
  });
  CHECK(fitted > 0);
  REQUIRE(journal.events().size() == events.size() + static_cast<std::size_t>(fitted) + 1);
  REQUIRE(journal.events_of("request#1").size() == 1);
  const auto& leased = std::get<Leased>(journal.events_of("request#1")[0]);
  CHECK(leased.who == "a \"b\"\n");
  CHECK(leased.until == inf);
  CHECK(journal.events_of("request").empty());
  Campaign replayed = toy_campaign();
  for (const Event& event : journal.events()) replayed.apply(event);
  CHECK(same(replayed.queries(), live.queries()));
  CHECK(replayed.data().x == live.data().x);
  CHECK(replayed.data().y == live.data().y);
  CHECK(same(replayed.propose(1), live.propose(1)));
  CHECK(replayed.handling(3).told[0].rationale == "as it seems");
  CHECK(replayed.handling(3).told[0].confidence == 0.5);
  CHECK(replayed.handling(5).review->reason == "too hot");
  CHECK(replayed.handling(1).corrections == 1);
}

TEST_CASE("after a correction the campaign is as if the right answer had come at once",
          "[people]") {
  Campaign wrong = toy_campaign();
  Campaign right = toy_campaign();
  for (Campaign* campaign : {&wrong, &right}) campaign->apply(campaign->propose(4));
  for (const Index id : {0, 1, 2, 3}) {
    answer_truly(right, id);
    if (id != 2) answer_truly(wrong, id);
  }
  wrong.apply(Answered{2, ok(99.0)});
  CHECK(wrong.surrogate().parameters().rows() > 0);  // which must not be kept
  wrong.apply(Corrected{2, *right.answer(2), "a typing error", "bob"});
  CHECK(wrong.data().y == right.data().y);
  CHECK(same(wrong.propose(2), right.propose(2)));

  // A failure that was none, and the other way round.
  wrong.apply(Corrected{2, failed(), "", ""});
  CHECK(wrong.data().size() == 3);
  CHECK(wrong.failed().size() == 1);
  wrong.apply(Corrected{2, *right.answer(2), "", ""});
  CHECK(wrong.data().y == right.data().y);
  CHECK(wrong.data_ids() == right.data_ids());
  CHECK(wrong.handling(2).corrections == 3);
}

TEST_CASE("a query that was rejected costs nothing and is not asked again nearby", "[people]") {
  Campaign campaign = toy_campaign();
  grow(campaign, 6);
  const Asked asked = campaign.propose(1);
  campaign.apply(asked);
  campaign.apply(Reviewed{6, Reviewed::Verdict::Rejected, {}, "too hot", "eve"});
  CHECK(campaign.rejected() == 1);
  CHECK(campaign.failed().empty());
  CHECK(campaign.open().empty());
  CHECK(campaign.data().size() == 6);
  CHECK_FALSE(after_queries(7)(campaign));
  const Domain& domain = campaign.domain();
  const Query next = campaign.propose(1).queries[0];
  CHECK((domain.to_unit(next.x) - domain.to_unit(asked.queries[0].x)).norm() > 0.02);
}

TEST_CASE("the point that an edit has replaced is not asked again", "[people]") {
  for (const std::string design : {"uniform", "maximin"}) {
    CampaignOptions options = toy_options();
    options.design = design;
    Campaign campaign = toy_campaign(1, options);
    const Domain& domain = campaign.domain();
    Points away(0, domain.dim());
    const auto edit = [&](const Vector& x) {
      const Asked asked = campaign.propose(1);
      const Query query = asked.queries[0];
      for (Index i = 0; i < away.rows(); ++i)
        CHECK((domain.to_unit(query.x) - domain.to_unit(away.row(i))).norm() > 1e-3);
      campaign.apply(asked);
      campaign.apply(Reviewed{query.id, Reviewed::Verdict::Edited, x, "", ""});
      answer_truly(campaign, query.id);
      away.conservativeResize(away.rows() + 1, Eigen::NoChange);
      away.row(away.rows() - 1) = query.x;
    };
    for (int k = 0; k < 9; ++k) edit(Vector{{1.0 + 0.3 * k, 10.0 - 0.7 * k}});
    CHECK(campaign.data().size() == 9);
  }
}

TEST_CASE("queries are held until they are reviewed, where the campaign is to be reviewed",
          "[people]") {
  CampaignOptions options = toy_options();
  options.review = true;
  Campaign campaign = toy_campaign(1, options);
  campaign.apply(campaign.propose(3));
  CHECK(campaign.held(0));
  campaign.apply(Reviewed{.id = 0, .verdict = Reviewed::Verdict::Approved});
  CHECK_FALSE(campaign.held(0));
  const Vector elsewhere{{2.0, 7.0}};
  campaign.apply(Reviewed{1, Reviewed::Verdict::Edited, elsewhere, "", ""});
  CHECK(campaign.queries()[1].x == elsewhere);
  CHECK(campaign.queries()[1].mean.size() == 0);
  campaign.apply(Reviewed{2, Reviewed::Verdict::Rejected, {}, "no", ""});
  CHECK_FALSE(campaign.held(2));
  answer_truly(campaign, 1);
  CHECK(campaign.data().x.row(0).transpose() == elsewhere);
}

TEST_CASE("a lease is renewed by the same person, not by another", "[people]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(2));
  campaign.apply(Leased{{0, 1}, "alice", 10.0});
  campaign.apply(Leased{{0}, "alice", 20.0});
  campaign.apply(Leased{{0}, "bob", 15.0});
  campaign.apply(Leased{{0}, "", 5.0});
  campaign.apply(Leased{{0}, "", 6.0});
  const std::vector<Handling::Lease>& leases = campaign.handling(0).leases;
  REQUIRE(leases.size() == 4);
  CHECK(leases[0].until == 20.0);
  CHECK(leases[1].who == "bob");
  CHECK(campaign.handling(1).leases.size() == 1);
}

TEST_CASE("what people cannot do leaves the campaign as it was", "[people]") {
  Campaign campaign = toy_campaign();
  campaign.apply(campaign.propose(3));
  answer_truly(campaign, 0);
  campaign.apply(Reviewed{1, Reviewed::Verdict::Rejected, {}, "no", ""});
  campaign.apply(Told{2, "bob", ok(1.0), 0.5, ""});
  const auto refused = [&](const Event& event, const std::string& part) {
    CHECK(contains(message_of<ArgumentError>([&] { campaign.check(event); }), part));
    CHECK_THROWS_AS(campaign.apply(event), ArgumentError);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refused(Leased{{0}, "a", 1.0}, "query 0 is answered already");
  refused(Leased{{}, "a", 1.0}, "a lease of no queries");
  refused(Leased{{2}, "a", nan}, "a lease needs an end");
  refused(Leased{{7}, "a", 1.0}, "expected the id of one of 3 queries, got 7");
  refused(Told{2, "bob", ok(2.0), 0.5, ""}, "'bob' has told query 2 already");
  refused(Told{2, "eve", ok(2.0), 1.5, ""}, "expected a confidence from 0 to 1, got 1.5");
  refused(Told{2, "eve", ok(nan), 0.5, ""}, "is not finite");
  refused(Told{0, "eve", ok(1.0), 0.5, ""}, "query 0 is answered already");
  refused(Corrected{2, ok(1.0), "", ""}, "query 2 is not answered yet");
  refused(Corrected{1, ok(1.0), "", ""}, "query 1 was rejected");
  refused(Corrected{0, ok(nan), "", ""}, "is not finite");
  refused(Reviewed{1, Reviewed::Verdict::Approved, {}, "", ""}, "query 1 is answered already");
  refused(Reviewed{2, Reviewed::Verdict::Edited, Vector::Zero(1), "", ""}, "has 1 coordinates");
  refused(Reviewed{2, Reviewed::Verdict::Edited, Vector{{1.0, -1.0}}, "", ""}, "has no place");
  campaign.apply(Reviewed{.id = 2});
  refused(Reviewed{.id = 2}, "query 2 is reviewed already");
  CHECK(campaign.handling(2).told.size() == 1);
  CHECK(campaign.answered() == 2);
}

std::vector<Told> told_by(const std::vector<std::pair<std::string, double>>& values) {
  std::vector<Told> told;
  for (const auto& [who, value] : values)
    told.push_back({0, who, std::isnan(value) ? failed("told", "broke") : ok(value), 0.5, ""});
  return told;
}

TEST_CASE("several answers that agree become their median, others are ruled upon", "[people]") {
  const Vector spread = Vector::Constant(1, 2.0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const PeopleRule three{.people = 3, .agree = 0.05};
  CHECK_FALSE(settled(told_by({{"a", 1.0}, {"b", 2.0}}), three, spread));

  const auto agreed = settled(told_by({{"a", 1.0}, {"b", 1.0625}, {"c", 1.02}}), three, spread);
  CHECK(agreed->y[0] == 1.02);  // 0.0625 / 2 < 0.05
  CHECK(agreed->message == "agreed: median of 3");
  CHECK(agreed->host == "a, b, c");
  const auto disputed = settled(told_by({{"a", 1.0}, {"b", 1.2}, {"c", 1.02}}), three, spread);
  CHECK(disputed->y[0] == 1.02);
  CHECK(disputed->message == "disputed: median of 3 values and 0 failures");
  const auto even = settled(told_by({{"a", 1.0}, {"b", 4.0}}), {.people = 2}, spread);
  CHECK(even->y[0] == 2.5);

  const auto mixed = settled(told_by({{"a", 1.0}, {"b", nan}, {"c", 3.0}}), three, spread);
  CHECK(mixed->status == Answer::Status::Ok);
  CHECK(mixed->y[0] == 2.0);
  const auto lost = settled(told_by({{"a", nan}, {"b", nan}, {"c", 3.0}}), three, spread);
  CHECK(lost->status == Answer::Status::Failed);
  CHECK(lost->message == "disputed: most told a failure of 1 values and 2 failures: broke");
  const auto all = settled(told_by({{"a", nan}, {"b", nan}, {"c", nan}}), three, spread);
  CHECK(all->message == "agreed: broke");

  const PeopleRule expert{.people = 2, .expert = "e"};
  CHECK_FALSE(settled(told_by({{"a", 1.0}, {"b", 4.0}}), expert, spread));
  CHECK(settled(told_by({{"a", 1.0}, {"b", 1.01}}), expert, spread));
  const auto word = settled(told_by({{"a", 1.0}, {"b", 4.0}, {"e", 3.5}}), expert, spread);
  CHECK(word->y[0] == 3.5);
  CHECK(word->message == "disputed: e decides");

  CHECK(disagreement(told_by({{"a", 1.0}}), spread) == 0.0);
  CHECK(disagreement(told_by({{"a", 1.0}, {"b", 4.0}}), spread) == 1.5);
  CHECK(disagreement(told_by({{"a", 1.0}, {"b", nan}}), spread) == inf);
}

TEST_CASE("the order in which people tell does not matter to what it comes to", "[people]") {
  const Vector spread = Vector::Constant(1, 2.0);
  const auto one = settled(told_by({{"a", 1.0}, {"b", 5.0}, {"c", 2.0}}), {.people = 3}, spread);
  const auto other = settled(told_by({{"c", 2.0}, {"a", 1.0}, {"b", 5.0}}), {.people = 3}, spread);
  CHECK(one->y == other->y);
  CHECK(one->message == other->message);
}

TEST_CASE("the spread is the answers' standard deviation, or their size, or 1", "[people]") {
  Campaign campaign = toy_campaign();
  CHECK(campaign.spread()[0] == 1.0);
  campaign.apply(campaign.propose(3));
  campaign.apply(Answered{0, ok(-4.0)});
  CHECK(campaign.spread()[0] == 4.0);
  campaign.apply(Answered{1, ok(2.0)});  // mean -1, squares 9 + 9 over 1
  CHECK(campaign.spread()[0] == Approx(std::sqrt(18.0)));
}

TEST_CASE("run leaves what is not ready, and goes on with others", "[people]") {
  Campaign campaign = toy_campaign();
  std::vector<Index> order;
  bool free = false;
  int looks = 0;
  const RunOptions options{.workers = 2,
                           .pace = Pace::Streaming,
                           .outside = [&] { free = ++looks > 3; },
                           .ready = [&](const Query& query) { return free || query.id != 0; }};
  const Recorder recorder = [&](std::span<const Event> events) {
    for (const Event& event : events)
      if (const auto* answered = std::get_if<Answered>(&event)) order.push_back(answered->id);
  };
  run(campaign, toy_oracle(), after_queries(4), options, recorder);
  CHECK(order.size() == 4);
  CHECK(order.back() == 0);
  CHECK(campaign.open().empty());
}

TEST_CASE("run answers what others asked meanwhile and did not answer", "[people]") {
  Campaign campaign = toy_campaign();
  bool asked = false, free = false;
  int looks = 0;
  const RunOptions options{.workers = 1,
                           .outside =
                               [&] {
                                 free = ++looks > 4;
                                 if (asked || campaign.answered() == 0) return;
                                 asked = true;
                                 campaign.apply(campaign.propose(1));
                               },
                           .ready = [&](const Query& query) { return free || query.id != 1; }};
  run(campaign, toy_oracle(), after_queries(2), options);
  CHECK(asked);
  CHECK(campaign.open().empty());
  CHECK(campaign.data().size() == campaign.asked());
}

TEST_CASE("run takes what somebody told meanwhile for answered", "[people]") {
  Campaign campaign = toy_campaign();
  Latch latch;
  const Oracle oracle({{"lift", "N"}}, [&](VectorView x) {
    latch.pass();
    return toy_value(x);
  });
  const RunOptions options{.workers = 1, .outside = [&] {
                             if (campaign.asked() == 0 || campaign.answer(0)) return;
                             latch.await(1);
                             campaign.apply(Answered{0, ok(7.0)});
                             latch.open();
                           }};
  run(campaign, oracle, after_queries(3), options);
  CHECK(campaign.answer(0)->y[0] == 7.0);
  CHECK(campaign.answered() == 4);
}

TEST_CASE("run asks another query for one that was rejected", "[people]") {
  CampaignOptions held;
  held = toy_options();
  held.review = true;
  Campaign campaign = toy_campaign(1, held);
  const RunOptions options{.workers = 1,
                           .max_queries = 3,
                           .outside =
                               [&] {
                                 for (const Query& query : campaign.open()) {
                                   if (!campaign.held(query.id)) continue;
                                   const auto verdict = query.id == 1 ? Reviewed::Verdict::Rejected
                                                                      : Reviewed::Verdict::Approved;
                                   campaign.apply(Reviewed{query.id, verdict, {}, "", ""});
                                 }
                               },
                           .ready = [&](const Query& query) { return !campaign.held(query.id); }};
  run(campaign, toy_oracle(), after_queries(3), options);
  CHECK(campaign.asked() == 4);
  CHECK(campaign.rejected() == 1);
  CHECK(campaign.data().size() == 3);
}

Study parsed(const std::string& more) {
  return parse_study("sonde = 1\n[variables.a]\nbounds = [0, 9]\n[outputs.y]\n" + more, "s.toml");
}

TEST_CASE("a study says how people are heard", "[people]") {
  const Study study = parsed(
      "[simulator]\nkind = 'manual'\npeople = 3\ndispute = { expert = 'eve' }\nagree = 0.1\n"
      "[review]\nbefore = true\n[tags]\nwind = 'a > 3'\n");
  CHECK(study.people.people == 3);
  CHECK(study.people.expert == "eve");
  CHECK(study.people.agree == 0.1);
  CHECK(study.review_before);
  CHECK(study.campaign_options().review);
  CHECK(study.tags_of(Vector::Constant(1, 4.0)) == std::vector<std::string>{"wind"});
  CHECK(study.tags_of(Vector::Constant(1, 2.0)).empty());
  const Study plain = parsed("[simulator]\nkind = 'manual'\ndispute = 'median'\n");
  CHECK(plain.people.people == 1);
  CHECK_FALSE(plain.review_before);

  const auto refused = [](const std::string& more, const std::string& part) {
    CHECK(contains(message_of<StudyError>([&] { parsed(more); }), part));
  };
  const std::string manual = "[simulator]\nkind = 'manual'\n";
  refused(manual + "people = 0\n", "s.toml:7:10: simulator.people");
  refused(manual + "dispute = 'mean'\n", "simulator.dispute");
  refused(manual + "dispute = { expert = '' }\n", "simulator.dispute.expert");
  refused(manual + "dispute = { exprt = 'e' }\n", "expert");
  refused(manual + "agree = -1\n", "from 0 on, got -1");
  refused(manual + "[tags]\n\"a b\" = 'a > 3'\n", "expected a name of letters");
  refused(manual + "[tags]\nwind = 'a + 3'\n", "tags.wind: expected a condition");
  refused(manual + "[tags]\nwind = 'c > 3'\n", "tags.wind");
  refused(manual + "[review]\nbefor = true\n", "did you mean 'before'?");
  refused("[simulator]\nrun = ['x']\npeople = 2\n", "people");
}

TEST_CASE("of classes the one that most told counts, and of a tie none", "[people]") {
  const std::vector<Output> outputs{{"regime", "1", {"a", "b", "c"}}};
  const Vector one = Vector::Ones(1);
  const auto of = [&](std::vector<std::pair<std::string, double>> told, int people) {
    return settled(told_by(told), {.people = people}, one, outputs);
  };
  CHECK(of({{"x", 0.0}, {"y", 0.0}, {"z", 2.0}}, 3)->y[0] == 0.0);
  CHECK(of({{"x", 2.0}, {"y", 2.0}}, 2)->y[0] == 2.0);
  CHECK(of({{"v", 0.0}, {"w", 1.0}, {"x", 1.0}, {"y", 1.0}, {"z", 2.0}}, 5)->y[0] == 1.0);
  for (const auto& tied :
       {of({{"x", 0.0}, {"y", 2.0}}, 2), of({{"x", 0.0}, {"y", 1.0}, {"z", 2.0}}, 3),
        of({{"v", 0.0}, {"w", 0.0}, {"x", 1.0}, {"y", 2.0}, {"z", 2.0}}, 5)}) {
    CHECK(tied->status == Answer::Status::Failed);
    CHECK(tied->kind == "output missing");
    CHECK(contains(tied->message, "as many told one class as another"));
  }
}

}  // namespace
}  // namespace sonde
