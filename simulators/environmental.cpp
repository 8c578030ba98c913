// Concentration in a long narrow channel after two spills of the same pollutant, seen at three
// places at time 60: a simulator with three outputs.
//
// Bliznyuk, Ruppert, Shoemaker, Regis, Wild and Mugunthan (2008), Bayesian calibration and
// uncertainty analysis for computationally expensive models using optimization and radial basis
// function approximation, Journal of Computational and Graphical Statistics 17(2).
//
//   c(s, t) = M/sqrt(D t) exp(-s^2/(4 D t))
//             + [t > tau] M/sqrt(D (t - tau)) exp(-(s - L)^2/(4 D (t - tau)))
//
// which is the concentration times sqrt(4 pi). Any consistent units will do; here kg, m and s,
// hence c in kg/m. Ranges in the table at the end.
#include <cmath>

#include "protocol.hpp"

namespace {

constexpr double time_seen = 60.0;

double spread_out(double mass, double diffusion, double distance, double time) {
  if (time <= 0.0) return 0.0;
  const double width = diffusion * time;
  return mass / std::sqrt(width) * std::exp(-distance * distance / (4.0 * width));
}

std::vector<double> environmental(std::span<const double> x) {
  const double M = x[0], D = x[1], L = x[2], tau = x[3];
  const auto c = [&](double s) {
    return spread_out(M, D, s, time_seen) + spread_out(M, D, s - L, time_seen - tau);
  };
  return {c(0.5), c(1.5), c(2.5)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "environmental",
       .version = "1.0",
       .source = "Bliznyuk et al. (2008), J. Comput. Graph. Stat. 17(2)",
       .inputs = {{"M", "kg", 7.0, 13.0, "mass of each spill"},
                  {"D", "m2/s", 0.02, 0.12, "rate of diffusion in the channel"},
                  {"L", "m", 0.01, 3.0, "place of the second spill"},
                  {"tau", "s", 30.01, 30.295, "time of the second spill"}},
       .outputs = {{"near", "kg/m", "sqrt(4 pi) times the concentration at 0.5 m"},
                   {"middle", "kg/m", "the same at 1.5 m"},
                   {"far", "kg/m", "the same at 2.5 m"}},
       .evaluate = environmental});
}
