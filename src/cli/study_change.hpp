#pragma once

#include <optional>
#include <string>

namespace sonde::cli {

struct StudyChange {
  /// What a begun campaign cannot follow, as `file:line:column: what has changed`.
  std::optional<std::string> forbidden{};
  bool any = false;   ///< the values differ in anything, if only in what may change
  bool anew = false;  ///< in bounds or outputs: surrogates are of another domain
};

/// What differs between two study texts. A campaign follows changes of bounds, constraints, the
/// criterion, what is held out, outputs that come after the others, [stop], [echo], the title, the
/// size of batches, how a run is judged (`from`, `accept`, `tolerance`, `fail_when`, ...) and
/// its limits (`timeout`, `parallel`, ...); of the program, its arguments and files only as long as
/// no run went well. Comments and white space are no change.
/// \param file of `now`, for the message
StudyChange study_change(const std::string& recorded, const std::string& now,
                         const std::string& file, bool some_went_well);

}  // namespace sonde::cli
