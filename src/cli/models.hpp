#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde::cli {

/// What answers: the model that was promoted, else the newest surrogate, of all data.
/// \throws UsageError where there is no surrogate yet
Surrogate answering(OpenCampaign& open);

/// A model that the journal tells of, as it was when its parameters were searched.
/// \throws UsageError: no such model; StoreError: its parameters no longer fit its data
Surrogate model_numbered(const OpenCampaign& open, Index number);

/// Of the outputs that are numbers. \throws UsageError where none is
Surrogate numbers_of(const Surrogate& surrogate);

/// How one model compares with another on the runs that were held out.
struct Verdict {
  std::string output;
  std::string segment;   ///< empty: everywhere
  Interval before, now;  ///< error of each
  Interval ratio;        ///< of the second to the first
  bool worse = false;    ///< beyond its interval
};
std::vector<Verdict> compared(const OpenCampaign& open, const Surrogate& before,
                              const Surrogate& now);

/// Of each output on the runs that were held out; empty where there are none.
std::vector<Interval> held_out_errors(const OpenCampaign& open, const Surrogate& surrogate);

/// "0.12 (0.08 to 0.17)", relative to `spread`, in per cent
std::string error_words(const Interval& error, double spread);

}  // namespace sonde::cli
