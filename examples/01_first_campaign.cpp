// A first campaign: a domain, a simulator, and what is known of it after 40 queries.
//
// Run it twice: the second time it finds its journal, has nothing left to ask, and says the same.
#include <cmath>
#include <filesystem>
#include <iostream>

#include "sonde/sonde.hpp"

int main() {
  using namespace sonde;

  // Where queries may lie: two parameters with bounds and units, and a condition on both.
  const Domain domain(
      {Parameter::log("pressure", 1e5, 1e7, "Pa"), Parameter::linear("angle", -30, 30, "deg")},
      {{"no stall", [](VectorView x) { return std::abs(x[1]) - 25.0; }}});  // at most zero

  // What answers them; imagine an hour where there is a line.
  const Oracle wind_tunnel({{"lift", "N"}}, [](VectorView x) -> Vector {
    return Vector::Constant(1, std::log(x[0]) * std::sin(x[1] / 10.0));
  });

  // The campaign itself is pure state. What makes it last is the journal: begin one, or resume it.
  Campaign campaign(domain, wind_tunnel.outputs(), criteria::automatic(), {}, /*seed=*/1);
  const std::filesystem::path file = "lift.sonde";
  Journal journal =
      std::filesystem::exists(file)
          ? Journal::open(file)
          : Journal::create(file, {domain.parameters(), wind_tunnel.outputs(), /*seed=*/1});
  for (const Event& event : journal.events()) campaign.apply(event);

  const RunEnd end = run(campaign, wind_tunnel, after_queries(40), {.workers = 2, .batch = 2},
                         [&](std::span<const Event> events) { journal.append(events); });
  std::cout << end.reason << '\n';

  // The surrogate answers in the simulator's place, says how sure it is, and costs microseconds.
  const Vector x{{2e6, 12.0}};
  const LocalMarginal lift = campaign.surrogate()["lift"].predict_at(x);
  std::cout << "lift at 2 MPa and 12 deg: " << lift.mean << " +- " << std::sqrt(lift.variance)
            << " N, where the simulator says " << wind_tunnel.ask({.x = x}).y[0] << " N\n";
}
