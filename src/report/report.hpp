#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sonde/run/campaign.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/metrics.hpp"
#include "sonde/run/segments.hpp"

namespace sonde::report {

/// Error against the number of runs, of one campaign.
struct Curve {
  std::vector<double> runs{};
  std::vector<double> error{};  ///< NaN: unknown there
};

/// How one way to choose runs learnt one output: a curve a repeat.
struct Strategy {
  std::string name{};   ///< "integrated variance", "uniform", ...
  std::string model{};  ///< "campaign": its kind of surrogate; "standard"
  std::string output{};
  std::vector<Curve> repeats{};
  bool own = false;  ///< the campaign's way, drawn in front
};

struct Comparison {
  std::string measure{};  ///< what the error is: "NRMSE on 300 held-out runs"
  std::vector<Strategy> strategies{};
};

/// What a report tells beside the campaign's state.
struct Story {
  std::string title{};
  std::string state{};   ///< "done", "running", ...
  std::string reason{};  ///< why it ended
  std::vector<MetricsRow> learning{};
  std::optional<Comparison> comparison{};
  Segments segments{};  ///< where errors are told apart
};

/// One HTML page that needs nothing else: pictures inside it, no scripts, no network. Fits the
/// surrogate where it is not cached.
std::string html(const Preamble& preamble, Campaign& campaign, const Story& story);

/// The learning curves of one output as a picture, an SVG file of its own; "" where there are none.
std::string comparison_svg(const Output& output, const Comparison& comparison);

}  // namespace sonde::report
