// Strength to spare in a short column under an axial force and a bending moment.
//
// Kuschel and Rackwitz (1997), Two basic problems in reliability-based structural optimization,
// Mathematical Methods of Operations Research 46(3).
//
//   margin = 1 - 4 M / (b h^2 Y) - P^2 / (b h Y)^2
//
// b and h in the source's range of designs; the others three standard deviations to each side of
// the mean of its distributions. Any consistent units will do; here kN and cm.
#include "protocol.hpp"

namespace {

std::vector<double> short_column(std::span<const double> x) {
  const double b = x[0], h = x[1], Y = x[2], M = x[3], P = x[4];
  const double axial = P / (b * h * Y);
  return {1.0 - 4.0 * M / (b * h * h * Y) - axial * axial};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "short_column",
       .version = "1.0",
       .source = "Kuschel and Rackwitz (1997), Math. Methods Oper. Res. 46(3)",
       .inputs = {{"b", "cm", 5.0, 15.0, "width of the section"},
                  {"h", "cm", 15.0, 25.0, "depth of the section"},
                  {"Y", "kN/cm2", 3.5, 6.5, "yield stress"},
                  {"M", "kN cm", 800.0, 3200.0, "bending moment"},
                  {"P", "kN", 200.0, 800.0, "axial force"}},
       .outputs = {{"margin", "1", "share of the strength that is left"}},
       .evaluate = short_column});
}
