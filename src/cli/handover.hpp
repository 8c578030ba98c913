#pragma once

#include <string>

#include "cli/campaign_folder.hpp"
#include "cli/command_line.hpp"

namespace sonde::cli {

inline constexpr const char* default_wait = "10 s";

/// --wait, how long to wait for the journal.
Argument wait_argument(std::string& wait);
/// \throws UsageError where it is no duration
double wait_of(const std::string& wait);

struct HandOver {
  double wait = 10.0;  ///< s, for whoever holds the journal
  int threads = 1;
};

/// Has a request carried out, prints the reply, returns its status: by this process, which takes
/// the journal's lock for it and the inbox in; or, where `sonde run` holds the journal, by that one
/// through the inbox. \throws JournalLocked where another holds it for all of the wait: nothing was
/// done then. UsageError, StoreError
int by_holder(const CampaignFolder& folder, const std::string& request, const HandOver& options);

}  // namespace sonde::cli
