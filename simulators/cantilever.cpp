// Displacement of the tip of a cantilever of rectangular section, pushed from two sides.
//
// Wu, Shin, Sues and Cesare (2001), Safety-factor based approach for probability-based design
// optimization, AIAA 2001-1522; L = 100 in.
//
//   displacement = 4 L^3 / (E w t) sqrt((Y / t^2)^2 + (X / w^2)^2)
//
// w and t in the usual range of designs, 1 to 4 in; the others three standard deviations to each
// side of the mean of the source's distributions.
#include <cmath>

#include "protocol.hpp"

namespace {

constexpr double length = 100.0;

std::vector<double> cantilever(std::span<const double> x) {
  const double w = x[0], t = x[1], E = x[2], X = x[3], Y = x[4];
  return {4.0 * length * length * length / (E * w * t) * std::hypot(Y / (t * t), X / (w * w))};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "cantilever",
       .version = "1.0",
       .source = "Wu, Shin, Sues and Cesare (2001), AIAA 2001-1522",
       .inputs = {{"w", "in", 1.0, 4.0, "width of the section"},
                  {"t", "in", 1.0, 4.0, "thickness of the section"},
                  {"E", "psi", 24.65e6, 33.35e6, "Young's modulus"},
                  {"X", "lb", 200.0, 800.0, "force along the width"},
                  {"Y", "lb", 700.0, 1300.0, "force along the thickness"}},
       .outputs = {{"displacement", "in", "displacement of the tip"}},
       .evaluate = cantilever});
}
