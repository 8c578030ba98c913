// Lim's function of two variables that is no polynomial, though its shape is that of one.
//
// Lim, Sacks, Studden and Welch (2002), Design and analysis of computer experiments when the output
// is highly correlated over the input space, Canadian Journal of Statistics 30(1).
//
//   value = ((30 + 5 x1 sin(5 x1)) (4 + exp(-5 x2)) - 100) / 6
//
// Both in [0, 1], without units.
#include <cmath>

#include "protocol.hpp"

namespace {

std::vector<double> lim(std::span<const double> x) {
  const double wave = 30.0 + 5.0 * x[0] * std::sin(5.0 * x[0]);
  return {(wave * (4.0 + std::exp(-5.0 * x[1])) - 100.0) / 6.0};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "lim",
       .version = "1.0",
       .source = "Lim, Sacks, Studden and Welch (2002), Canadian Journal of Statistics 30(1)",
       .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate"},
                  {"x2", "1", 0.0, 1.0, "second coordinate"}},
       .outputs = {{"value", "1", "height of the function"}},
       .evaluate = lim});
}
