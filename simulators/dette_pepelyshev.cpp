// Dette and Pepelyshev's function of eight variables: sharply curved in three, gently in the
// others.
//
// Dette and Pepelyshev (2010), Generalized latin hypercube design for computer experiments,
// Technometrics 52(4).
//
//   value = 4 (x1 - 2 + 8 x2 - 8 x2^2)^2 + (3 - 4 x2)^2 + 16 sqrt(x3 + 1) (2 x3 - 1)^2
//           + sum_{i=4..8} i ln(1 + sum_{j=3..i} x_j)
//
// All in [0, 1], without units.
#include <cmath>

#include "protocol.hpp"

namespace {

double square(double t) {
  return t * t;
}

std::vector<double> dette_pepelyshev(std::span<const double> x) {
  double value = 4.0 * square(x[0] - 2.0 + 8.0 * x[1] - 8.0 * x[1] * x[1]) +
                 square(3.0 - 4.0 * x[1]) + 16.0 * std::sqrt(x[2] + 1.0) * square(2.0 * x[2] - 1.0);
  double sum = x[2];
  for (std::size_t i = 3; i < 8; ++i) {
    sum += x[i];
    value += static_cast<double>(i + 1) * std::log1p(sum);
  }
  return {value};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "dette_pepelyshev",
                                 .version = "1.0",
                                 .source = "Dette and Pepelyshev (2010), Technometrics 52(4)",
                                 .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate"},
                                            {"x2", "1", 0.0, 1.0, "second coordinate"},
                                            {"x3", "1", 0.0, 1.0, "third coordinate"},
                                            {"x4", "1", 0.0, 1.0, "fourth coordinate"},
                                            {"x5", "1", 0.0, 1.0, "fifth coordinate"},
                                            {"x6", "1", 0.0, 1.0, "sixth coordinate"},
                                            {"x7", "1", 0.0, 1.0, "seventh coordinate"},
                                            {"x8", "1", 0.0, 1.0, "eighth coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = dette_pepelyshev});
}
