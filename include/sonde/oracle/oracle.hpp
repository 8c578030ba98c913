#pragma once

#include <concepts>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/space/domain.hpp"
#include "sonde/space/query.hpp"

namespace sonde {

/// What the program of a run took, and how it ended.
struct Usage {
  double cpu_seconds = 0.0;  ///< of all its processes
  double max_rss = 0.0;      ///< bytes, of the largest of its processes
  int exit_status = 0;       ///< where it ended by itself
  int signal = 0;            ///< that ended it; 0: none did
};

/// What came of a query. That a simulation failed is an answer, not an error.
struct Answer {
  /// Abandoned: the asking itself was called off (an interruption); it is not recorded, and the
  /// query stays open.
  enum class Status { Ok, Failed, TimedOut, Abandoned };

  Status status = Status::Failed;
  /// (m), empty unless Ok. NaN among them: that output did not arrive, and `kind` says why; the
  /// others have.
  Vector y{};
  Vector x{};             ///< (d) the point simulated, where another one than was asked; else empty
  double seconds = 0.0;   ///< wall time
  std::string message{};  ///< why not, empty where Ok
  std::string kind{};     ///< of failure: one of failure_kinds(), or the study's own
  /// Of a failure: the world's fault (a licence, a node), not the point's. It teaches nothing,
  /// costs nothing, and the query is asked again.
  bool transient = false;
  int attempts = 1;    ///< which attempt at the query this was, from 1
  std::string host{};  ///< where it ran
  double started = std::numeric_limits<double>::quiet_NaN();  ///< s since 1970 UTC
  double ended = std::numeric_limits<double>::quiet_NaN();    ///< s since 1970 UTC
  std::optional<Usage> usage{};  ///< of its last attempt; nothing where no program of ours ran
};

/// "could not start", "timeout", "stall", "cpu limit", "out of memory", "file limit", "signal",
/// "exit status", "fail_when", "succeed_when", "output missing", "not finite", "out of range",
/// "echo differs", "inadmissible", "unreachable", "node lost", "cancelled", "preempted",
/// "lost", "exception", "told", "rejected".
const std::vector<std::string>& failure_kinds();

/// A simulator: named outputs, and a function from a query to their values.
///
/// Called from several threads at once. What the function throws becomes a Failed answer, except an
/// OracleError, which passes: the simulator cannot be started at all. A cheap copy.
class Oracle {
 public:
  /// From `Vector(VectorView x)`, (d) natural units -> (m).
  template <class F>
  requires std::invocable<F&, VectorView> Oracle(std::vector<Output> outputs, F value)
      : Oracle(std::move(outputs),
               from_values(std::function<Vector(VectorView)>(std::move(value)))) {}

  /// From `Answer(const Query&)`: for oracles that keep a directory a query, retry, time out.
  template <class F>
  requires std::invocable<F&, const Query&> Oracle(std::vector<Output> outputs, F answer)
      : Oracle(std::move(outputs), std::function<Answer(const Query&)>(std::move(answer))) {}

  Oracle(std::vector<Output> outputs, std::function<Answer(const Query&)> answer);

  const std::vector<Output>& outputs() const noexcept;
  /// Never throws on behalf of the simulator; an answer of the wrong size or not finite is Failed.
  /// Of an answer of kind "output missing" some values may be NaN, not all.
  Answer ask(const Query& query) const;

 private:
  static std::function<Answer(const Query&)> from_values(std::function<Vector(VectorView)> value);
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
