#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/json_text.hpp"
#include "cli/campaign_folder.hpp"
#include "sonde/run/gold.hpp"

namespace sonde::cli {

/// What a known point that was asked again tells, and what else is another since.
std::string gold_words(const OpenCampaign& open, const GoldDifference& difference);

/// {"asked": .., "differences": [{"id", "output", "before", "now", "words"}]}
JsonValue gold_document(OpenCampaign& open);

/// Says what has not been said yet, once a difference.
class GoldWatch {
 public:
  /// In words, for the journal and for people; none where nothing new differs. Costs nothing where
  /// no further gold run was answered.
  std::vector<std::string> look(OpenCampaign& open);

 private:
  Index seen_ = -1;  // gold runs answered
  std::size_t said_ = 0;
};

}  // namespace sonde::cli
