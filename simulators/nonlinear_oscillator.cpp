// Displacement to spare in an undamped oscillator of two springs that is hit by a rectangular
// pulse.
//
// Bucher and Bourgund (1990), A fast and efficient response surface approach for structural
// reliability problems, Structural Safety 7(1); distributions as in Gayton, Bourinet and Lemaire
// (2003), CQ2RS: a new statistical approach to the response surface method for reliability
// analysis, Structural Safety 25(1), table 9.
//
//   margin = 3 r - |2 F1 / (c1 + c2) sin(sqrt((c1 + c2) / m) t1 / 2)|
//
// Ranges are three standard deviations to each side of the mean of the source's distributions; the
// sine is above 0 all over them. No units in the source; any consistent ones will do.
#include <cmath>

#include "protocol.hpp"

namespace {

std::vector<double> nonlinear_oscillator(std::span<const double> x) {
  const double m = x[0], c1 = x[1], c2 = x[2], r = x[3], F1 = x[4], t1 = x[5];
  const double stiffness = c1 + c2;
  const double sway = std::sin(std::sqrt(stiffness / m) * t1 / 2.0);
  return {3.0 * r - std::abs(2.0 * F1 / stiffness * sway)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "nonlinear_oscillator",
       .version = "1.0",
       .source = "Bucher and Bourgund (1990), Structural Safety 7(1)",
       .inputs = {{"m", "1", 0.85, 1.15, "mass"},
                  {"c1", "1", 0.7, 1.3, "stiffness of the first spring"},
                  {"c2", "1", 0.07, 0.13, "stiffness of the second spring"},
                  {"r", "1", 0.35, 0.65, "displacement at which one spring yields"},
                  {"F1", "1", 0.4, 1.6, "force of the pulse"},
                  {"t1", "1", 0.4, 1.6, "duration of the pulse"}},
       .outputs = {{"margin", "1", "displacement allowed less the largest one"}},
       .evaluate = nonlinear_oscillator});
}
