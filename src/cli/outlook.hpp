#pragma once

#include <optional>
#include <string>

#include "cli/campaign_folder.hpp"
#include "sonde/run/forecast.hpp"

namespace sonde::cli {

/// What a campaign still needs for its target.
struct Outlook {
  std::string target;    ///< in words
  RunsForecast runs{};   ///< in all
  Index now = 0;         ///< of them there are so many
  double seconds_a_run;  ///< of those that ended; NaN: none has
  double cost_a_run;     ///< expected; 0: there is none
  /// What was forecast when there were half as many runs, where there were enough.
  std::optional<RunsForecast> before{};
  Index before_at = 0;
};

/// Where the study names an error or tolerances, and there are two models at least.
std::optional<Outlook> outlook_of(OpenCampaign& open);

/// As a JSON document, "null" where there is none; seconds are those of `parallel` runs at a time.
std::string outlook_document(const OpenCampaign& open, const std::optional<Outlook>& outlook);
/// A line, or none.
std::string outlook_text(const OpenCampaign& open, const std::optional<Outlook>& outlook);

}  // namespace sonde::cli
