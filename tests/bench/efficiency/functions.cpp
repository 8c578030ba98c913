#include "efficiency/functions.hpp"

#include <span>

#include "protocol.hpp"

// Each simulator's main is renamed to its own name, and what it serves is collected.
#define SIMULATOR(name) int name##_main(int, char**);
#include "efficiency/gate.inl"
#include "efficiency/suite.inl"
#undef SIMULATOR

namespace sonde_simulator {
namespace {
Simulator served;
}

int serve(int, char**, const Simulator& simulator) {
  served = simulator;
  return 0;
}

}  // namespace sonde_simulator

namespace sonde::efficiency {
namespace {

Function called(int (*program)(int, char**)) {
  program(0, nullptr);
  const sonde_simulator::Simulator& simulator = sonde_simulator::served;
  std::vector<Parameter> parameters;
  for (const sonde_simulator::Input& input : simulator.inputs)
    parameters.push_back(Parameter::linear(input.name, input.lower, input.upper, input.unit));
  return {simulator.name, Domain(std::move(parameters)),
          ScalarField([evaluate = simulator.evaluate](VectorView x) {
            return evaluate(std::span(x.data(), static_cast<std::size_t>(x.size()))).front();
          })};
}

}  // namespace

void answer(Campaign& campaign, const Function& function, Index k) {
  const Asked asked = campaign.propose(k);
  campaign.apply(asked);
  for (const Query& query : asked.queries) {
    campaign.apply(Answered{
        query.id,
        {.status = Answer::Status::Ok, .y = Vector::Constant(1, function.value(query.x))}});
  }
}

std::vector<Function> suite() {
  return {
#define SIMULATOR(name) called(name##_main),
#include "efficiency/suite.inl"
  };
}

std::vector<Function> gate() {
  return {
#include "efficiency/gate.inl"
  };
}

}  // namespace sonde::efficiency
