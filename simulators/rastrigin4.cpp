// Rastrigin's function of four variables: a bowl full of dents.
//
// Rastrigin (1974), Systems of extremal control, Nauka, Moscow, of two variables; of any number in
// Muehlenbein, Schomisch and Born (1991), The parallel genetic algorithm as function optimizer,
// Parallel Computing 17(6-7).
//
//   value = 40 + sum_i (x_i^2 - 10 cos(2 pi x_i))
//
// All in [-1, 1], without units: two waves an input. Optimisers are tried on [-5.12, 5.12], which
// holds 10^4 dents, more than any surrogate can learn from some hundred points.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> rastrigin4(std::span<const double> x) {
  double value = 40.0;
  for (const double t : x) value += t * t - 10.0 * std::cos(2.0 * std::numbers::pi * t);
  return {value};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "rastrigin4",
                                 .version = "1.0",
                                 .source = "Rastrigin (1974), Systems of extremal control",
                                 .inputs = {{"x1", "1", -1.0, 1.0, "first coordinate"},
                                            {"x2", "1", -1.0, 1.0, "second coordinate"},
                                            {"x3", "1", -1.0, 1.0, "third coordinate"},
                                            {"x4", "1", -1.0, 1.0, "fourth coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = rastrigin4});
}
