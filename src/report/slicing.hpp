#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/svg.hpp"
#include "sonde/run/campaign.hpp"

/// Where slices are taken along an input, and how large their charts are.
namespace sonde::report {

/// The run nearest the middle of the domain that satisfies all constraints.
std::optional<Index> central_row(const Campaign& campaign);

/// Where an input is looked at: each of its values, or 97 along its scale.
std::vector<double> places(const Parameter& parameter);
/// Whether these are all its values.
bool is_seen_whole(const std::vector<double>& places, const Parameter& parameter);
/// (n, d) the centre, with each of these in place of one input.
Points along(const Vector& centre, Index input, const std::vector<double>& places);
Range range_of(const Parameter& parameter, bool discrete);

/// Few inputs get large charts.
struct ChartSize {
  const char* grid;
  double width;
  double height;
};
ChartSize size_for(Index inputs);

}  // namespace sonde::report
