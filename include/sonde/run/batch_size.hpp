#pragma once

#include "sonde/run/campaign.hpp"

namespace sonde {

/// How many queries are asked together.
struct BatchRule {
  BatchRule(Index always = 1)  // NOLINT(google-explicit-constructor)
      : least(always), most(always) {}
  BatchRule(Index at_least, Index at_most) : least(at_least), most(at_most) {}

  Index least;  ///< >= 1
  Index most;   ///< >= least; the same: always so many
};

/// What a rule says now, and what the batch before it was judged by.
struct BatchSize {
  Index queries = 1;
  /// Mean over the last batch of ((y - predicted) / predicted standard deviation)^2; NaN: none yet.
  double surprise;
};

/// Batch after batch from `least`: twice as many where the answers to the last one were no more
/// surprising than foretold (mean squared error over predicted variance up to 1.5), half as many
/// where they were (above 3), or where one failed of which that was not foretold; the same in
/// between, and as long as the last is not answered. A batch costs little as long as its answers
/// bring no surprise: what is chosen by variance depends on them through the parameters alone. A
/// function of the events. O(asked) \see Azimi, Jalali & Fern (2012), ICML, for batches that grow
/// while their points do not depend on each other
BatchSize batch_size(const Campaign& campaign, const BatchRule& rule);

}  // namespace sonde
