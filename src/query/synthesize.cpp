#include "sonde/query/synthesize.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "base/matrix.hpp"
#include "query/ascent.hpp"
#include "query/candidates.hpp"
#include "query/known_points.hpp"
#include "query/supposing.hpp"
#include "query/weighing.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

using query::Ascent;
using query::KnownPoints;
using query::Worthy;

constexpr double basin = 0.1;  // starts nearer than this in every coordinate climb the same hill
constexpr Index filling_candidates = 1000;
constexpr int max_exchanges = 20;

struct Screened {
  Points x;      // (n, d) natural units
  Vector worth;  // (n)
};

Screened stacked(const Screened& a, const Screened& b) {
  Screened result{Points(a.x.rows() + b.x.rows(), a.x.cols()),
                  Vector(a.worth.size() + b.worth.size())};
  result.x << a.x, b.x;
  result.worth << a.worth, b.worth;
  return result;
}

// Rows by worth, the best first, equal ones in their order; none that is not finite.
std::vector<Index> ranking(const Vector& worth) {
  std::vector<Index> rows(static_cast<std::size_t>(worth.size()));
  std::iota(rows.begin(), rows.end(), Index{0});
  std::erase_if(rows, [&](Index i) { return !std::isfinite(worth[i]); });
  std::stable_sort(rows.begin(), rows.end(), [&](Index i, Index j) { return worth[i] > worth[j]; });
  return rows;
}

// The best rows, each in a region of its own; where regions run out, simply the best.
std::vector<Index> scattered(const Domain& domain, const Screened& screened, Index n) {
  const std::vector<Index> ranked = ranking(screened.worth);
  const Points u = domain.rows_to_unit(screened.x);
  std::vector<Index> chosen;
  const auto near = [&](Index i) {
    return std::any_of(chosen.begin(), chosen.end(), [&](Index c) {
      return (u.row(c) - u.row(i)).lpNorm<Eigen::Infinity>() < basin;
    });
  };
  for (const Index i : ranked) {
    if (static_cast<Index>(chosen.size()) < n && !near(i)) chosen.push_back(i);
  }
  for (const Index i : ranked) {
    if (static_cast<Index>(chosen.size()) >= n) break;
    if (std::find(chosen.begin(), chosen.end(), i) == chosen.end()) chosen.push_back(i);
  }
  return chosen;
}

Points rows_of(const Points& x, const std::vector<Index>& rows) {
  Points result(static_cast<Index>(rows.size()), x.cols());
  for (Index i = 0; i < result.rows(); ++i)
    result.row(i) = x.row(rows[static_cast<std::size_t>(i)]);
  return result;
}

Screened screen(const Acquisition& worth, const KnownPoints& known, const Points& candidates,
                const SynthesisOptions& options, Rng rng) {
  Screened all{candidates, worth.on_rows(candidates)};
  require(all.worth.size() == candidates.rows(), "synthesize: the criterion gave ",
          all.worth.size(), " values for ", candidates.rows(), " points");
  const Points centres = rows_of(all.x, scattered(known.domain(), all, options.starts));
  const Points near =
      query::candidates_near(known, centres, options.candidates / 4, rng.child("near"));
  if (near.rows() == 0) return all;
  return stacked(all, {near, worth.on_rows(near)});
}

bool less_worthy(const Worthy& a, const Worthy& b) {
  return std::isfinite(b.worth) && (a.worth < b.worth || !std::isfinite(a.worth));
}

// By coordinate exchange, with a climb after each, to what no exchange betters.
Worthy exchanged(const Acquisition& worth, const KnownPoints& known, const Ascent& ascent,
                 Worthy best) {
  for (int round = 0; round < max_exchanges; ++round) {
    const Points others = query::exchanged(known, best.x);
    if (others.rows() == 0) break;
    const Vector worths = worth.on_rows(others);
    const std::vector<Index> ranked = ranking(worths);
    if (ranked.empty() || !less_worthy(best, {{}, worths[ranked.front()]})) break;
    const Worthy climbed = ascent.from(others.row(ranked.front()));
    if (!less_worthy(best, climbed)) break;
    const Index rank = best.rank;
    const int evaluations = best.evaluations;
    best = climbed;
    best.rank = rank;
    best.evaluations += evaluations;
  }
  return best;
}

