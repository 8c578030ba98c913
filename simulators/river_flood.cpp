// Height by which a river in flood overflows its dyke.
//
// Iooss and Lemaitre (2015), A review on global sensitivity analysis methods, in Uncertainty
// Management in Simulation-Optimization of Complex Systems, Springer: the Saint-Venant equations
// for a uniform, constant flow in a wide rectangular bed.
//
//   H = (Q / (B Ks sqrt((Zm - Zv) / L)))^0.6        height of the water
//   overflow = Zv + H - Hd - Cb                     below 0 the dyke holds
//
// Ranges are the supports of the source's distributions; Ks, whose normal distribution (mean 30,
// standard deviation 8) is cut at 15 from below only, ends three standard deviations above its
// mean.
#include <cmath>

#include "protocol.hpp"

namespace {

std::vector<double> river_flood(std::span<const double> x) {
  const double Q = x[0], Ks = x[1], Zv = x[2], Zm = x[3], Hd = x[4], Cb = x[5], L = x[6], B = x[7];
  const double slope = (Zm - Zv) / L;
  if (slope <= 0.0) throw sonde_simulator::Failure("river_flood: expected Zm > Zv and L > 0");
  const double height = std::pow(Q / (B * Ks * std::sqrt(slope)), 0.6);
  return {Zv + height - Hd - Cb};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "river_flood",
       .version = "1.0",
       .source = "Iooss and Lemaitre (2015), A review on global sensitivity analysis methods",
       .inputs = {{"Q", "m3/s", 500.0, 3000.0, "largest flow of the year"},
                  {"Ks", "m^(1/3)/s", 15.0, 54.0, "Strickler's coefficient of the bed"},
                  {"Zv", "m", 49.0, 51.0, "level of the bed downstream"},
                  {"Zm", "m", 54.0, 56.0, "level of the bed upstream"},
                  {"Hd", "m", 7.0, 9.0, "height of the dyke"},
                  {"Cb", "m", 55.0, 56.0, "level of the bank"},
                  {"L", "m", 4990.0, 5010.0, "length of the stretch of river"},
                  {"B", "m", 295.0, 305.0, "width of the river"}},
       .outputs = {{"overflow", "m", "water above the dyke"}},
       .evaluate = river_flood});
}
