// Largest power that a solar cell gives, by the model of a single diode.
//
// Constantine, Zaharatos and Campanelli (2015), Discovering an active subspace in a single-diode
// solar cell model, Statistical Analysis and Data Mining 8(5-6); one cell, Vth = 0.02585 V.
//
//   IL = Isc + Is (exp(Isc Rs/(n Vth)) - 1) + Isc Rs/Rp
//   I  = IL - Is (exp((V + I Rs)/(n Vth)) - 1) - (V + I Rs)/Rp        I at a given V
//   power = max over V of I V
//
// Is enters by its natural logarithm, as in the source; ranges in the table at the end.
#include <cmath>

#include "protocol.hpp"

namespace {

constexpr double thermal_voltage = 0.02585;

std::vector<double> solar_cell(std::span<const double> x) {
  const double Isc = x[0], Is = std::exp(x[1]), n = x[2], Rs = x[3], Rp = x[4];
  if (Isc <= 0.0 || n <= 0.0 || Rs < 0.0 || Rp <= 0.0)
    throw sonde_simulator::Failure("solar_cell: expected Isc, n and Rp above 0 and Rs not below");
  const double scale = n * thermal_voltage;
  const double light = Isc + Is * std::expm1(Isc * Rs / scale) + Isc * Rs / Rp;
  // By the voltage over the diode, u = V + I Rs, both I and V are explicit. The power rises at u =
  // 0 and falls where the diode takes all the light's current; it is concave in V, so it peaks
  // once.
  const auto current = [&](double u) { return light - Is * std::expm1(u / scale) - u / Rp; };
  const auto rises = [&](double u) {
    const double I = current(u), dI = -Is / scale * std::exp(u / scale) - 1.0 / Rp;
    return (1.0 - dI * Rs) * I + (u - I * Rs) * dI > 0.0;
  };
  double below = 0.0, above = scale * std::log1p(light / Is);
  for (int i = 0; i < 80; ++i) {
    const double middle = 0.5 * (below + above);
    (rises(middle) ? below : above) = middle;
  }
  const double I = current(below);
  return {I * (below - I * Rs)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "solar_cell",
       .version = "1.0",
       .source = "Constantine, Zaharatos and Campanelli (2015), Stat. Anal. Data Min. 8(5-6)",
       .inputs = {{"Isc", "A", 0.05989, 0.23958, "short-circuit current"},
                  {"log_Is", "1", std::log(2.2e-11), std::log(2.2e-7),
                   "natural logarithm of the diode's reverse saturation current in A"},
                  {"n", "1", 1.0, 2.0, "ideality factor of the diode"},
                  {"Rs", "ohm", 0.16625, 0.665, "series resistance"},
                  {"Rp", "ohm", 93.75, 375.0, "parallel resistance"}},
       .outputs = {{"power", "W", "largest power"}},
       .evaluate = solar_cell});
}
