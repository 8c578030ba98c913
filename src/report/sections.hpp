#pragma once

#include <string>
#include <vector>

#include "report/report.hpp"

namespace sonde::report {

// The parts of the page, each with its heading.

std::string summary(const Preamble& preamble, Campaign& campaign, const Story& story);
std::string learning(const Campaign& campaign, const Story& story);
std::string predicted_against_observed(const Surrogate& surrogate, const Campaign& campaign);
std::string slices(const Surrogate& surrogate, const Campaign& campaign);
std::string importance(const Surrogate& surrogate);
/// Of outputs of classes; empty where there is none.
std::string classes(const Surrogate& surrogate, const Campaign& campaign);
std::string in_segments(Campaign& campaign, const Segments& segments);  ///< "": there are none
std::string failures(const Campaign& campaign);
std::string runs(const Campaign& campaign);

/// A drawing on a card, with words below it.
std::string figure(const std::string& drawing, const std::string& caption);

/// One of the six colours, as a CSS class.
std::string series(std::size_t i);

/// "12 min", "3.4 h", ...
std::string duration(double seconds);

/// name (unit), without a unit that is "1"; escaped.
std::string with_unit(const std::string& name, const std::string& unit);

double median(std::vector<double> values);  ///< of those that are finite; NaN where none is

}  // namespace sonde::report
