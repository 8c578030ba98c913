#include "sonde/query/pool.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "base/matrix.hpp"
#include "query/known_points.hpp"
#include "query/measure.hpp"
#include "query/supposing.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using query::distance_from;
using query::KnownPoints;
using query::Measure;
using query::measure_of;
using query::scored;

constexpr Index rows_a_block = 8192;
constexpr double elsewhere = 0.1;  // of some range
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The most worthy rows seen so far, never more than twice as many as are wanted.
class Best {
 public:
  Best(Index most, Index dim) : most_(most), dim_(dim) {}

  // Nothing below it stays.
  double threshold() const { return threshold_; }

  void add(Index row, double worth, VectorView x) {
    kept_.push_back({row, worth});
    points_.insert(points_.end(), x.data(), x.data() + dim_);
    if (static_cast<Index>(kept_.size()) >= 2 * most_) prune();
  }

  Shortlist list(Index visited) && {
    prune();
    std::vector<std::size_t> order = places();
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return kept_[a].row < kept_[b].row; });
    Shortlist list{{},
                   Points(static_cast<Index>(order.size()), dim_),
                   Vector(static_cast<Index>(order.size())),
                   visited,
                   cut_};
    for (Index i = 0; i < list.x.rows(); ++i) {
      const std::size_t place = order[static_cast<std::size_t>(i)];
      list.rows.push_back(kept_[place].row);
      list.worth[i] = kept_[place].worth;
      list.x.row(i) = point(place).transpose();
    }
    return list;
  }

 private:
  struct Kept {
    Index row;
    double worth;
  };

  Eigen::Map<const Vector> point(std::size_t place) const {
    return {points_.data() + place * static_cast<std::size_t>(dim_), dim_};
  }

  std::vector<std::size_t> places() const {
    std::vector<std::size_t> all(kept_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    return all;
  }

  // The best, of equal ones the first rows; a point that stands twice is its first row.
  void prune() {
    std::vector<std::size_t> order = places();
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      if (kept_[a].worth != kept_[b].worth) return kept_[a].worth > kept_[b].worth;
      const auto x = point(a), z = point(b);
      for (Index j = 0; j < dim_; ++j)
        if (x[j] != z[j]) return x[j] < z[j];
      return kept_[a].row < kept_[b].row;
    });
    order.erase(std::unique(order.begin(), order.end(),
                            [&](std::size_t a, std::size_t b) {
                              return kept_[a].worth == kept_[b].worth && point(a) == point(b);
                            }),
                order.end());
    if (static_cast<Index>(order.size()) > most_) {
      // Which of equal ones is cut must not depend on where in the cube they lie.
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (kept_[a].worth != kept_[b].worth) return kept_[a].worth > kept_[b].worth;
        return kept_[a].row < kept_[b].row;
      });
      order.resize(static_cast<std::size_t>(most_));
      threshold_ = kept_[order.back()].worth;
      cut_ = true;
    }
    std::sort(order.begin(), order.end());
    std::vector<Kept> kept;
    std::vector<double> points;
    for (const std::size_t place : order) {
      kept.push_back(kept_[place]);
      const auto x = point(place);
      points.insert(points.end(), x.data(), x.data() + dim_);
    }
    kept_ = std::move(kept);
    points_ = std::move(points);
  }

  Index most_;
  Index dim_;
  std::vector<Kept> kept_{};
  std::vector<double> points_{};  // (kept, d)
  double threshold_ = -infinity;
  bool cut_ = false;
};

Shortlist visited(const Pool& pool, const Measure& measure, const KnownPoints& known,
                  const PoolOptions& options) {
  const Domain& domain = known.domain();
  Best best(options.shortlist, domain.dim());
  Index rows = 0;
  pool.visit([&](Index first, PointsView block) {
    const Vector worth = scored(measure.worth, block, options.threads);
    rows += block.rows();
    for (Index i = 0; i < block.rows(); ++i) {
      // What is costly to know is asked last.
      if (!std::isfinite(worth[i]) || worth[i] < best.threshold()) continue;
      if (!domain.admits(block.row(i)) || known.has(domain.to_unit(block.row(i)))) continue;
      best.add(first + i, worth[i], block.row(i));
    }
  });
  return std::move(best).list(rows);
}

KnownPoints known_of(const Domain& domain, PointsView asked, PointsView taken, double same_point) {
  KnownPoints known(domain, same_point);
  known.add_rows(taken);
  known.add_rows(asked);
  return known;
}

