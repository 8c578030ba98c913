#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "sonde/base/error.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/replay.hpp"
#include "sonde/run/run.hpp"
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
using testing_support::ok;
using testing_support::toy_campaign;
using testing_support::toy_domain;
using testing_support::toy_options;
using testing_support::toy_value;

constexpr Index any = std::numeric_limits<Index>::max();

CampaignOptions streaming(double budget = 0.1, std::vector<Step> steps = {}) {
  CampaignOptions options = toy_options();
  options.initial = 6;
  options.stream = StreamOptions{.budget = budget};
  options.steps = std::move(steps);
  return options;
}

Points arrivals(Index n, std::uint64_t seed = 11) {
  return design::uniform(toy_domain(), n, Rng(seed));
}

// As run() does: a search that is due, a decision, and the answers to what was asked.
struct Stream {
  Campaign campaign;
  std::vector<Event> events{};

  void happen(const Event& event) {
    campaign.apply(event);
    events.push_back(event);
  }
  void designed() {
    while (!campaign.is_streaming()) {
      const Asked asked = campaign.propose(1);
      happen(asked);
      for (const Query& query : asked.queries) answer(query);
    }
  }
  void answer(const Query& query) { happen(Answered{query.id, ok(toy_value(query.x)[0])}); }
  Decided arrive(PointsView x, bool kept = true, double share = 1.0, Index most = any) {
    if (const std::optional<Fitted> fitted = campaign.due_for_stream()) happen(*fitted);
    Decided decided = campaign.decide(x, share, most, kept);
    if (!decided.asked.queries.empty()) happen(decided.asked);
    happen(decided.passed);
    for (const Query& query : decided.asked.queries) answer(query);
    return decided;
  }
};

Stream stream_of(CampaignOptions options, std::uint64_t seed = 1) {
  Stream stream{toy_campaign(seed, std::move(options))};
  stream.designed();
  return stream;
}

TEST_CASE("of what arrives within the budget is asked, with what is predicted of all",
          "[arrivals]") {
  Stream stream = stream_of(streaming(0.1));
  CHECK(stream.campaign.propose(3).queries.empty());
  const Points x = arrivals(400);
  Index asked = 0;
  for (Index i = 0; i < 400; i += 20) {
    const Decided decided = stream.arrive(x.middleRows(i, 20));
    REQUIRE(decided.decisions.size() == 20);
    REQUIRE(decided.mean.rows() == 20);
    for (std::size_t j = 0; j < decided.asked.queries.size(); ++j) {
      const Query& query = decided.asked.queries[j];
      CHECK(query.x == x.row(i + decided.passed.asked[j]).transpose());
      CHECK(query.selection.row == i + decided.passed.asked[j]);
      CHECK(query.mean[0] == decided.mean(decided.passed.asked[j], 0));
      ++asked;
    }
  }
  CHECK(stream.campaign.arrived() == 400);
  CHECK(stream.campaign.gate()->asked() == asked);
  CHECK(std::abs(asked - 40) <= 12);  // the quantile is kept within ten or so
}

TEST_CASE("nothing impossible is asked, and nothing twice", "[arrivals]") {
  CampaignOptions options = streaming(1.0);
  options.stream->apart = 0.0;
  Stream stream = stream_of(options);
  Points x(5, 2);
  x << 2.0, 10.0,  // fine
      2.0, 10.0,   // again
      5.0, 10.0,   // outside of the bounds
      3.9, 90.0,   // breaks the constraint
      1.0, 0.0;    // no place on a logarithmic scale
  const Decided decided = stream.arrive(x);
  CHECK(decided.decisions == std::vector<Decision>{Decision::Worthy, Decision::Known,
                                                   Decision::Inadmissible, Decision::Inadmissible,
                                                   Decision::Inadmissible});
  CHECK(stream.arrive(x.topRows(1)).decisions.front() == Decision::Known);
}

TEST_CASE("to decide changes nothing, and those after the last that may be asked wait",
          "[arrivals]") {
  Stream stream = stream_of(streaming(0.5));
  const Points x = arrivals(50);
  const Decided all = stream.campaign.decide(x, 1.0, any, true);
  const Decided again = stream.campaign.decide(x, 1.0, any, true);
  CHECK(all.decisions == again.decisions);
  const Decided two = stream.campaign.decide(x, 1.0, 2, true);
  CHECK(two.asked.queries.size() == 2);
  CHECK(two.passed.asked ==
        std::vector<Index>(all.passed.asked.begin(), all.passed.asked.begin() + 2));
  CHECK(two.passed.worth.size() == two.passed.asked.back() + 1);
  CHECK(stream.campaign.decide(x, 0.0, any, true).asked.queries.empty());
}

