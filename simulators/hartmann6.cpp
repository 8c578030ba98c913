// Hartmann's function of six variables: four dents in a plain.
//
// Hartmann (1973), Some experiments in global optimization, Naval Postgraduate School; constants as
// in Dixon and Szegoe (1978), Towards Global Optimisation 2.
//
//   value = -sum_i alpha_i exp(-sum_j A_ij (x_j - P_ij)^2)
//
// All in [0, 1], without units. Its minimum is -3.32237 at
// (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573).
#include <cmath>

#include "protocol.hpp"

namespace {

constexpr double alpha[4] = {1.0, 1.2, 3.0, 3.2};
constexpr double A[4][6] = {{10.0, 3.0, 17.0, 3.5, 1.7, 8.0},
                            {0.05, 10.0, 17.0, 0.1, 8.0, 14.0},
                            {3.0, 3.5, 1.7, 10.0, 17.0, 8.0},
                            {17.0, 8.0, 0.05, 10.0, 0.1, 14.0}};
constexpr double P[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                            {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                            {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                            {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};

std::vector<double> hartmann6(std::span<const double> x) {
  double value = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    double exponent = 0.0;
    for (std::size_t j = 0; j < 6; ++j) exponent += A[i][j] * (x[j] - P[i][j]) * (x[j] - P[i][j]);
    value -= alpha[i] * std::exp(-exponent);
  }
  return {value};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "hartmann6",
       .version = "1.0",
       .source = "Hartmann (1973), Some experiments in global optimization",
       .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate"},
                  {"x2", "1", 0.0, 1.0, "second coordinate"},
                  {"x3", "1", 0.0, 1.0, "third coordinate"},
                  {"x4", "1", 0.0, 1.0, "fourth coordinate"},
                  {"x5", "1", 0.0, 1.0, "fifth coordinate"},
                  {"x6", "1", 0.0, 1.0, "sixth coordinate"}},
       .outputs = {{"value", "1", "height of the function"}},
       .evaluate = hartmann6});
}
