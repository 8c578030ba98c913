#pragma once

#include <optional>

#include "sonde/oracle/process.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

inline constexpr int most_nudges = 3;

/// What is done about an answer that is not Ok. \see SimulatorSpec::on_failure
/// \param then of the rule that decided, where it says
Remedy remedy_for(const SimulatorSpec& spec, const Answer& answer, std::optional<Remedy> then);

/// x moved by at most `share` of each continuous range, in the unit cube, admissible; x itself
/// where none of a hundred draws is. The same for the same query, `number` (from 1) and seed.
Vector nudged(const Domain& domain, const Query& query, double share, int number,
              std::uint64_t seed);

}  // namespace sonde
