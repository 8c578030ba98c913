// Midpoint voltage of an output transformerless (OTL) push-pull circuit.
//
// Ben-Ari and Steinberg (2007), Modeling data from computer experiments: an empirical comparison of
// kriging with MARS and projection pursuit regression, Quality Engineering 19(4).
//
//   Vb1     = 12 Rb2 / (Rb1 + Rb2)
//   g       = beta (Rc2 + 9)
//   voltage = (Vb1 + 0.74) g/(g + Rf) + 11.35 Rf/(g + Rf) + 0.74 Rf g/((g + Rf) Rc1)
//
// Resistances in kohm, current gain in A/A, voltage in V; ranges in the table at the end.
#include "protocol.hpp"

namespace {

std::vector<double> otl_circuit(std::span<const double> x) {
  const double Rb1 = x[0], Rb2 = x[1], Rf = x[2], Rc1 = x[3], Rc2 = x[4], beta = x[5];
  const double base_voltage = 12.0 * Rb2 / (Rb1 + Rb2);
  const double gain = beta * (Rc2 + 9.0);
  const double sum = gain + Rf;
  return {(base_voltage + 0.74) * gain / sum + 11.35 * Rf / sum + 0.74 * Rf * gain / (sum * Rc1)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "otl_circuit",
       .version = "1.0",
       .source = "Ben-Ari and Steinberg (2007), Quality Engineering 19(4)",
       .inputs = {{"Rb1", "kohm", 50.0, 150.0, "resistance b1"},
                  {"Rb2", "kohm", 25.0, 70.0, "resistance b2"},
                  {"Rf", "kohm", 0.5, 3.0, "resistance f"},
                  {"Rc1", "kohm", 1.2, 2.5, "resistance c1"},
                  {"Rc2", "kohm", 0.25, 1.2, "resistance c2"},
                  {"beta", "A/A", 50.0, 300.0, "current gain"}},
       .outputs = {{"voltage", "V", "midpoint voltage"}},
       .evaluate = otl_circuit});
}
