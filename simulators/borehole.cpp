// Flow of water through a borehole between two aquifers.
//
// Harper and Gupta (1983), Sensitivity/uncertainty analysis of a borehole scenario comparing latin
// hypercube sampling and deterministic sensitivity approaches, BMI/ONWI-516; as used by Morris,
// Mitchell and Ylvisaker (1993), Technometrics 35(3), eq. 3.
//
//   flow = 2 pi Tu (Hu - Hl) / (ln(r/rw) (1 + 2 L Tu / (ln(r/rw) rw^2 Kw) + Tu/Tl))
//
// Lengths and heads in m, transmissivities in m2/yr, conductivity in m/yr, flow in m3/yr; ranges in
// the table at the end.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> borehole(std::span<const double> x) {
  const double rw = x[0], r = x[1], Tu = x[2], Hu = x[3], Tl = x[4], Hl = x[5], L = x[6], Kw = x[7];
  if (rw <= 0.0 || r <= rw)
    throw sonde_simulator::Failure("borehole: expected 0 < rw < r, the borehole inside its reach");
  const double log_reach = std::log(r / rw);
  const double resistance = 1.0 + 2.0 * L * Tu / (log_reach * rw * rw * Kw) + Tu / Tl;
  return {2.0 * std::numbers::pi * Tu * (Hu - Hl) / (log_reach * resistance)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "borehole",
       .version = "1.0",
       .source = "Harper and Gupta (1983), BMI/ONWI-516",
       .inputs = {{"rw", "m", 0.05, 0.15, "radius of the borehole"},
                  {"r", "m", 100.0, 50000.0, "radius of its influence"},
                  {"Tu", "m2/yr", 63070.0, 115600.0, "transmissivity of the upper aquifer"},
                  {"Hu", "m", 990.0, 1110.0, "potentiometric head of the upper aquifer"},
                  {"Tl", "m2/yr", 63.1, 116.0, "transmissivity of the lower aquifer"},
                  {"Hl", "m", 700.0, 820.0, "potentiometric head of the lower aquifer"},
                  {"L", "m", 1120.0, 1680.0, "length of the borehole"},
                  {"Kw", "m/yr", 9855.0, 12045.0, "hydraulic conductivity of the borehole"}},
       .outputs = {{"flow", "m3/yr", "rate of flow through the borehole"}},
       .evaluate = borehole});
}
