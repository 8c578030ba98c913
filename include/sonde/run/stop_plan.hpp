#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sonde/run/cost.hpp"
#include "sonde/run/stop.hpp"

namespace sonde {

/// [stop] of a study: what ends a campaign. None given: 10 d runs.
struct StopPlan {
  std::optional<Index> runs{};
  std::optional<double> wall_seconds{};
  std::optional<double> cost{};   ///< of Cost
  std::optional<double> error{};  ///< by leave-one-out, over the spread
  /// By leave-one-out where a segment holds, by its name, over the spread of the whole output.
  std::vector<std::pair<std::string, double>> error_in{};
  std::optional<double> held_out{};  ///< upper end of the interval on runs held out, likewise
  enum class Judge { None, LeaveOneOut, HeldOut };
  Judge tolerance = Judge::None;  ///< the outputs' own
  std::optional<Index> plateau{};
  std::optional<double> worth{};
  bool marginal = false;
  /// "runs or (error and plateau)": keys by their names; empty: any of them.
  std::string when{};

  std::vector<std::string> given() const;  ///< names of the keys that are
};

/// What the rules need of the rest of a study.
struct StopContext {
  Vector tolerances{};
  Cost cost{};
  double seconds_before = 0.0;  ///< of earlier sessions
  Index dim = 1;
  Segments segments{};
};

/// \throws ArgumentError that says what is wrong with `when`.
StopRule stop_rule(const StopPlan& plan, const StopContext& context);
/// Runs after which it stops whatever else is; 0: no such number. \throws as stop_rule()
Index queries_at_most(const StopPlan& plan, Index dim);

}  // namespace sonde
