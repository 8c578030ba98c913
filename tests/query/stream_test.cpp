#include "sonde/query/stream.hpp"

#include <cmath>
#include <functional>
#include <string>

#include "sonde/base/error.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

namespace sonde {
namespace {

using testing_support::contains;
using testing_support::message_of;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

StreamOptions by_worth_alone(StreamRule rule, double budget) {
  StreamOptions options;
  options.rule = rule;
  options.budget = budget;
  options.threshold = 1.0;
  options.random_share = options.audit_share = options.apart = 0.0;
  return options;
}

Vector at(double a, double b) {
  return (Vector(2) << a, b).finished();
}

struct Tally {
  Index asked = 0;
  double worth = 0.0;  // of what was asked
  double all = 0.0;
};

// Points anywhere, of these worths.
Tally passing(
    StreamGate& gate, Index n, const std::function<double(Index, Rng&)>& worth,
    const std::function<double(Index)>& share = [](Index) { return 1.0; }) {
  Rng rng(5);
  Tally tally;
  for (Index i = 0; i < n; ++i) {
    const Vector u = at(rng.uniform(), rng.uniform());
    const double its = worth(i, rng);
    const bool asked = is_asked(gate.decide(u, its, share(i)));
    gate.take(u, its, asked, share(i));
    tally.asked += asked ? 1 : 0;
    tally.worth += asked ? its : 0.0;
    tally.all += its;
  }
  return tally;
}

double steady(Index, Rng& rng) {
  return std::exp(rng.normal());
}

TEST_CASE("the budget is held on steady, drifting and bursty streams", "[stream]") {
  constexpr Index n = 20'000;
  const std::vector<std::pair<std::string, std::function<double(Index, Rng&)>>> streams = {
      {"steady", steady},
      {"falling to a hundredth",
       [](Index i, Rng& rng) {
         return std::exp(rng.normal() - 4.6 * static_cast<double>(i) / static_cast<double>(n));
       }},
      {"rising a hundredfold",
       [](Index i, Rng& rng) {
         return std::exp(rng.normal() + 4.6 * static_cast<double>(i) / static_cast<double>(n));
       }},
      {"bursts",
       [](Index i, Rng& rng) { return std::exp(rng.normal()) * (i % 500 < 50 ? 20.0 : 1.0); }},
      {"always the same", [](Index, Rng&) { return 2.0; }}};
  for (const StreamRule rule : {StreamRule::Quantile, StreamRule::Variable})
    for (const double budget : {0.02, 0.1, 0.5})
      for (const auto& [name, worth] : streams) {
        CAPTURE(name, budget, static_cast<int>(rule));
        StreamOptions options;
        options.rule = rule;
        options.budget = budget;
        options.apart = 0.0;
        StreamGate gate(options, Rng(1));
        const Tally tally = passing(gate, n, worth);
        CHECK(std::abs(static_cast<double>(tally.asked) - budget * n) <= 0.05 * budget * n);
        CHECK(gate.asked() == tally.asked);
        CHECK(gate.arrived() == n);
      }
}

TEST_CASE("a fixed threshold never asks more than the budget, and nothing below it", "[stream]") {
  StreamGate gate(by_worth_alone(StreamRule::Fixed, 0.1), Rng(1));
  Rng rng(5);
  Index asked = 0;
  for (Index i = 0; i < 5000; ++i) {
    const double worth = std::exp(rng.normal());
    const bool its = is_asked(gate.decide(at(0.5, 0.5), worth, 1.0));
    gate.take(at(0.5, 0.5), worth, its, 1.0);
    asked += its ? 1 : 0;
    CHECK_FALSE((its && worth < 1.0));
    CHECK(static_cast<double>(asked) <= 0.1 * static_cast<double>(i + 1) + 1.0);
  }
  CHECK(asked == 500);  // half of them are worth it
}

TEST_CASE("the variable threshold has moved by what was asked beyond the budget", "[stream]") {
  // Each step adds 0.05 (asked - budget) to its logarithm, which sums to the balance, and takes off
  // 0.00125 of the budget times the balance.
  StreamOptions options = by_worth_alone(StreamRule::Variable, 0.2);
  options.random_share = options.audit_share = 0.1;
  StreamGate gate(options, Rng(3));
  gate.take(at(0.1, 0.1), 2.0, false, 1.0);
  CHECK(gate.log_threshold() == Approx(std::log(2.0)));
  CHECK(gate.balance() == Approx(0.2));
  Rng rng(5);
  double balances = 0.0;
  for (Index i = 0; i < 999; ++i) {
    const double share = i % 3 == 0 ? 0.5 : 1.0, worth = steady(i, rng);
    gate.take(at(0.5, 0.5), worth, is_asked(gate.decide(at(0.5, 0.5), worth, share)), share);
    balances += gate.balance();
  }
  const double budget = 0.2 * (1 + 333 * 0.5 + 666);
  CHECK(gate.balance() == Approx(budget - static_cast<double>(gate.asked())));
  CHECK(gate.log_threshold() ==
        Approx(std::log(2.0) - 0.05 * (gate.balance() - 0.2) - 0.00125 * 0.2 * balances));
}

TEST_CASE("the quantile asks what ranks within the budget among the last", "[stream]") {
  // By hand: after 3, 2, 1, none asked, a budget of 1/2 is 1.5 behind, so that 0.5 * 1.15 of the
  // four ranks are asked, 2.3 of them: the first two always, the third in three of ten cases.
  Index third = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    StreamGate gate(by_worth_alone(StreamRule::Quantile, 0.5), Rng(seed));
    for (const double worth : {3.0, 2.0, 1.0}) gate.take(at(0.1, 0.1), worth, false, 1.0);
    CHECK(gate.balance() == 1.5);
    CHECK(gate.rank(2.5) == 2);
    CHECK(gate.decide(at(0.5, 0.5), 3.5, 1.0) == Decision::Worthy);
    CHECK(gate.decide(at(0.5, 0.5), 2.5, 1.0) == Decision::Worthy);
    third += gate.decide(at(0.5, 0.5), 1.5, 1.0) == Decision::Worthy ? 1 : 0;
    CHECK(gate.decide(at(0.5, 0.5), 0.5, 1.0) == Decision::Unworthy);
  }
  // 120 of 400, standard deviation 9.2: four of them.
  CHECK(std::abs(third - 120) <= 37);
}

TEST_CASE("what is asked is worth more than what arrives", "[stream]") {
  for (const StreamRule rule : {StreamRule::Quantile, StreamRule::Variable, StreamRule::Fixed}) {
    StreamOptions options = by_worth_alone(rule, 0.1);
    options.threshold = 3.6;  // a tenth of lognormal numbers is above
    StreamGate gate(options, Rng(1));
    const Tally tally = passing(gate, 5000, steady);
    // Above the upper decile of a lognormal its mean is exp(1/2) * 10 * P(z > 1.2816 - 1) = 6.4.
    CHECK(tally.worth / static_cast<double>(tally.asked) > 5.0);
    CHECK(tally.all / 5000.0 < 2.0);
  }
}

TEST_CASE("a share of the budget is drawn at random, and of what is passed over", "[stream]") {
  StreamOptions options = by_worth_alone(StreamRule::Quantile, 0.2);
  options.random_share = 0.05;
  options.audit_share = 0.1;
  StreamGate gate(options, Rng(2));
  Rng rng(5);
  Index random = 0, audits = 0;
  double worth_of_random = 0.0;
  for (Index i = 0; i < 20'000; ++i) {
    const double worth = rng.uniform();
    const Decision decision = gate.decide(at(0.5, 0.5), worth, 1.0);
    gate.take(at(0.5, 0.5), worth, is_asked(decision), 1.0);
    random += decision == Decision::Random ? 1 : 0;
    worth_of_random += decision == Decision::Random ? worth : 0.0;
    audits += decision == Decision::Audit ? 1 : 0;
  }
  // 200 of 20,000, standard deviation 14; audits of the 83 % that are passed over: 332 of 400.
  CHECK(std::abs(random - 200) <= 56);
  CHECK(std::abs(audits - 332) <= 72);
  CHECK(std::abs(worth_of_random / static_cast<double>(random) - 0.5) <
        4.0 * 0.289 / std::sqrt(144.0));
}

TEST_CASE("a long queue lowers what is asked, a full one to nothing", "[stream]") {
  StreamGate gate(by_worth_alone(StreamRule::Quantile, 0.2), Rng(1));
  CHECK(passing(gate, 5000, steady, [](Index) { return 0.0; }).asked == 0);
  const Tally half = passing(gate, 10'000, steady, [](Index) { return 0.5; });
  CHECK(std::abs(static_cast<double>(half.asked) - 1000.0) <= 50.0);
}

TEST_CASE("near-copies of the last that were asked are passed over", "[stream]") {
  StreamOptions options = by_worth_alone(StreamRule::Quantile, 1.0);
  options.apart = 0.1;
  options.recent = 2;
  StreamGate gate(options, Rng(1));
  const auto next = [&](double a, double b) {
    const Decision decision = gate.decide(at(a, b), 1.0, 1.0);
    gate.take(at(a, b), 1.0, is_asked(decision), 1.0);
    return decision;
  };
  CHECK(next(0.5, 0.5) == Decision::Worthy);
  CHECK(next(0.59, 0.59) == Decision::Near);   // 0.09 in each coordinate
  CHECK(next(0.5, 0.63) == Decision::Near);    // 0.13 / sqrt(2) = 0.092
  CHECK(next(0.5, 0.65) == Decision::Worthy);  // 0.106
  CHECK(next(0.9, 0.9) == Decision::Worthy);
  CHECK(next(0.51, 0.50) == Decision::Worthy);  // the first is forgotten
}

TEST_CASE("worths that are others by now are seen anew, or forgotten where no point was kept",
          "[stream]") {
  const Vector nowhere;
  StreamGate gate(by_worth_alone(StreamRule::Quantile, 0.5), Rng(1));
  gate.take(nowhere, 1.0, false, 1.0, at(1.0, 0.0));
  gate.take(nowhere, 2.0, false, 1.0);
  gate.take(nowhere, 3.0, false, 1.0, at(3.0, 0.0));
  CHECK(gate.rank(2.5) == 2);
  gate.outdate();
  CHECK(gate.remembered() == 2);
  gate.take(nowhere, 0.2, false, 1.0, at(9.0, 0.0));  // by what holds now
  gate.rescore([](VectorView x) { return x[0] / 10.0; });
  CHECK(gate.remembered() == 3);
  CHECK(gate.rank(0.25) == 2);  // below 0.3, above 0.1 and 0.2
  CHECK(gate.rank(0.05) == 4);
}

TEST_CASE("without a worth points are drawn at random, within the budget", "[stream]") {
  StreamGate gate(by_worth_alone(StreamRule::Quantile, 0.1), Rng(1));
  Index asked = 0;
  for (Index i = 0; i < 10'000; ++i) {
    const Decision decision = gate.decide(at(0.5, 0.5), none, 1.0);
    CHECK((decision == Decision::Random || decision == Decision::Unscored));
    gate.take(at(0.5, 0.5), none, is_asked(decision), 1.0);
    asked += is_asked(decision) ? 1 : 0;
  }
  CHECK(std::abs(asked - 1000) <= 120);  // four standard deviations
}

TEST_CASE("a stream says which options it cannot have", "[stream]") {
  const auto refusal = [](auto change) {
    StreamOptions options;
    change(options);
    return message_of<ArgumentError>([&] { StreamGate(options, Rng(1)); });
  };
  CHECK(contains(refusal([](StreamOptions& o) { o.budget = 0.0; }), "a budget above 0"));
  CHECK(contains(refusal([](StreamOptions& o) { o.random_share = 0.6; }), "a random share from 0"));
  CHECK(contains(refusal([](StreamOptions& o) { o.window = 0; }), "a window of at least 1"));
  CHECK(contains(refusal([](StreamOptions& o) { o.rule = StreamRule::Fixed; }), "a threshold"));
}

}  // namespace
}  // namespace sonde
