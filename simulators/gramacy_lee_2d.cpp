// Gramacy and Lee's function of two variables: a hill and a dent in one corner of a plain.
//
// Gramacy and Lee (2008), Gaussian processes and limiting linear models, Computational Statistics &
// Data Analysis 53(1).
//
//   value = x1 exp(-x1^2 - x2^2)
//
// Both in [-2, 6], without units. The top is 1/sqrt(2 e) at (1/sqrt(2), 0), the bottom its
// opposite.
#include <cmath>

#include "protocol.hpp"

namespace {

std::vector<double> gramacy_lee_2d(std::span<const double> x) {
  return {x[0] * std::exp(-x[0] * x[0] - x[1] * x[1])};
}

}  // namespace

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "gramacy_lee_2d",
                                 .version = "1.0",
                                 .source = "Gramacy and Lee (2008), Comput. Stat. Data Anal. 53(1)",
                                 .inputs = {{"x1", "1", -2.0, 6.0, "first coordinate"},
                                            {"x2", "1", -2.0, 6.0, "second coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = gramacy_lee_2d});
}
