#pragma once

#include <optional>
#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/reply.hpp"

namespace sonde::cli {

struct AskRequest {
  Index count = 1;
  std::string to{};  ///< who answers; empty: nobody in particular
  /// Until when, from now; none: no end, but where a program answers otherwise an hour.
  std::optional<double> seconds{};
  std::string tag{};   ///< only queries that carry it; empty: any
  bool again = false;  ///< also what is in somebody's hands now
  Index row = -1;      ///< this candidate, and no other; -1: what the campaign proposes
};

/// Hands queries out: first those that are open and in nobody's hands (never handed out, or their
/// lease has ended), then new ones, no more than the study's budget has left. Those that are held
/// for review are not among them, nor, but with `again`, what a program is to answer.
/// \param request name of the request that the events are recorded with; empty: none
Reply asked(OpenCampaign& open, const AskRequest& ask, const std::string& request);

/// A JSON line each of the candidates most like what would be asked next: row, x, distance,
/// prediction, deviation. Nothing is recorded. \throws UsageError where there are none
std::string choices(Campaign& campaign, const Study& study, Index count);

/// A JSON line each of those that are held: x, prediction, why, the three nearest runs.
std::string reviews(const OpenCampaign& open);

/// Whether enough people told, but not the same, so that the study's expert is to decide.
bool waits_for_expert(const OpenCampaign& open, Index id);

/// Whether the query may not be put to a simulator now: it is held, or somebody has it for a time
/// that has not passed yet.
bool in_other_hands(const Campaign& campaign, Index id, double now);

}  // namespace sonde::cli
