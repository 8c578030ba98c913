// Gramacy and Lee's function of one variable: a wave that dies away into a quartic.
//
// Gramacy and Lee (2012), Cases for the nugget in modeling computer experiments, Statistics and
// Computing 22(3).
//
//   value = sin(10 pi x) / (2 x) + (x - 1)^4
//
// x in [0.5, 2.5], without units.
#include <cmath>
#include <numbers>

#include "protocol.hpp"

namespace {

std::vector<double> gramacy_lee_1d(std::span<const double> x) {
  const double square = (x[0] - 1.0) * (x[0] - 1.0);
  return {std::sin(10.0 * std::numbers::pi * x[0]) / (2.0 * x[0]) + square * square};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "gramacy_lee_1d",
                                 .version = "1.0",
                                 .source = "Gramacy and Lee (2012), Statistics and Computing 22(3)",
                                 .inputs = {{"x", "1", 0.5, 2.5, "the coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = gramacy_lee_1d});
}
