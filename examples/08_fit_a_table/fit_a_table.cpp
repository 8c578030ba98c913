// A table of runs becomes a surrogate: no campaign, no simulator.
//
// The deflection of a cantilever beam under its load, at 30 runs that somebody made: beam.csv.
#include <cmath>
#include <iostream>

#include "sonde/sonde.hpp"

int main(int argc, char** argv) {
  using namespace sonde;
  const Domain beam({Parameter::linear("width", 20, 60, "mm"),
                     Parameter::linear("height", 40, 80, "mm"),
                     Parameter::linear("length", 1.0, 1.5, "m")});
  const Dataset runs = read_dataset(argc > 1 ? argv[1] : "beam.csv", beam, {{"deflection", "mm"}});
  const Surrogate surrogate =
      Surrogate::fit(beam, {{"deflection", "mm"}}, runs, {}, Matrix(0, 0), Rng(1));
  const Response& deflection = surrogate["deflection"];

  const Points x{{30, 50, 1.2}, {25, 60, 1.4}, {30, 40, 2.0}};
  const Marginals predicted = deflection.predict(x);
  const TrustRegion region(beam, deflection);
  for (Index i = 0; i < x.rows(); ++i)
    std::cout << x.row(i) << ": " << predicted.mean[i] << " +- " << std::sqrt(predicted.variance[i])
              << " mm, " << word(region(x.row(i).transpose())) << '\n';
  std::cout << "left out one by one: error " << leave_one_out_scores(deflection).nrmse
            << " of the standard deviation\n";
}
