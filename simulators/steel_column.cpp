// Stress to spare in a slender steel column of two flanges, bent before it is loaded.
//
// Kuschel and Rackwitz (1997), Two basic problems in reliability-based structural optimization,
// Mathematical Methods of Operations Research 46(3); L = 7500 mm, section 300 x 20 x 300 mm.
//
//   P = P1 + P2 + P3,   Eb = pi^2 E B D H^2 / (2 L^2)
//   margin = Fs - P (1/(2 B D) + F0 Eb / (B D H (Eb - P)))
//
// Ranges are three standard deviations to each side of the mean of the source's distributions.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

constexpr double length = 7500.0;

std::vector<double> steel_column(std::span<const double> x) {
  const double Fs = x[0], P = x[1] + x[2] + x[3], B = x[4], D = x[5], H = x[6], F0 = x[7], E = x[8];
  constexpr double pi = std::numbers::pi;
  const double buckling = pi * pi * E * B * D * H * H / (2.0 * length * length);
  if (P >= buckling)
    throw sonde_simulator::Failure("steel_column: expected loads below the one that buckles it");
  return {Fs - P * (1.0 / (2.0 * B * D) + F0 * buckling / (B * D * H * (buckling - P)))};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "steel_column",
       .version = "1.0",
       .source = "Kuschel and Rackwitz (1997), Math. Methods Oper. Res. 46(3)",
       .inputs = {{"Fs", "MPa", 295.0, 505.0, "yield stress"},
                  {"P1", "N", 350e3, 650e3, "dead load"},
                  {"P2", "N", 330e3, 870e3, "first variable load"},
                  {"P3", "N", 330e3, 870e3, "second variable load"},
                  {"B", "mm", 291.0, 309.0, "breadth of the flanges"},
                  {"D", "mm", 14.0, 26.0, "thickness of the flanges"},
                  {"H", "mm", 285.0, 315.0, "height of the profile"},
                  {"F0", "mm", 0.0, 60.0, "deflection before it is loaded"},
                  {"E", "MPa", 197400.0, 222600.0, "Young's modulus"}},
       .outputs = {{"margin", "MPa", "yield stress less the largest stress"}},
       .evaluate = steel_column});
}