TEST_CASE("a campaign that is resumed decides as it would have, and replay proves it",
          "[arrivals]") {
  for (const bool kept : {true, false}) {
    CampaignOptions options = streaming(0.2);
    options.stream->audit_share = 0.2;
    Stream stream = stream_of(options);
    const Points x = arrivals(200);
    for (Index i = 0; i < 160;)  // sometimes cut short
      i += stream.arrive(x.middleRows(i, std::min<Index>(8, 160 - i)), kept, 1.0, 1)
               .passed.worth.size();
    Campaign resumed = toy_campaign(1, options);
    for (const Event& event : stream.events) resumed.apply(event);
    CHECK(resumed.arrived() == 160);
    CHECK(resumed.decide(x.bottomRows(40), 1.0, any, kept).decisions ==
          stream.campaign.decide(x.bottomRows(40), 1.0, any, kept).decisions);
    const Replayed result =
        replayed(stream.events, [&](const Edited*) { return toy_campaign(1, options); });
    CHECK((result.first
               ? result.first->what + " " + result.first->recorded + " " + result.first->derived
               : "") == "");
    CHECK(result.queries + result.brought == resumed.asked());
    CHECK((result.brought == 0) == kept);
  }
}

TEST_CASE("replay finds a decision that was changed", "[arrivals]") {
  const CampaignOptions options = streaming(0.2);
  Stream stream = stream_of(options);
  const Points x = arrivals(40);
  for (Index i = 0; i < 40; i += 8) stream.arrive(x.middleRows(i, 8));
  for (Event& event : stream.events)
    if (auto* passed = std::get_if<Passed>(&event); passed && passed->first == 16)
      passed->worth[3] *= 1.0 + 1e-12;
  const Replayed result =
      replayed(stream.events, [&](const Edited*) { return toy_campaign(1, options); });
  REQUIRE(result.first);
  CHECK(result.first->what == "worth of arrival 3");
}

TEST_CASE("what is audited is held out, and tells how often intervals were right", "[arrivals]") {
  CampaignOptions options = streaming(0.3);
  options.stream->audit_share = 0.5;
  Stream stream = stream_of(options, 3);
  const Points x = arrivals(300);
  for (Index i = 0; i < 300; i += 10) stream.arrive(x.middleRows(i, 10));
  const std::vector<Index> audits = stream.campaign.validation_ids();
  CHECK(audits.size() > 15);
  for (const Index id : audits) {
    const Query& query = stream.campaign.queries()[static_cast<std::size_t>(id)];
    CHECK(query.why == "validation");
    CHECK(query.mean.size() == 1);
  }
  for (const Index id : stream.campaign.data_ids())
    CHECK(std::find(audits.begin(), audits.end(), id) == audits.end());
}

TEST_CASE("streamed points that were passed over are candidates of the next step", "[arrivals]") {
  CampaignOptions options =
      streaming(0.1, {{Maker::Stream, 4}, {Maker::Pool, 3}, {Maker::Synthesis, 0}});
  options.stream->audit_share = 0.0;  // these are no part of a step
  Stream stream = stream_of(options);
  const Points x = arrivals(300);
  for (Index i = 0; i < 300 && stream.campaign.is_streaming(); i += 5)
    stream.arrive(x.middleRows(i, 5), true, 1.0, 4 - (stream.campaign.asked() - 6));
  REQUIRE(stream.campaign.asked() == 10);
  const Asked asked = stream.campaign.propose(5);
  REQUIRE(asked.queries.size() == 3);
  for (const Query& query : asked.queries) {
    CHECK(query.selection.row >= 0);
    CHECK((x.rowwise() - query.x.transpose()).rowwise().squaredNorm().minCoeff() == 0.0);
  }
}

