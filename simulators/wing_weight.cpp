// Weight of the wing of a light aircraft.
//
// Forrester, Sobester and Keane (2008), Engineering Design via Surrogate Modelling, section 1.4,
// after Raymer (2006), Aircraft Design: A Conceptual Approach.
//
//   weight = 0.036 Sw^0.758 Wfw^0.0035 (A/cos^2 sweep)^0.6 q^0.006 taper^0.04
//            (100 tc/cos sweep)^-0.3 (Nz Wdg)^0.49 + Sw Wp
//
// The source's units: ft2, lb, degrees, lb/ft2; ranges in the table at the end. The source writes
// capital and small lambda for sweep and taper.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> wing_weight(std::span<const double> x) {
  const double Sw = x[0], Wfw = x[1], A = x[2], sweep = x[3], q = x[4];
  const double taper = x[5], tc = x[6], Nz = x[7], Wdg = x[8], Wp = x[9];
  const double cosine = std::cos(sweep * std::numbers::pi / 180.0);
  const double structure = 0.036 * std::pow(Sw, 0.758) * std::pow(Wfw, 0.0035) *
                           std::pow(A / (cosine * cosine), 0.6) * std::pow(q, 0.006) *
                           std::pow(taper, 0.04) * std::pow(100.0 * tc / cosine, -0.3) *
                           std::pow(Nz * Wdg, 0.49);
  return {structure + Sw * Wp};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "wing_weight",
       .version = "1.0",
       .source = "Forrester, Sobester and Keane (2008), Engineering Design via Surrogate Modelling",
       .inputs = {{"Sw", "ft2", 150.0, 200.0, "area of the wing"},
                  {"Wfw", "lb", 220.0, 300.0, "weight of fuel in the wing"},
                  {"A", "1", 6.0, 10.0, "aspect ratio"},
                  {"sweep", "deg", -10.0, 10.0, "quarter-chord sweep"},
                  {"q", "lb/ft2", 16.0, 45.0, "dynamic pressure at cruise"},
                  {"taper", "1", 0.5, 1.0, "taper ratio"},
                  {"tc", "1", 0.08, 0.18, "aerofoil thickness to chord"},
                  {"Nz", "1", 2.5, 6.0, "ultimate load factor"},
                  {"Wdg", "lb", 1700.0, 2500.0, "flight design gross weight"},
                  {"Wp", "lb/ft2", 0.025, 0.08, "weight of paint"}},
       .outputs = {{"weight", "lb", "weight of the wing"}},
       .evaluate = wing_weight});
}
