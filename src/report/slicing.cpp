#include "report/slicing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sonde::report {
namespace {

constexpr Index slice_points = 97;

}  // namespace

std::optional<Index> central_row(const Campaign& campaign) {
  const Domain& domain = campaign.domain();
  const Points& x = campaign.data().x;
  const std::vector<bool> admitted = domain.rows_admitted(x);
  std::optional<Index> best;
  double least = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < x.rows(); ++i) {
    if (!admitted[static_cast<std::size_t>(i)]) continue;
    const double distance = (domain.to_unit(x.row(i)).array() - 0.5).matrix().squaredNorm();
    if (distance < least) best = i, least = distance;
  }
  return best;
}

std::vector<double> places(const Parameter& parameter) {
  if (parameter.discrete() && parameter.upper - parameter.lower < 40.0) {
    std::vector<double> whole;
    for (double v = parameter.lower; v <= parameter.upper; v += 1.0) whole.push_back(v);
    return whole;
  }
  std::vector<double> values;
  for (Index i = 0; i < slice_points; ++i) {
    const double u = static_cast<double>(i) / static_cast<double>(slice_points - 1);
    double value = parameter.lower + u * (parameter.upper - parameter.lower);
    if (parameter.scale == Scale::Log) {
      value = parameter.lower * std::pow(parameter.upper / parameter.lower, u);
    }
    values.push_back(parameter.discrete() ? std::round(value)
                                          : std::clamp(value, parameter.lower, parameter.upper));
  }
  return values;
}

bool is_seen_whole(const std::vector<double>& places, const Parameter& parameter) {
  return static_cast<Index>(places.size()) < slice_points && parameter.discrete();
}

Points along(const Vector& centre, Index input, const std::vector<double>& places) {
  Points x = centre.transpose().replicate(static_cast<Index>(places.size()), 1);
  for (Index i = 0; i < x.rows(); ++i) x(i, input) = places[static_cast<std::size_t>(i)];
  return x;
}

Range range_of(const Parameter& parameter, bool discrete) {
  const double margin = discrete ? 0.5 : 0.0;
  return {parameter.lower - margin, parameter.upper + margin, parameter.scale == Scale::Log};
}

ChartSize size_for(Index inputs) {
  if (inputs <= 2) return {"two", 520, 300};
  if (inputs == 3) return {"three", 340, 240};
  return {"four", 270, 206};
}

}  // namespace sonde::report