// (n) from 1, the most worthy; 0 of what is not finite.
std::vector<Index> ranks(const Vector& worth) {
  std::vector<Index> ranks(static_cast<std::size_t>(worth.size()), 0);
  Index rank = 0;
  for (const Index i : ranking(worth)) ranks[static_cast<std::size_t>(i)] = ++rank;
  return ranks;
}

const char* word_of(Termination termination) {
  switch (termination) {
    case Termination::Converged:
      return "converged";
    case Termination::OutOfEvaluations:
      return "out of evaluations";
    case Termination::OutOfTime:
      return "out of time";
    case Termination::Stalled:
      break;
  }
  return "stalled";
}

// Of what was found, the most worthy first, the chosen one among it.
Selection selection_of(const Worthy& chosen, const std::vector<Worthy>& found, const Domain& domain,
                       Index candidates) {
  Selection selection{.candidates = candidates,
                      .rank = chosen.rank,
                      .evaluations = chosen.evaluations,
                      .outcome = word_of(chosen.termination)};
  const Vector u = domain.to_unit(chosen.x);
  for (const Worthy& other : found) {
    if (!std::isfinite(other.worth)) break;
    if ((domain.to_unit(other.x) - u).lpNorm<Eigen::Infinity>() < basin) continue;
    selection.runner_up = other.x;
    selection.runner_up_worth = other.worth;
    break;
  }
  return selection;
}

struct Chosen {
  Worthy point;
  Selection selection{};
};

// What the search came to: climbed and screened points, the most worthy that holds; nothing where
// the acquisition is finite nowhere.
std::optional<Chosen> most_worthy(const Acquisition& worth, const KnownPoints& known,
                                  const Points& candidates, const SynthesisOptions& options,
                                  Rng rng) {
  const Screened screened = screen(worth, known, candidates, options, rng);
  const std::vector<Index> starts = scattered(known.domain(), screened, options.starts);
  const std::vector<Index> rank = ranks(screened.worth);
  const Ascent ascent(worth, known, options.optimize);
  std::vector<Worthy> found(starts.size());
  parallel_for(static_cast<Index>(starts.size()), options.optimize.threads, [&](Index s) {
    const auto start = static_cast<std::size_t>(s);
    found[start] = ascent.from(screened.x.row(starts[start]));
    found[start].rank = rank[static_cast<std::size_t>(starts[start])];
  });
  if (const auto best = std::max_element(found.begin(), found.end(), less_worthy);
      best != found.end())
    *best = exchanged(worth, known, ascent, *best);
  for (const Index i : ranking(screened.worth))
    found.push_back({screened.x.row(i), screened.worth[i], rank[static_cast<std::size_t>(i)]});
  std::stable_sort(found.begin(), found.end(), [](const Worthy& a, const Worthy& b) {
    return a.worth > b.worth || (std::isfinite(a.worth) && !std::isfinite(b.worth));
  });
  for (const Worthy& one : found) {
    if (!std::isfinite(one.worth)) continue;
    if (!known.domain().admits(one.x) || known.has(known.domain().to_unit(one.x))) continue;
    const double value = worth(one.x);  // the row path may differ by a rounding
    if (!std::isfinite(value)) continue;
    Worthy chosen = one;
    chosen.worth = value;
    return Chosen{chosen, selection_of(chosen, found, known.domain(), screened.x.rows())};
  }
  return std::nullopt;
}

// Where the search goes on; in its unit cube the same distance is longer.
KnownPoints known_in(const Domain& domain, const SynthesisOptions& options) {
  const double margin = usable_margin(domain, options.margin);
  return {domain.narrowed(margin), options.same_point / (1.0 - 2.0 * margin)};
}

