// Park's first function of four variables: its square root has a cusp at one end of an edge.
//
// Park (1991), Tuning complex computer codes to data and optimal designs, University of Illinois;
// in Cox, Park and Singer (2001), A statistical method for tuning a computer code to a data base,
// Computational Statistics & Data Analysis 37(1).
//
//   value = x1/2 (sqrt(1 + (x2 + x3^2) x4/x1^2) - 1) + (x1 + 3 x4) exp(1 + sin(x3))
//
// All in [0, 1], without units. The factor x1/2 is taken into the root, which is then finite at
// x1 = 0 as well.
#include <cmath>

#include "protocol.hpp"

namespace {

std::vector<double> park(std::span<const double> x) {
  const double root = std::sqrt(x[0] * x[0] + (x[1] + x[2] * x[2]) * x[3]);
  return {0.5 * (root - x[0]) + (x[0] + 3.0 * x[3]) * std::exp(1.0 + std::sin(x[2]))};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "park",
       .version = "1.0",
       .source = "Park (1991), Tuning complex computer codes to data and optimal designs",
       .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate"},
                  {"x2", "1", 0.0, 1.0, "second coordinate"},
                  {"x3", "1", 0.0, 1.0, "third coordinate"},
                  {"x4", "1", 0.0, 1.0, "fourth coordinate"}},
       .outputs = {{"value", "1", "height of the function"}},
       .evaluate = park});
}
