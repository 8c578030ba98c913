#include <iostream>

#include "sonde/sonde.hpp"

int main() {
  using namespace sonde;
  const Domain domain({Parameter::linear("a", -1.0, 1.0), Parameter::log("b", 1.0, 100.0)});
  const Points x = design::sobol(domain, 4, Rng(1));
  std::cout << x.rows() << " points in " << domain.dim() << " dimensions\n";
  return x.rows() == 4 ? 0 : 1;
}
