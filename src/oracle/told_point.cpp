#include "oracle/told_point.hpp"

#include <algorithm>
#include <cmath>

#include "oracle/number.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

ToldPoint::ToldPoint(const std::vector<Parameter>& inputs, const RunInputs& laid_in,
                     const std::vector<Template>& arguments,
                     const std::vector<std::pair<std::string, Template>>& environment) {
  for (const Parameter& input : inputs) {
    std::vector<std::string> formats = laid_in.formats_of(input.name);
    const auto add = [&](const Template& text) {
      const std::vector<std::string> its = text.formats_of(input.name);
      formats.insert(formats.end(), its.begin(), its.end());
    };
    for (const Template& argument : arguments) add(argument);
    for (const auto& [name, value] : environment) add(value);
    const bool in_full = std::find(formats.begin(), formats.end(), "") != formats.end();
    if (in_full || input.scale == Scale::Choice) formats.clear();
    formats_.push_back(std::move(formats));
    names_.push_back(input.name);
  }
}

Vector ToldPoint::of(const Query& query, const Values& values) const {
  Vector told = query.x;
  for (std::size_t i = 0; i < formats_.size(); ++i) {
    const double x = query.x[static_cast<Index>(i)];
    for (const std::string& format : formats_[i]) {
      const std::optional<double> written = number_in(values.text(names_[i], format));
      double& now = told[static_cast<Index>(i)];
      if (written && std::isfinite(*written) && std::abs(*written - x) > std::abs(now - x))
        now = *written;
    }
  }
  return told;
}

}  // namespace sonde
