// Ishigami's function: three inputs, one of which acts only through another.
//
// Ishigami and Homma (1990), Proc. ISUMA '90, with a = 7 and b = 0.1.
//
//   value = sin(x1) + 7 sin(x2)^2 + 0.1 x3^4 sin(x1)
//
// All in [-pi, pi], without units. Over that cube: mean 3.5, variance 13.8446, first-order indices
// 0.3139, 0.4424 and 0.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> ishigami(std::span<const double> x) {
  const double wave = std::sin(x[1]);
  return {std::sin(x[0]) * (1.0 + 0.1 * x[2] * x[2] * x[2] * x[2]) + 7.0 * wave * wave};
}

}  // namespace

int main(int argc, char** argv) {
  constexpr double pi = std::numbers::pi;
  return sonde_simulator::serve(argc, argv,
                                {.name = "ishigami",
                                 .version = "1.0",
                                 .source = "Ishigami and Homma (1990), Proc. ISUMA '90",
                                 .inputs = {{"x1", "1", -pi, pi, "first coordinate"},
                                            {"x2", "1", -pi, pi, "second coordinate"},
                                            {"x3", "1", -pi, pi, "third coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = ishigami});
}
