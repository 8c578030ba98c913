#pragma once

#include <string>

#include "sonde/gp/surrogate.hpp"

namespace sonde::c99 {

/// How large the arrays must be that hold any process of the surrogate.
struct Extent {
  Index features = 1;
  Index points = 1;
  Index terms = 1;
  Index processes = 1;
};
Extent extent_of(const Surrogate& surrogate);

/// Definitions of the constants of one output, the last of them the response @__response_OUTPUT; as
/// in c99_core, @ stands for the prefix.
std::string tables(const Surrogate& surrogate, Index output);

/// An exact literal.
std::string literal(double value);

}  // namespace sonde::c99
