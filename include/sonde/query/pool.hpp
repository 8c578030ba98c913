#pragma once

#include <functional>
#include <vector>

#include "sonde/base/random.hpp"
#include "sonde/base/types.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/query/acquisition.hpp"
#include "sonde/query/batch.hpp"

namespace sonde {

/// Points to choose among, in natural units, one after the other: they need not lie in memory.
/// A value, cheap to copy.
class Pool {
 public:
  /// Is given blocks (b, d) in order, and the number of each block's first row.
  using Visitor = std::function<void(Index first, PointsView block)>;

  explicit Pool(Points x);  ///< (n, d), kept
  /// \param visit gives a visitor all blocks, at each call the same ones: a file that is read anew.
  Pool(Index dim, std::function<void(const Visitor&)> visit);

  Index dim() const noexcept { return dim_; }
  void visit(const Visitor& visitor) const { visit_(visitor); }

 private:
  Index dim_;
  std::function<void(const Visitor&)> visit_;
};

/// How the points of a batch are kept apart.
enum class Diversity {
  Supposing,         ///< each is the most worthy, supposing those before it
  KCentre,           ///< of the most worthy each time the one farthest from all before it
  MarginalRelevance  ///< worth against likeness to those before it
};

struct PoolOptions {
  /// So many of the most worthy are kept from a visit to choose from, with no more in memory.
  Index shortlist = 10000;
  Diversity diversity = Diversity::Supposing;
  /// Of the most worthy, so many times as many as are chosen stand to choice for KCentre and
  /// MarginalRelevance.
  Index breadth = 10;
  double relevance = 0.5;  ///< weight of worth, in [0, 1]; the rest is that of likeness
  /// Two points closer than this in every coordinate of the unit cube are the same point.
  double same_point = 1e-6;
  int threads = 1;
};

/// The most worthy rows of a pool, or of a part of it.
struct Shortlist {
  std::vector<Index> rows;  ///< (s) ascending
  Points x;                 ///< (s, d)
  Vector worth;             ///< (s) supposing what is asked, no choice made
  Index visited = 0;        ///< rows of the pool, the inadmissible ones included
  bool cut = false;         ///< further rows are admissible, none more worthy
};

/// The `options.shortlist` most worthy rows, in one visit: acquisitions by their row paths on
/// `threads` cores, memory for two shortlists and a block. Where the criterion breaks down, worth
/// is the distance in the unit cube from all that is known. \param asked, taken as of synthesize()
Shortlist shortlist(const Surrogate& surrogate, const Criterion& criterion, const Pool& pool,
                    PointsView asked, PointsView taken, const PoolOptions& options, Rng rng);

/// The most worthy of several parts of a pool: of all its parts what shortlist() makes of the
/// whole.
Shortlist merged(const std::vector<Shortlist>& parts, Index most);

/// k rows of the pool (Selection::row), fewer where no more are admissible and new.
///
/// Each is the most worthy of the shortlist, rescored as those before it are supposed. Where none
/// is left that is worth what was cut from the list, or the criterion has come to another that it
/// stands for, the pool is visited anew: so that the choice is that of scoring all rows for each,
/// of any criterion whose worth only falls by supposing, as variance does. \param first what
/// shortlist() found, with the same arguments \see Minoux (1978), Optimization Techniques 7, for
/// lazy greedy choice; Gonzalez (1985), TCS 38, and Sener & Savarese (2018), ICLR, for KCentre;
/// Carbonell & Goldstein (1998), SIGIR, for MarginalRelevance, where likeness is exp(-r^2 / 2) and
/// r counts length scales
Batch select_from(const Pool& pool, const Shortlist& first, const Surrogate& surrogate,
                  const Criterion& criterion, Index k, PointsView asked, PointsView taken,
                  const PoolOptions& options, Rng rng);

/// k rows drawn at random, each admissible and new alike; fewer where there are no more. One visit.
Batch drawn_from(const Pool& pool, const Domain& domain, Index k, PointsView taken,
                 double same_point, Rng rng);

/// k rows, each as far as possible in the unit cube from the `taken` (t, d) and from those before
/// it, admissible and new; fewer where there are no more. A visit each.
Points farthest_in(const Pool& pool, const Domain& domain, Index k, PointsView taken,
                   double same_point);

}  // namespace sonde
