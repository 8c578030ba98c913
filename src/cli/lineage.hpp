#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/campaign_folder.hpp"

namespace sonde::cli {

/// What a journal tells of one query: who asked for it and why, and what came of it.
struct Lineage {
  Query query{};  ///< as it was asked
  std::optional<Fitted> model{};
  std::vector<Index> learnt_from{};   ///< queries of the data that the surrogate knew then
  std::vector<Index> supposed{};      ///< those that were open or failed then, and were supposed
  std::vector<std::string> limits{};  ///< bounds and constraints at which the point lies
  std::string stream{};  ///< path of the random numbers below the seed; empty: none were drawn
  Index event = 0;       ///< its place in the journal's events
  int session = 0;       ///< 1: asked under the study as it began, 2: after its first change, ...
};

/// \pre 0 <= id < asked
Lineage lineage_of(const OpenCampaign& open, Index id);
std::string lineage_text(const OpenCampaign& open, const Lineage& lineage);
std::string lineage_json(const OpenCampaign& open, const Lineage& lineage);

}  // namespace sonde::cli
