#pragma once

#include <functional>
#include <span>
#include <string>

#include "sonde/oracle/oracle.hpp"
#include "sonde/run/batch_size.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/stop.hpp"

namespace sonde {

enum class Pace {
  Batches,   ///< asks `batch`, waits for all: queries do not depend on workers or timing
  Streaming  ///< keeps all workers busy: queries depend on the order of answers, which is recorded
};

enum class Interruption { None, Drain, Abandon };

struct RunOptions {
  int workers = 1;
  BatchRule batch{};  ///< of Batches
  /// Never more than so many are asked, imported ones apart; 0: no limit. A stop rule is only heard
  /// between proposals, so it alone would let a batch go beyond its number.
  Index max_queries = 0;
  Pace pace = Pace::Batches;
  /// Asked about ten times a second. Drain: launch nothing more, let running ones finish. Abandon:
  /// give up what is running too (the oracle must have been told to end); it stays open for the
  /// next time.
  std::function<Interruption()> interruption{};
  /// Called about ten times a second between events: it may bring events about by itself, which it
  /// records and applies to the campaign.
  std::function<void()> outside{};
  /// Where points arrive: decides upon those that have by Campaign::decide(), records and applies
  /// what comes of it, and waits for the first no longer than so many seconds. Called while it is
  /// their turn; false: no more will come. \see Campaign::is_streaming()
  std::function<bool(double seconds, double share, Index most)> arrivals{};
  /// Whether an open query may be put to the oracle now; empty: all may. One that may not is looked
  /// at again about ten times a second, while others go on; no more are asked once `workers` are
  /// held for review.
  std::function<bool(const Query&)> ready{};
  /// Told what run() will throw, where simulations are running then: it waits for them, and the
  /// interruption is heard still.
  std::function<void(const std::string&)> failing{};
  /// Told why nothing can be recorded now, again each time it is tried, about ten times a second,
  /// while nothing more is begun; running simulations go on, and so does the run once there is
  /// room.
  std::function<void(const std::string&)> full{};
  /// So many failures in a row stop the run, transient ones among them; 0: none do.
  Index failures_in_a_row = 20;
  /// s before a query is asked again that failed by no fault of its point; four times as long each
  /// further time, up to 64 times.
  double pause_seconds = 1.0;
};

/// Told of the events that are ready *before* any of them takes effect. What it throws stops the
/// run, but JournalFull: the same are tried again until there is room, or an interruption.
using Recorder = std::function<void(std::span<const Event>)>;

struct RunEnd {
  enum class State { Stopped, Interrupted, TooManyFailures, Exhausted };
  State state;
  std::string reason;  ///< what the stop rule said, or which failures
};

/// Runs until `stop` speaks, then lets open queries be answered. Asks first what a resumed campaign
/// has open. \throws what the recorder throws, OracleError.
RunEnd run(Campaign& campaign, const Oracle& oracle, const StopRule& stop,
           const RunOptions& options, const Recorder& recorder = {});

}  // namespace sonde