void check(const Surrogate& surrogate, const Pool& pool, const PoolOptions& options) {
  require(pool.dim() == surrogate.domain().dim(), "pool: expected points of ",
          surrogate.domain().dim(), " parameters, got ", pool.dim());
  require(options.shortlist > 0 && options.breadth > 0,
          "pool: expected a shortlist and a breadth of at least 1, got ", options.shortlist,
          " and ", options.breadth);
  require(options.relevance >= 0.0 && options.relevance <= 1.0,
          "pool: expected a relevance from 0 to 1, got ", options.relevance);
}

// The inverse length scales of the unit cube, of several outputs the longest.
Vector scale_of(const Surrogate& surrogate) {
  Vector scale = Vector::Constant(surrogate.domain().dim(), infinity);
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j)
    scale = scale.cwiseMin((-surrogate[j].log_lengths()).array().exp().matrix());
  return scale;
}

/// A batch, chosen one after the other.
class Choice {
 public:
  Choice(const Pool& pool, const Shortlist& first, const Surrogate& surrogate,
         const Criterion& criterion, PointsView asked, PointsView taken, const PoolOptions& options,
         Rng rng)
      : pool_(pool),
        list_(first),
        surrogate_(query::supposing_what_it_can(surrogate, asked)),
        criterion_(criterion),
        options_(options),
        rng_(rng),
        known_(known_of(surrogate.domain(), asked, taken, options.same_point)),
        measure_(measure_of(surrogate_, criterion, known_, rng)),
        worth_(first.worth),
        selected_{.queries = Points(0, pool.dim()), .worth = Vector(0)} {
    free_.assign(list_.rows.size(), true);
  }

  bool add_one() {
    if (unsupposed_) suppose(*std::exchange(unsupposed_, std::nullopt));
    std::optional<Index> best = most_worthy();
    const bool passed_over = !best || worth_[*best] < least_listed();
    if (list_.cut && passed_over) {
      look_again();
      best = most_worthy();
    }
    if (!best && !measure_.fallback) {
      measure_ = distance_from(known_, criterion_.name + " is nowhere finite");
      look_again();
      best = most_worthy();
    }
    if (!best) return false;
    take(*best, selection_of(*best));
    return true;
  }

  // Of the most worthy, `breadth` times k, by a likeness to all that was taken before.
  void add_apart(Index k) {
    std::vector<Index> order = ranked();
    order.resize(std::min(order.size(), static_cast<std::size_t>(options_.breadth * k)));
    if (order.empty()) return;
    const Vector scale = scale_of(surrogate_);
    Points z(static_cast<Index>(order.size()), scale.size());
    for (Index i = 0; i < z.rows(); ++i)
      z.row(i) = features(list_.x.row(order[static_cast<std::size_t>(i)]), scale).transpose();
    Vector distance = Vector::Constant(z.rows(), infinity);
    const Points before = known_.unit_rows() * scale.asDiagonal();
    for (Index b = 0; b < before.rows(); ++b)
      distance = distance.cwiseMin((z.rowwise() - before.row(b)).rowwise().norm());
    for (Index i = 0; i < k && i < z.rows(); ++i) {
      const Index next = i == 0 && options_.diversity == Diversity::KCentre
                             ? 0
                             : farthest_or_most_relevant(order, distance);
      if (next < 0) return;
      distance = distance.cwiseMin((z.rowwise() - z.row(next)).rowwise().norm());
      distance[next] = -1.0;
      take(order[static_cast<std::size_t>(next)],
           selection_of(order[static_cast<std::size_t>(next)]));
    }
  }

  Batch result() && { return std::move(selected_); }

 private:
  Vector features(VectorView x, const Vector& scale) const {
    return known_.domain().to_unit(x).cwiseProduct(scale);
  }

  // None below it was listed when the pool was visited.
  double least_listed() const { return list_.worth.size() > 0 ? list_.worth.minCoeff() : infinity; }

  std::optional<Index> most_worthy() const {
    std::optional<Index> best;
    for (Index i = 0; i < worth_.size(); ++i) {
      if (!free_[static_cast<std::size_t>(i)] || !std::isfinite(worth_[i])) continue;
      if (!best || worth_[i] > worth_[*best]) best = i;
    }
    return best;
  }

