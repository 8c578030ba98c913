// Welch's function of twenty variables: six of them do nearly all, two nothing.
//
// Welch, Buck, Sacks, Wynn, Mitchell and Morris (1992), Screening, predicting, and computer
// experiments, Technometrics 34(1).
//
//   value = 5 x12/(1 + x1) + 5 (x4 - x20)^2 + x5 + 40 x19^3 - 5 x19 + 0.05 x2 + 0.08 x3 - 0.03 x6
//           + 0.03 x7 - 0.09 x9 - 0.01 x10 - 0.07 x11 + 0.25 x13^2 - 0.04 x14 + 0.06 x15
//           - 0.01 x17 - 0.03 x18
//
// All in [-0.5, 0.5], without units; x8 and x16 do nothing.
#include <string>

#include "protocol.hpp"

namespace {

// of x1 to x20; those of no coefficient are absent or not linear
constexpr double linear[20] = {0.0,   0.05, 0.08, 0.0,   1.0,  -0.03, 0.03,  0.0,   -0.09, -0.01,
                               -0.07, 0.0,  0.0,  -0.04, 0.06, 0.0,   -0.01, -0.03, -5.0,  0.0};

std::vector<double> welch(std::span<const double> x) {
  const double gap = x[3] - x[19];
  double value = 5.0 * x[11] / (1.0 + x[0]) + 5.0 * gap * gap + 40.0 * x[18] * x[18] * x[18] +
                 0.25 * x[12] * x[12];
  for (std::size_t i = 0; i < 20; ++i) value += linear[i] * x[i];
  return {value};
}

}  // namespace

int main(int argc, char** argv) {
  sonde_simulator::Simulator simulator{.name = "welch",
                                       .version = "1.0",
                                       .source = "Welch et al. (1992), Technometrics 34(1)",
                                       .inputs = {},
                                       .outputs = {{"value", "1", "height of the function"}},
                                       .evaluate = welch};
  for (int i = 1; i <= 20; ++i)
    simulator.inputs.push_back(
        {"x" + std::to_string(i), "1", -0.5, 0.5, "coordinate " + std::to_string(i)});
  return sonde_simulator::serve(argc, argv, simulator);
}
