#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// Where a decision that was recorded and the same one, derived again, part.
struct Divergence {
  Index event = 0;     ///< its place among the events, from 0
  Index query = -1;    ///< the query it decided on; -1: none, a model
  Index model = 0;     ///< the model it decided on, or by; 0: none
  std::string what{};  ///< "x of 'chord'", "worth", "parameters", ...
  std::string recorded{};
  std::string derived{};
};

struct Replayed {
  Index queries = 0;  ///< that were derived again
  Index models = 0;   ///< likewise
  Index brought = 0;  ///< queries that are no decision of a campaign: earlier runs, restored ones
  std::optional<Divergence> first{};
};

/// The campaign that a study asks for, without any events. `change` is what the study was changed
/// to; nullptr: the study that it began with.
using Beginning = std::function<Campaign(const Edited* change)>;

/// Derives each decision of a campaign again, from what had happened before it, and holds it
/// against what was recorded, bit for bit: the numbers of the queries, points, reasons, worths,
/// predictions, and what the search chose among; parameters, evidence and leave-one-out of the
/// models. Ends at the first difference. Costs what the campaign cost, without its simulations.
/// \param seen called after each decision; may be empty
/// \throws ArgumentError where the events do not follow each other
Replayed replayed(std::span<const Event> events, const Beginning& begin,
                  const std::function<void(const Replayed&)>& seen = {});

}  // namespace sonde
