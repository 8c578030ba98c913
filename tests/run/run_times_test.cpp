#include "run/run_times.hpp"

#include <cmath>

#include "sonde/query/criteria.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/toy_campaign.hpp"

namespace sonde {
namespace {

using namespace testing_support;

double seconds_at(VectorView x) {
  return std::exp(1.0 + 1.5 * x[0]);
}

Domain line() {
  return Domain({Parameter::linear("a", 0.0, 2.0)});
}

TEST_CASE("what a run takes is learnt from the runs, with true slopes", "[run times]") {
  const Points x = design::sobol(line(), 12, Rng(1));
  Vector seconds(12);
  for (Index i = 0; i < 12; ++i) seconds[i] = seconds_at(x.row(i));
  const ScalarField log_time = log_seconds(line(), x, seconds, std::vector<bool>(12), Rng(1));
  for (const double a : {0.2, 0.9, 1.7}) {
    const Vector at{{a}};
    CHECK(log_time(at) == Approx(std::log(seconds_at(at))).margin(0.05));
    CHECK(log_time.on_rows(Points(at.transpose()))[0] == Approx(log_time(at)).epsilon(1e-9));
    Vector gradient(1);
    log_time(at, gradient);
    CHECK(near(gradient, central_difference(log_time, at, Vector{{2.0}}, 1e-4), 1e-3));
  }
}

// Runs beyond 20 s were ended: what they would have taken lies on the line of the others.
TEST_CASE("a run that was ended by a limit took that long at the least", "[run times]") {
  const Points x = design::sobol(line(), 16, Rng(1));
  Vector seconds(16);
  std::vector<bool> ended;
  for (Index i = 0; i < 16; ++i) {
    ended.push_back(seconds_at(x.row(i)) > 20.0);
    seconds[i] = std::min(20.0, seconds_at(x.row(i)));
  }
  const Vector far{{1.9}};  // takes 47 s
  const double as_bounds = log_seconds(line(), x, seconds, ended, Rng(1))(far);
  const double as_times = log_seconds(line(), x, seconds, std::vector<bool>(16), Rng(1))(far);
  CHECK(as_times < std::log(25.0));
  CHECK(as_bounds > std::log(28.0));
  CHECK(as_bounds < std::log(80.0));
}

// The toy, of which runs take a hundred times as long at one end of its width: with the same time
// spent, the campaign that counts it has asked more.
TEST_CASE("a campaign that counts what runs take asks for cheap ones first", "[run times]") {
  const auto time_of = [](VectorView x) { return std::exp(1.15 * x[0]); };
  const auto mean_time = [&](bool counts) {
    CampaignOptions options = toy_options();
    options.worth_per_second = counts;
    Campaign campaign = toy_campaign(1, options);
    double chosen = 0.0;
    while (campaign.asked() < 16) {
      const Asked asked = campaign.propose(1);
      campaign.apply(asked);
      const Query& query = asked.queries.front();
      Answer answer = ok(toy_value(query.x)[0]);
      answer.seconds = time_of(query.x);
      if (query.why != "design") chosen += answer.seconds;
      campaign.apply(Answered{query.id, answer});
    }
    return chosen;
  };
  CHECK(mean_time(true) < 0.7 * mean_time(false));
}

}  // namespace
}  // namespace sonde
