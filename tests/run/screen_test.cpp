#include "sonde/run/screen.hpp"

#include <atomic>
#include <cmath>
#include <limits>

#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/run/run.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

Oracle saying(double y) {
  return Oracle({{"lift", "N"}}, [y](VectorView) { return Vector::Constant(1, y); });
}

Query foretold(double mean, double deviation) {
  return {.id = 0,
          .x = Vector{{1.0, 2.0}},
          .why = "integrated variance",
          .mean = Vector{{mean}},
          .deviation = Vector{{deviation}}};
}

TEST_CASE(
    "what the cheap simulator says as foretold is no run, anything else goes to the expensive",
    "[screen]") {
  const auto asked = [](double cheap, const Screen& screen, const Query& query) {
    return screened(saying(cheap), saying(7.0), screen).ask(query);
  };
  const Query query = foretold(1.0, 0.1);
  const Vector tenth{{0.1}};
  const Answer agreed = asked(1.09, {.tolerances = tenth}, query);
  CHECK(agreed.kind == agreed_kind);
  CHECK(is_no_run(agreed));
  CHECK(agreed.message == "lift = 1.09, foretold 1 +- 0.1");
  CHECK(asked(1.11, {.tolerances = tenth}, query).y[0] == 7.0);
  CHECK(asked(0.89, {.tolerances = tenth}, query).y[0] == 7.0);
  CHECK(asked(1.11, {.tolerances = 2.0 * tenth}, query).kind == agreed_kind);
  // As near, and hardly foretold: by chance.
  CHECK(asked(1.09, {.tolerances = tenth}, foretold(1.0, 0.31)).y[0] == 7.0);
  CHECK(asked(1.09, {.tolerances = tenth, .agree = 4.0}, foretold(1.0, 0.31)).kind == agreed_kind);
  const auto unsure = [](VectorView x, VectorView y) { return x[0] + y[0] > 2.05; };
  CHECK(asked(1.09, {.tolerances = tenth, .unsure = unsure}, query).y[0] == 7.0);
  CHECK(asked(1.01, {.tolerances = tenth, .unsure = unsure}, query).kind == agreed_kind);
  const double none = std::numeric_limits<double>::quiet_NaN();
  CHECK(asked(none, {.tolerances = tenth}, query).y[0] == 7.0);  // it failed
}

TEST_CASE("what was not asked for its worth is not screened", "[screen]") {
  const Oracle oracle = screened(saying(1.0), saying(7.0), {.tolerances = Vector{{1.0}}});
  Query query = foretold(1.0, 0.1);
  for (const char* why : {"validation", "random", "picked"}) {
    query.why = why;
    CHECK(oracle.ask(query).y[0] == 7.0);
  }
  CHECK(oracle.ask({.id = 0, .x = query.x, .why = "design"}).y[0] == 7.0);
}

TEST_CASE("a class agrees where it is the one foretold", "[screen]") {
  const auto regime = [](double k) {
    return Oracle({{"regime", "1", {"a", "b"}}},
                  [k](VectorView) { return Vector::Constant(1, k); });
  };
  const auto asked = [&](double cheap, double deviation) {
    return screened(regime(cheap), regime(0.0), {.tolerances = Vector{{1.0}}})
        .ask(foretold(1.0, deviation));
  };
  CHECK(asked(1.0, 0.1).message == "regime is b");
  CHECK(asked(0.0, 0.1).status == Answer::Status::Ok);
  CHECK(asked(1.0, 0.2).status == Answer::Status::Ok);  // less than 90 % likely
  CHECK(asked(1.0, std::numeric_limits<double>::quiet_NaN()).status == Answer::Status::Ok);
}

struct Counted {
  Campaign campaign;
  Index expensive;
  RunEnd end;
};

// The cheap one is right to the left of 2, and off by a half beyond.
Counted run_screened(Index runs, Index patience) {
  std::atomic<Index> count = 0;
  const Oracle expensive({{"lift", "N"}}, [&count](VectorView x) {
    ++count;
    return toy_value(x);
  });
  const Oracle cheap({{"lift", "N"}}, [](VectorView x) -> Vector {
    return toy_value(x).array() + (x[0] > 2.0 ? 0.5 : 0.0);
  });
  Campaign campaign = toy_campaign();
  RunEnd end = run(campaign, screened(cheap, expensive, {.tolerances = Vector{{0.2}}}),
                   any_of({after_queries(runs), after_agreed(patience)}), {.workers = 1});
  return {std::move(campaign), count, end};
}

TEST_CASE("agreed queries cost no run, teach nothing, and are not asked again", "[screen]") {
  const Counted told = run_screened(16, 1000);
  const Campaign& campaign = told.campaign;
  CHECK(told.expensive == 16);
  CHECK(campaign.spent() == 16);
  CHECK(campaign.data().size() == 16);
  REQUIRE(campaign.agreed() > 0);
  CHECK(campaign.asked() == 16 + campaign.agreed());
  CHECK(campaign.failed().empty());
  for (const Query& query : campaign.queries()) {
    const bool agreed = campaign.answer(query.id)->kind == agreed_kind;
    if (agreed)
      CHECK(std::abs(toy_value(query.x)[0] + (query.x[0] > 2.0 ? 0.5 : 0.0) - query.mean[0]) <=
            query.deviation[0]);
    for (Index id = 0; id < query.id; ++id)
      CHECK(campaign.queries()[static_cast<std::size_t>(id)].x != query.x);
  }
}

// Five hundred points, in the same domain; of random designs of as many expensive runs the median.
TEST_CASE("screened runs tell more than as many random ones", "[screen]") {
  Counted told = run_screened(16, 1000);
  const Points test = design::uniform(toy_domain(), 500, Rng(9));
  const auto error = [&](const Surrogate& surrogate) {
    Vector truth(test.rows());
    for (Index i = 0; i < test.rows(); ++i) truth[i] = toy_value(test.row(i))[0];
    return (surrogate[0].predict(test).mean - truth).norm();
  };
  std::vector<double> random;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CampaignOptions options = toy_options();
    options.design = "uniform";
    options.design_only = true;
    Campaign campaign = toy_campaign(seed, options);
    grow(campaign, 16);
    random.push_back(error(campaign.surrogate()));
  }
  std::sort(random.begin(), random.end());
  CHECK(error(told.campaign.surrogate()) < random[2]);
}

TEST_CASE("it ends where the last queries were all answered as foretold", "[screen]") {
  const Counted told = run_screened(1000, 6);
  CHECK(told.end.reason == "the cheap simulator agrees with the last 6 predictions");
  const Index asked = told.campaign.asked();
  for (Index id = asked - 6; id < asked; ++id) CHECK(told.campaign.answer(id)->kind == agreed_kind);
}

TEST_CASE("simulators of unlike outputs are not screened", "[screen]") {
  const Oracle two({{"a", "1"}, {"b", "1"}}, [](VectorView) { return Vector::Ones(2); });
  CHECK(
      contains(message_of<ArgumentError>([&] { screened(two, saying(1.0), {}); }), "got 2 and 1"));
  CHECK(contains(message_of<ArgumentError>([&] {
                   screened(saying(1.0), saying(1.0), {.tolerances = Vector{{1.0}}, .agree = 0.0});
                 }),
                 "above 0"));
}

}  // namespace
}  // namespace sonde
