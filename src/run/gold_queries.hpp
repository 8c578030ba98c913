#pragma once

#include <optional>

#include "sonde/run/campaign.hpp"

namespace sonde {

/// Whether it asks a known point again.
inline bool is_gold(const Query& query) {
  return query.why == "gold";
}

/// The point that is asked again: that of the first query of ours answered Ok.
inline std::optional<Index> known_query(const Campaign& campaign) {
  for (const Index id : campaign.data_ids())
    if (campaign.queries()[static_cast<std::size_t>(id)].why != "imported") return id;
  return std::nullopt;
}

}  // namespace sonde
