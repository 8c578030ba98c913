// Branin's function of two variables.
//
// Branin (1972), IBM Journal of Research and Development 16(5); constants of Dixon and Szegoe
// (1978).
//
//   value = (b - 5.1/(4 pi^2) a^2 + 5/pi a - 6)^2 + 10 (1 - 1/(8 pi)) cos(a) + 10
//
// a in [-5, 10], b in [0, 15], without units. Three minima of 0.397887 at (-pi, 12.275),
// (pi, 2.275) and (3 pi, 2.475).
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> branin(std::span<const double> x) {
  constexpr double pi = std::numbers::pi;
  const double a = x[0], b = x[1];
  const double valley = b - 5.1 / (4.0 * pi * pi) * a * a + 5.0 / pi * a - 6.0;
  return {valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * pi)) * std::cos(a) + 10.0};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "branin",
                                 .version = "1.0",
                                 .source = "Branin (1972), IBM J. Res. Dev. 16(5)",
                                 .inputs = {{"a", "1", -5.0, 10.0, "first coordinate"},
                                            {"b", "1", 0.0, 15.0, "second coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = branin});
}
