#pragma once

#include <chrono>
#include <set>
#include <string>

#include "sonde/run/campaign.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/run.hpp"
#include "sonde/run/study.hpp"

namespace sonde::cli {

/// The times that `sonde run` worked on a campaign, as its journal's notes tell.
struct Sessions {
  double seconds = 0.0;    ///< of wall time, together
  std::string state = "";  ///< of the last: "done", "interrupted", "failed", "exhausted", "unended"
  std::string reason = "";
};

/// Version, compiler and instruction set, on which the last bit of a decision depends.
std::string this_build();
/// Those that worked on the campaign, as far as its notes tell.
std::set<std::string> builds_of(const Journal& journal);

using SessionClock = std::chrono::steady_clock;

/// \param study whose simulator's program and files are noted, as they are now
/// \return when it began
SessionClock::time_point note_begin(Journal& journal, int workers, const Study& study);
void note_end(Journal& journal, const RunEnd& end, SessionClock::time_point begun);
Sessions sessions_of(const Journal& journal);

std::string name_of(RunEnd::State state);

}  // namespace sonde::cli
