#pragma once

#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"
#include "sonde/space/domain.hpp"

/// The simulators of simulators/ that cost nothing, called without a process.
namespace sonde::efficiency {

struct Function {
  std::string name;
  Domain domain;
  ScalarField value;  ///< of the first output
};

/// Asks for k queries and answers them.
void answer(Campaign& campaign, const Function& function, Index k);

/// Those that defaults were chosen on.
std::vector<Function> suite();

/// Those that nothing was chosen on.
std::vector<Function> gate();

/// Those of the suite in domains that are not plain boxes: integers and choices, one point in a
/// hundred admissible, nearly an equality, ten inputs that do nothing, logarithmic scales.
std::vector<Function> odd();

}  // namespace sonde::efficiency
