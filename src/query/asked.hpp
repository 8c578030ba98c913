#pragma once

#include "sonde/gp/surrogate.hpp"

namespace sonde::query {

/// How many queries stand behind what the surrogate believes, those supposed among them.
Index asked_of(const Surrogate& surrogate);

/// Whether there is more than one answer to which model is right: members, or parameters.
bool doubts_itself(const Surrogate& surrogate);

}  // namespace sonde::query
