// Force to spare in the spring of a light oscillator carried by a heavy one, both damped, when the
// ground shakes as white noise.
//
// Der Kiureghian and De Stefano (1991), Efficient algorithm for second-order reliability analysis,
// Journal of Engineering Mechanics 117(12), after Igusa and Der Kiureghian (1985), ibid. 111(1).
//
//   wp = sqrt(kp/mp),  ws = sqrt(ks/ms),  wa = (wp + ws)/2,  za = (zp + zs)/2
//   g = ms/mp,  theta = (wp - ws)/wa
//   xx = pi S0/(4 zs ws^3)  za zs/(zp zs (4 za^2 + theta^2) + g za^2)
//        (zp wp^3 + zs ws^3) wp/(4 za wa^4)         mean square displacement of the light spring
//   margin = Fs - 3 ks sqrt(xx)
//
// Ranges are one and a half standard deviations to each side of the mean of the source's lognormal
// distributions: with two the damping of the light oscillator would begin at 0. No units in the
// source; any consistent ones will do.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

double cube(double t) {
  return t * t * t;
}

std::vector<double> damped_oscillator(std::span<const double> x) {
  const double mp = x[0], ms = x[1], kp = x[2], ks = x[3], zp = x[4], zs = x[5], S0 = x[6];
  const double Fs = x[7];
  const double wp = std::sqrt(kp / mp), ws = std::sqrt(ks / ms);
  const double wa = 0.5 * (wp + ws), za = 0.5 * (zp + zs);
  const double mass_ratio = ms / mp, theta = (wp - ws) / wa;
  const double alone = std::numbers::pi * S0 / (4.0 * zs * cube(ws));
  const double tuning =
      za * zs / (zp * zs * (4.0 * za * za + theta * theta) + mass_ratio * za * za);
  const double together = (zp * cube(wp) + zs * cube(ws)) * wp / (4.0 * za * wa * cube(wa));
  return {Fs - 3.0 * ks * std::sqrt(alone * tuning * together)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "damped_oscillator",
       .version = "1.0",
       .source = "Der Kiureghian and De Stefano (1991), J. Eng. Mech. 117(12)",
       .inputs = {{"mp", "1", 1.275, 1.725, "mass of the heavy oscillator"},
                  {"ms", "1", 0.0085, 0.0115, "mass of the light oscillator"},
                  {"kp", "1", 0.7, 1.3, "stiffness of the heavy oscillator's spring"},
                  {"ks", "1", 0.007, 0.013, "stiffness of the light oscillator's spring"},
                  {"zp", "1", 0.02, 0.08, "damping ratio of the heavy oscillator"},
                  {"zs", "1", 0.005, 0.035, "damping ratio of the light oscillator"},
                  {"S0", "1", 85.0, 115.0, "intensity of the ground's acceleration"},
                  {"Fs", "1", 12.75, 17.25, "force that the light oscillator's spring bears"}},
       .outputs = {{"margin", "1", "force that it bears less the peak of the one it meets"}},
       .evaluate = damped_oscillator});
}
