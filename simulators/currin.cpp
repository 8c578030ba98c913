// Currin's exponential function of two variables: steep along one edge.
//
// Currin, Mitchell, Morris and Ylvisaker (1988), A Bayesian approach to the design and analysis of
// computer experiments, Oak Ridge National Laboratory ORNL-6498.
//
//   value = (1 - exp(-1/(2 x2))) (2300 x1^3 + 1900 x1^2 + 2092 x1 + 60)
//           / (100 x1^3 + 500 x1^2 + 4 x1 + 20)
//
// Both in [0, 1], without units; the exponential is 0 at x2 = 0.
#include <cmath>

#include "protocol.hpp"

namespace {

std::vector<double> currin(std::span<const double> x) {
  const double t = x[0];
  const double rise = x[1] == 0.0 ? 1.0 : -std::expm1(-0.5 / x[1]);
  return {rise * (((2300.0 * t + 1900.0) * t + 2092.0) * t + 60.0) /
          (((100.0 * t + 500.0) * t + 4.0) * t + 20.0)};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "currin",
       .version = "1.0",
       .source = "Currin, Mitchell, Morris and Ylvisaker (1988), ORNL-6498",
       .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate"},
                  {"x2", "1", 0.0, 1.0, "second coordinate"}},
       .outputs = {{"value", "1", "height of the function"}},
       .evaluate = currin});
}
