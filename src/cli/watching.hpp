#pragma once

#include <string>

#include "base/json_text.hpp"
#include "sonde/run/watch.hpp"

/// What watching a campaign shows, as `status` tells it.
namespace sonde::cli {

JsonValue watch_json(const Watch& seen, const Campaign& campaign);
JsonValue findings_json(const Watch& seen, const Campaign& campaign);
std::string findings_words(const Watch& seen, const Campaign& campaign);

}  // namespace sonde::cli
