// Sobol's g-function of eight variables: a product of kinks, the first deep, the last four faint.
//
// Saltelli and Sobol' (1995), About the use of rank transformation in sensitivity analysis of model
// output, Reliability Engineering & System Safety 50(3), with a = (0, 1, 4.5, 9, 99, 99, 99, 99).
//
//   value = prod_i (|4 x_i - 2| + a_i) / (1 + a_i)
//
// All in [0, 1], without units.
#include <cmath>

#include "protocol.hpp"

namespace {

constexpr double a[8] = {0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0};

std::vector<double> sobol_g(std::span<const double> x) {
  double value = 1.0;
  for (std::size_t i = 0; i < 8; ++i) value *= (std::abs(4.0 * x[i] - 2.0) + a[i]) / (1.0 + a[i]);
  return {value};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "sobol_g",
       .version = "1.0",
       .source = "Saltelli and Sobol' (1995), Reliability Engineering & System Safety 50(3)",
       .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate, the strongest"},
                  {"x2", "1", 0.0, 1.0, "second coordinate"},
                  {"x3", "1", 0.0, 1.0, "third coordinate"},
                  {"x4", "1", 0.0, 1.0, "fourth coordinate"},
                  {"x5", "1", 0.0, 1.0, "fifth coordinate, faint"},
                  {"x6", "1", 0.0, 1.0, "sixth coordinate, faint"},
                  {"x7", "1", 0.0, 1.0, "seventh coordinate, faint"},
                  {"x8", "1", 0.0, 1.0, "eighth coordinate, faint"}},
       .outputs = {{"value", "1", "height of the function"}},
       .evaluate = sobol_g});
}
