// Friedman's function: ten inputs of which five act, two of them only together.
//
// Friedman, Grosse and Stuetzle (1983), Multidimensional additive spline approximation, SIAM
// Journal on Scientific and Statistical Computing 4(2); with ten inputs as in Friedman (1991),
// Multivariate adaptive regression splines, Annals of Statistics 19(1). Without their noise.
//
//   value = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5
//
// All in [0, 1], without units; x6 to x10 do nothing.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> friedman(std::span<const double> x) {
  const double off_centre = x[2] - 0.5;
  return {10.0 * std::sin(std::numbers::pi * x[0] * x[1]) + 20.0 * off_centre * off_centre +
          10.0 * x[3] + 5.0 * x[4]};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(
      argc, argv,
      {.name = "friedman",
       .version = "1.0",
       .source = "Friedman, Grosse and Stuetzle (1983), SIAM J. Sci. Stat. Comput. 4(2)",
       .inputs = {{"x1", "1", 0.0, 1.0, "first coordinate, acts with the second"},
                  {"x2", "1", 0.0, 1.0, "second coordinate, acts with the first"},
                  {"x3", "1", 0.0, 1.0, "third coordinate, quadratic"},
                  {"x4", "1", 0.0, 1.0, "fourth coordinate, linear"},
                  {"x5", "1", 0.0, 1.0, "fifth coordinate, linear"},
                  {"x6", "1", 0.0, 1.0, "sixth coordinate, inert"},
                  {"x7", "1", 0.0, 1.0, "seventh coordinate, inert"},
                  {"x8", "1", 0.0, 1.0, "eighth coordinate, inert"},
                  {"x9", "1", 0.0, 1.0, "ninth coordinate, inert"},
                  {"x10", "1", 0.0, 1.0, "tenth coordinate, inert"}},
       .outputs = {{"value", "1", "height of the function"}},
       .evaluate = friedman});
}