  std::vector<Index> ranked() const {
    std::vector<Index> order;
    for (Index i = 0; i < worth_.size(); ++i)
      if (free_[static_cast<std::size_t>(i)] && std::isfinite(worth_[i])) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return worth_[a] > worth_[b]; });
    return order;
  }

  // -1: all are taken.
  Index farthest_or_most_relevant(const std::vector<Index>& order, const Vector& distance) const {
    const double highest = worth_[order.front()], lowest = worth_[order.back()];
    const double range = highest > lowest ? highest - lowest : 1.0;
    Index best = -1;
    double value = -infinity;
    for (Index i = 0; i < distance.size(); ++i) {
      if (distance[i] < 0.0) continue;
      const double likeness = std::exp(-0.5 * distance[i] * distance[i]);
      const double relevance = (worth_[order[static_cast<std::size_t>(i)]] - lowest) / range;
      const double its =
          options_.diversity == Diversity::KCentre
              ? distance[i]
              : options_.relevance * relevance - (1.0 - options_.relevance) * likeness;
      if (its > value) {
        value = its;
        best = i;
      }
    }
    return best;
  }

  Selection selection_of(Index chosen) const {
    Selection selection{.candidates = list_.visited,
                        .rank = 1,
                        .outcome = "chosen",
                        .row = list_.rows[static_cast<std::size_t>(chosen)]};
    const Vector u = known_.domain().to_unit(list_.x.row(chosen));
    double most = -infinity;
    for (Index i = 0; i < worth_.size(); ++i) {
      if (i == chosen || !free_[static_cast<std::size_t>(i)] || !std::isfinite(worth_[i])) continue;
      if (worth_[i] > worth_[chosen]) ++selection.rank;
      if (!(worth_[i] > most)) continue;
      if ((known_.domain().to_unit(list_.x.row(i)) - u).lpNorm<Eigen::Infinity>() < elsewhere)
        continue;
      most = worth_[i];
      selection.runner_up = list_.x.row(i);
      selection.runner_up_worth = most;
    }
    return selection;
  }

  void take(Index place, Selection selection) {
    const Vector x = list_.x.row(place);
    const Index k = selected_.queries.rows();
    selected_.queries.conservativeResize(k + 1, x.size());
    selected_.queries.row(k) = x;
    selected_.worth.conservativeResize(k + 1);
    selected_.worth[k] = measure_.fallback ? nan : worth_[place];
    selected_.why.push_back(measure_.why);
    selected_.selections.push_back(std::move(selection));
    known_.add(x);
    close_to(x);
    if (options_.diversity == Diversity::Supposing) unsupposed_ = x;
  }

  // What is the same point is no longer to be had.
  void close_to(const Vector& x) {
    const Vector u = known_.domain().to_unit(x);
    for (Index i = 0; i < list_.x.rows(); ++i) {
      const Vector other = known_.domain().to_unit(list_.x.row(i));
      if ((other - u).lpNorm<Eigen::Infinity>() < options_.same_point)
        free_[static_cast<std::size_t>(i)] = false;
    }
  }

  void suppose(const Vector& x) {
    surrogate_ = query::supposing_what_it_can(surrogate_, x.transpose());
    const std::string before = measure_.why;
    measure_ = measure_of(surrogate_, criterion_, known_, rng_);
    if (list_.cut && measure_.why != before)
      look_again();
    else
      worth_ = scored(measure_.worth, list_.x, options_.threads);
  }

  void look_again() {
    const Index all = list_.visited;
    list_ = visited(pool_, measure_, known_, options_);
    require(list_.visited == all, "pool: expected ", all, " rows as before, got ", list_.visited,
            ": it has changed meanwhile");
    worth_ = list_.worth;
    free_.assign(list_.rows.size(), true);
  }

  const Pool& pool_;
  Shortlist list_;
  Surrogate surrogate_;
  const Criterion& criterion_;
  const PoolOptions& options_;
  Rng rng_;  // the same for all, so that worth before and after can be compared
  KnownPoints known_;
  Measure measure_;
  Vector worth_;                        // (s) now
  std::vector<bool> free_;              // (s) not chosen
  std::optional<Vector> unsupposed_{};  // the last one: dear, and of use to the next one alone
  Batch selected_;
};

}  // namespace

Pool::Pool(Points x) : dim_(x.cols()) {
  const auto rows = std::make_shared<const Points>(std::move(x));
  visit_ = [rows](const Visitor& visitor) {
    for (Index first = 0; first < rows->rows(); first += rows_a_block)
      visitor(first, rows->middleRows(first, std::min(rows_a_block, rows->rows() - first)));
  };
}