TEST_CASE("deciding by what is learnt beats passing at random with the same budget", "[arrivals]") {
  // A criterion of one worth for all draws at random: ties are broken so.
  const Criterion blind{
      "blind", [](const Surrogate&, Rng) { return Acquisition([](VectorView) { return 1.0; }); }};
  const auto error_of = [&](const Criterion& criterion, std::uint64_t seed) {
    CampaignOptions options = streaming(0.05);
    options.stream->random_share = options.stream->audit_share = options.stream->apart = 0.0;
    Stream stream{Campaign(toy_domain(), {{"lift", "N"}}, criterion, options, seed)};
    stream.designed();
    const Points x = arrivals(2000, seed);
    for (Index i = 0; i < 2000 && stream.campaign.asked() < 24; i += 4)
      stream.arrive(x.middleRows(i, 4), false, 1.0, 24 - stream.campaign.asked());
    double sum = 0.0;
    const Points at = design::uniform(toy_domain(), 400, Rng(77));
    const Vector mean = stream.campaign.surrogate()[0].predict(at).mean;
    for (Index i = 0; i < 400; ++i) sum += std::pow(mean[i] - toy_value(at.row(i))[0], 2);
    return std::log(sum);
  };
  double difference = 0.0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    difference += error_of(criteria::integrated_variance(32), seed) - error_of(blind, seed);
  CHECK(difference < 0.0);
}

TEST_CASE("arrivals that were lost with a damaged journal cost nothing of the budget",
          "[arrivals]") {
  Stream stream = stream_of(streaming(0.5));
  stream.arrive(arrivals(4));
  const double balance = stream.campaign.gate()->balance();
  stream.campaign.apply(Passed{.first = 10, .worth = Vector::Ones(2), .budget = 0.5});
  CHECK(stream.campaign.arrived() == 12);
  CHECK(stream.campaign.gate()->balance() == Approx(balance + 1.0));
}

// Points that arrive one by one as run() asks for them.
struct Source {
  Campaign& campaign;
  Points x;
  Index next = 0;
  std::vector<double> shares{};

  bool operator()(double, double share, Index most) {
    shares.push_back(share);
    if (next >= x.rows()) return false;
    const Decided decided = campaign.decide(x.middleRows(next, 1), share, most, true);
    if (!decided.asked.queries.empty()) campaign.apply(decided.asked);
    campaign.apply(decided.passed);
    ++next;
    return true;
  }
};

TEST_CASE("a run attends to a stream until its budget is used up, or the stream ends",
          "[arrivals]") {
  Campaign campaign = toy_campaign(1, streaming(0.2));
  const auto source = std::make_shared<Source>(Source{campaign, arrivals(300)});
  RunOptions options{.workers = 2, .max_queries = 20, .pace = Pace::Streaming};
  options.arrivals = [source](double seconds, double share, Index most) {
    return (*source)(seconds, share, most);
  };
  RunEnd end = run(campaign, testing_support::toy_oracle(), {}, options);
  CHECK(end.state == RunEnd::State::Stopped);
  CHECK(campaign.asked() == 20);
  CHECK(campaign.answered() == 20);
  CHECK(source->next < 300);
  options.max_queries = 0;
  end = run(campaign, testing_support::toy_oracle(), {}, options);
  CHECK(end.state == RunEnd::State::Exhausted);
  CHECK(end.reason == "the stream has ended");
  CHECK(campaign.arrived() == 300);
  CHECK(campaign.open().empty());
}

TEST_CASE("the more queries wait for a worker, the less of the budget may be spent", "[arrivals]") {
  Campaign campaign = toy_campaign(1, streaming(1.0));
  grow(campaign, 6);
  const auto source = std::make_shared<Source>(Source{campaign, arrivals(60)});
  testing_support::Latch latch;
  RunOptions options{.workers = 1, .pace = Pace::Streaming};
  options.arrivals = [&](double seconds, double share, Index most) {
    const bool more = (*source)(seconds, share, most);
    if (!more) latch.open();
    return more;
  };
  const Oracle oracle({{"lift", "N"}}, [&](VectorView x) {
    latch.pass();
    return toy_value(x);
  });
  run(campaign, oracle, {}, options);
  CHECK(*std::min_element(source->shares.begin(), source->shares.end()) == 0.0);
  CHECK(campaign.asked() == 6 + 5);  // one runs, four wait
}

TEST_CASE("arrivals that do not follow each other are refused", "[arrivals]") {
  Stream stream = stream_of(streaming());
  const auto refusal = [&](Passed passed) {
    return message_of<ArgumentError>([&] { stream.campaign.apply(passed); });
  };
  stream.arrive(arrivals(4));
  CHECK(contains(refusal({.first = 3, .worth = Vector::Zero(2)}), "expected arrival 4 next"));
  CHECK(contains(refusal({.worth = Vector::Zero(2), .asked = {2}, .queries = {0}}),
                 "ascending below 2"));
  CHECK(contains(refusal({.worth = Vector::Zero(2), .asked = {1}, .queries = {99}}), "query 99"));
  CHECK(contains(refusal({.x = Points(1, 2), .worth = Vector::Zero(2)}), "2 arrivals with 1"));
}

}  // namespace
}  // namespace sonde