// Greedy choice of a batch: each query supposes those before it.
class Greedy {
 public:
  Greedy(const Surrogate& surrogate, const Criterion& criterion, PointsView asked, PointsView taken,
         const SynthesisOptions& options)
      : surrogate_(surrogate),
        criterion_(criterion),
        options_(options),
        known_(known_in(surrogate.domain(), options)) {
    known_.add_rows(taken);
    known_.add_rows(asked);
    surrogate_ = query::supposing_what_it_can(surrogate_, asked);
  }

  bool add_one(Rng rng) {
    const Points candidates =
        query::fresh_candidates(known_, options_.candidates, rng.child("fresh"));
    if (candidates.rows() == 0) return false;
    std::string why = criterion_.why ? criterion_.why(surrogate_) : criterion_.name;
    std::optional<Chosen> chosen;
    try {
      const Acquisition worth = query::wanted(criterion_, surrogate_, rng.child("criterion"));
      chosen = most_worthy(worth, known_, candidates, options_, rng.child("search"));
      if (!chosen) why = concat("space filling: ", criterion_.name, " is nowhere finite");
    } catch (const NumericalError& failure) {
      why = concat("space filling: ", failure.what());
    }
    if (!chosen) chosen = Chosen{{candidates.row(query::farthest(known_, candidates)), nan}};
    known_.add(chosen->point.x);
    surrogate_ = query::supposing_what_it_can(surrogate_, chosen->point.x.transpose());
    chosen_.push_back({*chosen, why});
    return true;
  }

  Batch result() const {
    const auto k = static_cast<Index>(chosen_.size());
    Batch made{Points(k, known_.domain().dim()), Vector(k), {}, {}};
    for (Index i = 0; i < k; ++i) {
      const auto& [chosen, why] = chosen_[static_cast<std::size_t>(i)];
      made.queries.row(i) = chosen.point.x;
      made.worth[i] = chosen.point.worth;
      made.why.push_back(why);
      made.selections.push_back(chosen.selection);
    }
    return made;
  }

 private:
  Surrogate surrogate_;
  const Criterion& criterion_;
  const SynthesisOptions& options_;
  KnownPoints known_;
  std::vector<std::pair<Chosen, std::string>> chosen_;
};

}  // namespace

Batch synthesize(const Surrogate& surrogate, const Criterion& criterion, Index k, PointsView asked,
                 PointsView taken, const SynthesisOptions& options, Rng rng) {
  require(k >= 0, "synthesize: expected a number of queries, got ", k);
  require(options.candidates > 0 && options.starts > 0,
          "synthesize: expected at least one candidate and one start, got ", options.candidates,
          " and ", options.starts);
  Greedy greedy(surrogate, criterion, asked, taken, options);
  for (Index i = 0; i < k; ++i) {
    if (!greedy.add_one(rng.child("query", static_cast<std::uint64_t>(i)))) break;
  }
  return greedy.result();
}

double usable_margin(const Domain& domain, double margin) {
  constexpr double least = 0.01;
  require(margin >= 0.0 && margin <= 0.45,
          "synthesize: expected a margin from 0 to 0.45 of each range, got ", margin);
  for (; margin >= least; margin *= 0.5) {
    try {
      design::sobol(domain.narrowed(margin), 1, Rng(0));
      return margin;
    } catch (const ArgumentError&) {  // nothing is admissible
    }
  }
  return 0.0;
}

Points space_filling(const Domain& domain, Index k, PointsView taken, Rng rng) {
  require(k >= 0, "space_filling: expected a number of points, got ", k);
  KnownPoints known(domain, SynthesisOptions{}.same_point);
  known.add_rows(taken);
  Points result(k, domain.dim());
  for (Index i = 0; i < k; ++i) {
    const Points candidates = query::fresh_candidates(
        known, filling_candidates, rng.child("query", static_cast<std::uint64_t>(i)));
    if (candidates.rows() == 0) {
      result.conservativeResize(i, Eigen::NoChange);
      break;
    }
    result.row(i) = candidates.row(query::farthest(known, candidates));
    known.add(result.row(i));
  }
  return result;
}

}  // namespace sonde