Pool::Pool(Index dim, std::function<void(const Visitor&)> visit)
    : dim_(dim), visit_(std::move(visit)) {}

Batch drawn_from(const Pool& pool, const Domain& domain, Index k, PointsView taken,
                 double same_point, Rng rng) {
  require(k >= 0, "pool: expected a number of points, got ", k);
  require(pool.dim() == domain.dim(), "pool: expected points of ", domain.dim(),
          " parameters, got ", pool.dim());
  Batch drawn{.queries = Points(0, domain.dim()), .worth = Vector(0)};
  if (k == 0) return drawn;
  KnownPoints known(domain, same_point);
  known.add_rows(taken);
  // A key of its own for each row, so that it does not matter how the rows come.
  Best best(k, domain.dim());
  Index rows = 0;
  pool.visit([&](Index first, PointsView block) {
    rows += block.rows();
    for (Index i = 0; i < block.rows(); ++i) {
      const double key = rng.child("row", static_cast<std::uint64_t>(first + i)).uniform();
      if (key < best.threshold() || !block.row(i).allFinite()) continue;
      if (!domain.admits(block.row(i)) || known.has(domain.to_unit(block.row(i)))) continue;
      best.add(first + i, key, block.row(i));
    }
  });
  Shortlist list = std::move(best).list(rows);
  std::vector<Index> order(list.rows.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(),
            [&](Index a, Index b) { return list.worth[a] > list.worth[b]; });
  for (const Index i : order) {
    if (known.has(domain.to_unit(list.x.row(i)))) continue;  // stands twice in the pool
    known.add(list.x.row(i));
    drawn.queries.conservativeResize(drawn.queries.rows() + 1, Eigen::NoChange);
    drawn.queries.bottomRows(1) = list.x.row(i);
    drawn.selections.push_back(
        {.candidates = rows, .outcome = "drawn", .row = list.rows[static_cast<std::size_t>(i)]});
  }
  drawn.worth = Vector::Constant(drawn.queries.rows(), nan);
  drawn.why.assign(drawn.selections.size(), "random");
  return drawn;
}

Points farthest_in(const Pool& pool, const Domain& domain, Index k, PointsView taken,
                   double same_point) {
  KnownPoints known(domain, same_point);
  known.add_rows(taken);
  Points x(0, domain.dim());
  for (Index i = 0; i < k; ++i) {
    const Shortlist one = visited(pool, distance_from(known, ""), known, {.shortlist = 1});
    if (one.x.rows() == 0) break;
    known.add(one.x.row(0));
    x.conservativeResize(i + 1, Eigen::NoChange);
    x.row(i) = one.x.row(0);
  }
  return x;
}

Shortlist shortlist(const Surrogate& surrogate, const Criterion& criterion, const Pool& pool,
                    PointsView asked, PointsView taken, const PoolOptions& options, Rng rng) {
  check(surrogate, pool, options);
  const KnownPoints known = known_of(surrogate.domain(), asked, taken, options.same_point);
  const Surrogate supposed = query::supposing_what_it_can(surrogate, asked);
  return visited(pool, measure_of(supposed, criterion, known, rng), known, options);
}

Shortlist merged(const std::vector<Shortlist>& parts, Index most) {
  require(!parts.empty(), "pool: expected a part of it at least, got none");
  Best best(most, parts.front().x.cols());
  Index visited = 0;
  bool cut = false;
  for (const Shortlist& part : parts) {
    for (Index i = 0; i < part.x.rows(); ++i)
      best.add(part.rows[static_cast<std::size_t>(i)], part.worth[i], part.x.row(i));
    visited += part.visited;
    cut = cut || part.cut;
  }
  Shortlist list = std::move(best).list(visited);
  list.cut = list.cut || cut;
  return list;
}

Batch select_from(const Pool& pool, const Shortlist& first, const Surrogate& surrogate,
                  const Criterion& criterion, Index k, PointsView asked, PointsView taken,
                  const PoolOptions& options, Rng rng) {
  check(surrogate, pool, options);
  require(k >= 0, "pool: expected a number of points, got ", k);
  Choice choice(pool, first, surrogate, criterion, asked, taken, options, rng);
  if (options.diversity != Diversity::Supposing) {
    choice.add_apart(k);
  } else {
    for (Index i = 0; i < k; ++i)
      if (!choice.add_one()) break;
  }
  return std::move(choice).result();
}

}  // namespace sonde
