// Time that a piston in a cylinder takes for one cycle.
//
// Kenett and Zacks (1998), Modern Industrial Statistics; as used by Ben-Ari and Steinberg (2007),
// Quality Engineering 19(4).
//
//   A     = P0 S + 19.62 M - k V0/S
//   V     = S/(2k) (sqrt(A^2 + 4k P0 V0/T0 Ta) - A)
//   cycle = 2 pi sqrt(M / (k + S^2 P0 V0/T0 Ta/V^2))
//
// SI units: kg, m2, m3, N/m, N/m2, K, s; ranges in the table at the end.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> piston(std::span<const double> x) {
  const double M = x[0], S = x[1], V0 = x[2], k = x[3], P0 = x[4], Ta = x[5], T0 = x[6];
  const double gas = P0 * V0 / T0 * Ta;
  const double A = P0 * S + 19.62 * M - k * V0 / S;
  const double V = S / (2.0 * k) * (std::sqrt(A * A + 4.0 * k * gas) - A);
  return {2.0 * std::numbers::pi * std::sqrt(M / (k + S * S * gas / (V * V)))};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "piston",
       .version = "1.0",
       .source = "Kenett and Zacks (1998), Modern Industrial Statistics",
       .inputs = {{"M", "kg", 30.0, 60.0, "weight of the piston"},
                  {"S", "m2", 0.005, 0.020, "area of its surface"},
                  {"V0", "m3", 0.002, 0.010, "initial volume of the gas"},
                  {"k", "N/m", 1000.0, 5000.0, "coefficient of the spring"},
                  {"P0", "N/m2", 90000.0, 110000.0, "atmospheric pressure"},
                  {"Ta", "K", 290.0, 296.0, "ambient temperature"},
                  {"T0", "K", 340.0, 360.0, "temperature of the filling gas"}},
       .outputs = {{"cycle", "s", "time of one cycle"}},
       .evaluate = piston});
}
