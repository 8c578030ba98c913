#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <string_view>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

/// When the worth of a point that arrives is enough.
enum class StreamRule {
  /// Its rank among the last `window` worths lies within the budget, more of it where less was
  /// asked so far than the budget has. Any scale of worth will do, and any drift. \see Kottke,
  /// Krempl & Spiliopoulou (2015), ECML PKDD, "balanced incremental quantile filter"
  Quantile,
  /// It is above a threshold that rises by a factor with each point that is asked, and falls with
  /// each that is not, so that both are in balance at the budget, and follows what was asked beyond
  /// it; the threshold is blurred, so that no region is never asked. For worths above 0. \see
  /// Zliobaite, Bifet, Pfahringer & Holmes
  /// (2014), IEEE TNNLS 25(1), "variable uncertainty with randomisation"
  Variable,
  /// It is no less than `threshold`, while the budget lasts. Lewis & Gale (1994), SIGIR
  Fixed
};

struct StreamOptions {
  StreamRule rule = StreamRule::Quantile;
  double budget = 0.1;  ///< part of all that is asked, in (0, 1]
  double threshold = std::numeric_limits<double>::quiet_NaN();  ///< of Fixed
  Index window = 256;                                           ///< of Quantile
  /// Part of the budget for points drawn at random, whatever they are worth: a sample that a
  /// criterion cannot bend. In [0, 0.5].
  double random_share = 0.02;
  /// Part of the budget for points drawn from those that would be passed over, to see how often
  /// what was said of them was right: nothing is learnt from them. In [0, 0.5].
  double audit_share = 0.05;
  /// Nearer than this to one of the last `recent` that were asked is a near-copy, which is passed
  /// over: root mean square of the differences in the unit cube.
  double apart = 0.01;
  Index recent = 64;
  /// So many queries may wait for a simulator: the more wait, the less is asked, in proportion;
  /// then nothing. 0: four times as many as run at a time.
  Index queue = 0;
  bool leading = false;      ///< decided by the member of the stack that weighs most, alone
  bool logarithmic = false;  ///< worths are logarithms already: see Criterion
};

/// What becomes of a point that arrives, and why.
enum class Decision {
  Worthy,        ///< asked
  Random,        ///< asked, whatever it is worth
  Audit,         ///< asked, though it was to be passed over
  Unworthy,      ///< passed over, as are all below
  Near,          ///< a near-copy of one of the last that were asked
  Known,         ///< was asked before
  Inadmissible,  ///< breaks the bounds or a constraint
  Unscored       ///< there is no worth to judge it by
};

bool is_asked(Decision decision) noexcept;
std::string_view word(Decision decision) noexcept;  ///< "worthy", "random", ...

/// Decides on points one after the other as they arrive, at once and without looking ahead.
///
/// A value: what it decides next depends on the options, the generator and take() alone. O(window +
/// recent) a point.
class StreamGate {
 public:
  /// \throws ArgumentError where an option is out of its range.
  StreamGate(StreamOptions options, Rng rng);

  /// On the next one, which is admissible and new. \param u (d) in the unit cube
  /// \param worth NaN: none is known, and it is drawn at random, within the budget
  /// \param share of the budget that may be spent now, in [0, 1]
  Decision decide(VectorView u, double worth, double share) const;
  /// It has been decided upon, or passed over for another reason. \param u empty unless asked
  /// \param x where it is kept, natural units; else empty
  void take(VectorView u, double worth, bool asked, double share, VectorView x = Vector());
  /// What points are worth is another matter from now on: those that were kept wait for rescore(),
  /// the others are forgotten.
  void outdate();
  /// \param worth of a point in natural units
  void rescore(const std::function<double(VectorView)>& worth, int threads = 1);

  const StreamOptions& options() const noexcept { return options_; }
  Index arrived() const noexcept { return arrived_; }
  Index asked() const noexcept { return asked_; }
  /// Worths that it remembers, and the rank of one among them: 1 above all.
  Index remembered() const noexcept { return static_cast<Index>(last_.size()); }
  Index rank(double worth) const;
  /// What the budget had for all so far, less what was asked.
  double balance() const noexcept { return balance_; }
  double log_threshold() const noexcept { return log_threshold_; }  ///< of Variable; NaN: none yet

 private:
  struct Draws {
    double tie, random, audit, blur;
  };

  Draws draws() const;
  double level_of(double worth) const;  // its logarithm
  bool is_worthy(double worth, double budget, const Draws& draw) const;
  bool is_near(VectorView u) const;

  StreamOptions options_;
  Rng rng_;
  Index arrived_ = 0;
  Index asked_ = 0;
  double balance_ = 0.0;
  double log_threshold_ = std::numeric_limits<double>::quiet_NaN();
  struct Remembered {
    double worth;
    Vector x;
    bool outdated = false;
  };
  std::deque<Remembered> last_{};  // `window` of them
  std::deque<Vector> near_{};      // the last `recent` that were asked
};

}  // namespace sonde
