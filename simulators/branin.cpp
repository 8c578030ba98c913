// Branin's function of two variables: three equal minima. Source, formula and ranges in branin.hpp.
#include "branin.hpp"

#include "protocol.hpp"

int main(int argc, char** argv) {
  return sonde_simulator::serve(argc, argv,
                                {.name = "branin",
                                 .version = "1.0",
                                 .source = "Branin (1972), IBM J. Res. Dev. 16(5)",
                                 .inputs = {{"a", "1", -5.0, 10.0, "first coordinate"},
                                            {"b", "1", 0.0, 15.0, "second coordinate"}},
                                 .outputs = {{"value", "1", "height of the function"}},
                                 .evaluate = [](std::span<const double> x) -> std::vector<double> {
                                   return {sonde_simulator::branin(x[0], x[1])};
                                 }});
}
