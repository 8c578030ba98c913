#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oracle/run_inputs.hpp"

namespace sonde {

/// Which point a run is told: what the formats of its texts leave of each input.
class ToldPoint {
 public:
  /// \param arguments and values of the environment, beside what is laid into the directory
  ToldPoint(const std::vector<Parameter>& inputs, const RunInputs& laid_in,
            const std::vector<Template>& arguments,
            const std::vector<std::pair<std::string, Template>>& environment);

  /// (d) The coarsest reading of each input, to the last bit x where it is written in full.
  Vector of(const Query& query, const Values& values) const;

 private:
  std::vector<std::vector<std::string>> formats_;  // of each input; none: written in full
  std::vector<std::string> names_;
};

}  // namespace sonde
