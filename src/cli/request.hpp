#pragma once

#include <string>

#include "cli/asking.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/reply.hpp"
#include "run/import_hdf5.hpp"

namespace sonde::cli {

/// What is asked of whoever holds the journal, as one line of JSON: it can be handed over in a
/// file.
std::string ask_request(const AskRequest& ask, bool yes);
std::string tell_request(const std::string& lines, const std::string& source);
/// The same of items of a list, a line each, that are named as such where they cannot be taken.
std::string tell_items_request(const std::string& lines, const std::string& source);
std::string import_request(const std::string& file, const std::string& text, bool yes);
std::string import_request(const std::string& file, const StoredRuns& stored, bool yes);
/// Of a file that somebody left: rows that cannot be taken keep no other ones out.
std::string import_good_rows_request(const std::string& file, const std::string& text);

/// The same, agreed to by whoever sits here where it leads to many runs to fit. \throws UsageError
std::string agreed(const OpenCampaign& open, const std::string& request, int threads);

/// Does what it asks for. Of the same `name` it is done once, however often it is tried; a request
/// without a name has none to be known by. \throws UsageError, StoreError
Reply carried_out(OpenCampaign& open, const std::string& request, const std::string& name,
                  int threads);

/// The same, where what goes wrong with it is part of the reply. \throws StoreError
Reply replied(OpenCampaign& open, const std::string& request, const std::string& name, int threads);

}  // namespace sonde::cli
