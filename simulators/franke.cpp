// Franke's function of two variables: two hills, a dent, and a slope.
//
// Franke (1979), A critical comparison of some methods for interpolation of scattered data, Naval
// Postgraduate School NPS-53-79-003.
//
//   value = 3/4 exp(-((9a-2)^2 + (9b-2)^2)/4) + 3/4 exp(-(9a+1)^2/49 - (9b+1)/10)
//           + 1/2 exp(-((9a-7)^2 + (9b-3)^2)/4) - 1/5 exp(-(9a-4)^2 - (9b-7)^2)
//
// a and b in [0, 1], without units.
#include <cmath>

#include "protocol.hpp"

namespace {

double square(double t) {
  return t * t;
}

std::vector<double> franke(std::span<const double> x) {
  const double a = 9.0 * x[0], b = 9.0 * x[1];
  return {0.75 * std::exp(-(square(a - 2.0) + square(b - 2.0)) / 4.0) +
          0.75 * std::exp(-square(a + 1.0) / 49.0 - (b + 1.0) / 10.0) +
          0.5 * std::exp(-(square(a - 7.0) + square(b - 3.0)) / 4.0) -
          0.2 * std::exp(-square(a - 4.0) - square(b - 7.0))};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "franke",
                                 .version = "1.0",
                                 .source = "Franke (1979), NPS-53-79-003",
                                 .inputs = {{"a", "1", 0.0, 1.0, "first coordinate"},
                                            {"b", "1", 0.0, 1.0, "second coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = franke});
}
