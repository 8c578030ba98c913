#include "space/subset.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "space/candidates.hpp"

namespace sonde::space {
namespace {

constexpr double level_share = 0.1;
constexpr int max_levels = 40;
constexpr double wanted_acceptance = 0.3;
constexpr int moves_a_step = 4;
const double no_bound = std::numeric_limits<double>::infinity();

double median_of_positive(const Vector& values) {
  std::vector<double> positive;
  for (const double value : values) {
    if (value > 0.0 && std::isfinite(value)) positive.push_back(value);
  }
  if (positive.empty()) return 1.0;
  const auto middle = positive.begin() + static_cast<std::ptrdiff_t>(positive.size() / 2);
  std::nth_element(positive.begin(), middle, positive.end());
  return *middle;
}

// Back into [0, 1] by reflection, which keeps a symmetric move symmetric.
double reflected(double u) {
  const double folded = std::abs(u - 2.0 * std::round(0.5 * u));
  return std::min(folded, 1.0);
}

// Draws of the unit cube with their excesses.
struct Population {
  Points u;
  Vector excess;

  Population(Index n, Index dim) : u(n, dim), excess(n) {}
  Index size() const { return u.rows(); }
  Index count_within(double threshold) const { return (excess.array() <= threshold).count(); }
  void set(Index row, const Population& other, Index from) {
    u.row(row) = other.u.row(from);
    excess[row] = other.excess[from];
  }
  Population within(double threshold) const {
    Population part(count_within(threshold), u.cols());
    for (Index i = 0, k = 0; i < size(); ++i) {
      if (excess[i] <= threshold) part.set(k++, *this, i);
    }
    return part;
  }
};

// The threshold that a tenth of the population is within; below the last one in any case, -1 where
// nothing is.
double next_threshold(const Population& population, double last) {
  std::vector<double> sorted(population.excess.begin(), population.excess.end());
  std::sort(sorted.begin(), sorted.end());
  const auto tenth = static_cast<std::size_t>(level_share * static_cast<double>(sorted.size()));
  if (sorted[tenth] < last) return sorted[tenth];
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), last);
  return below == sorted.begin() ? -1.0 : *std::prev(below);
}

enum Kind : std::size_t { Coordinates, Difference, number_of_kinds };
// Of moves, relative to the spread of the region.
using Lengths = std::array<double, number_of_kinds>;

// Markov chains that stay where the excess is within a threshold, all moved at once.
class Chains {
 public:
  Chains(const Domain& domain, const ScaledExcess& excess, Population seeds, const Lengths& lengths,
         Rng rng)
      : domain_(domain), excess_(excess), seeds_(std::move(seeds)), length_(lengths), rng_(rng) {
    const Points centred = seeds_.u.rowwise() - seeds_.u.colwise().mean();
    deviation_ = (centred.colwise().squaredNorm() / static_cast<double>(seeds_.size()))
                     .cwiseSqrt()
                     .cwiseMax(1e-12);
  }

  // (steps m, d) in which row s m + c is chain c after s moves; s = 0: the seeds themselves.
  Population moved(Index steps, double threshold) {
    const Index m = seeds_.size();
    Population path(steps * m, seeds_.u.cols());
    Population now = seeds_;
    for (Index step = 0; step < steps; ++step) {
      for (int k = 0; step > 0 && k < moves_a_step; ++k) move(now, threshold);
      path.u.middleRows(step * m, m) = now.u;
      path.excess.segment(step * m, m) = now.excess;
    }
    return path;
  }

  const Lengths& lengths() const { return length_; }

 private:
  void move(Population& now, double threshold) {
    const Index m = now.size();
    Points tried(m, now.u.cols());
    std::vector<Kind> kinds;
    for (Index c = 0; c < m; ++c) {
      kinds.push_back(m > 2 && rng_.uniform() < 0.5 ? Difference : Coordinates);
      tried.row(c) = now.u.row(c);
      if (kinds.back() == Difference) {
        along_difference(tried.row(c).transpose());
      } else {
        along_coordinates(tried.row(c).transpose());
      }
    }
    const Vector excess = excess_.of_rows(rows_from_quantiles(domain_, tried));
    Lengths accepted{};
    Lengths proposed{};
    for (Index c = 0; c < m; ++c) {
      const Kind kind = kinds[static_cast<std::size_t>(c)];
      proposed[kind] += 1.0;
      if (!(excess[c] <= threshold)) continue;
      accepted[kind] += 1.0;
      now.u.row(c) = tried.row(c);
      now.excess[c] = excess[c];
    }
    for (const Kind kind : {Coordinates, Difference}) {
      if (proposed[kind] == 0.0) continue;
      // Within a level's ten steps lengths can follow a region ten times thinner.
      const double change = std::exp((accepted[kind] / proposed[kind] - wanted_acceptance));
      length_[kind] = std::clamp(length_[kind] * change, 1e-14, 2.0);
    }
  }

  void along_coordinates(Eigen::Ref<Vector> u) {
    const Index dim = u.size();
    const auto always = static_cast<Index>(rng_.below(static_cast<std::uint64_t>(dim)));
    const double often = std::min(0.5, 2.0 / static_cast<double>(dim));
    for (Index j = 0; j < dim; ++j) {
      if (j != always && rng_.uniform() >= often) continue;
      const bool discrete = domain_.parameters()[static_cast<std::size_t>(j)].discrete();
      // A short step changes no level: half of the moves draw one anew.
      if (discrete && rng_.uniform() < 0.5) {
        u[j] = rng_.uniform();
      } else {
        u[j] = reflected(u[j] + 2.0 * length_[Coordinates] * deviation_[j] * rng_.normal());
      }
    }
  }

  void along_difference(Eigen::Ref<Vector> u) {
    const auto m = static_cast<std::uint64_t>(seeds_.size());
    const auto a = static_cast<Index>(rng_.below(m));
    const auto b = static_cast<Index>(rng_.below(m));
    const double length = length_[Difference] * rng_.normal();
    u += length * (seeds_.u.row(a) - seeds_.u.row(b)).transpose();
    u = u.unaryExpr(&reflected);
  }

  const Domain& domain_;
  const ScaledExcess& excess_;
  Population seeds_;
  Lengths length_;
  Rng rng_;
  Eigen::RowVectorXd deviation_;
};

// Squared coefficient of variation of a level's share, Au & Beck (2001), eq. 28: samples of one
// chain are correlated. Row s m + c of the population is step s of chain c.
double squared_variation(const Population& population, Index chains, double threshold) {
  const Index n = population.size();
  const Index steps = n / chains;
  const Vector holds = (population.excess.array() <= threshold).cast<double>();
  const double p = holds.mean();
  const double variance = p * (1.0 - p);
  if (variance == 0.0) return 0.0;
  double gamma = 0.0;
  for (Index lag = 1; lag < steps; ++lag) {
    const Index count = n - lag * chains;
    const double product = holds.head(count).dot(holds.tail(count)) / static_cast<double>(count);
    const double weight = 1.0 - static_cast<double>(lag) / static_cast<double>(steps);
    gamma += 2.0 * weight * (product - p * p) / variance;
  }
  return (1.0 - p) / (p * static_cast<double>(n)) * (1.0 + std::max(gamma, 0.0));
}

}  // namespace

ScaledExcess::ScaledExcess(const Domain& domain, PointsView sample)
    : constraints_(domain.constraints()), scales_(static_cast<Index>(domain.constraints().size())) {
  for (std::size_t k = 0; k < constraints_.size(); ++k) {
    const Vector over = constraints_[k].excess.on_rows(sample).array() - constraints_[k].tolerance;
    scales_[static_cast<Index>(k)] = median_of_positive(over);
  }
}

Vector ScaledExcess::of_rows(PointsView x) const {
  Vector largest = Vector::Zero(x.rows());
  for (std::size_t k = 0; k < constraints_.size(); ++k) {
    const Vector excess = constraints_[k].excess.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) {
      // As admits() compares; over / scale could round to 0 where the excess is above.
      if (excess[i] <= constraints_[k].tolerance) continue;
      const double over = (excess[i] - constraints_[k].tolerance) / scales_[static_cast<Index>(k)];
      const double positive = std::max(over, std::numeric_limits<double>::min());
      largest[i] = std::max(largest[i], std::isnan(over) ? no_bound : positive);
    }
  }
  return largest;
}

Subset subset_simulation(const Domain& domain, Points quantiles, Rng rng) {
  const Index n = quantiles.rows();
  const Points first = rows_from_quantiles(domain, quantiles);
  const ScaledExcess excess(domain, first);
  Population population(n, quantiles.cols());
  population.u = std::move(quantiles);
  population.excess = excess.of_rows(first);
  Subset result{.share = 1.0, .relative_error = 0.0, .samples = n};
  double threshold = no_bound;
  double squared_error = 0.0;
  Lengths lengths = {1.0, 1.0};
  Index chains = n;  // of the first population each point is a chain of its own
  for (int level = 0; level < max_levels && threshold > 0.0; ++level) {
    threshold = next_threshold(population, threshold);
    if (threshold < 0.0) break;
    squared_error += squared_variation(population, chains, threshold);
    Population seeds = population.within(threshold);
    result.share *= static_cast<double>(seeds.size()) / static_cast<double>(population.size());
    chains = seeds.size();
    const Index steps = std::max<Index>(2, (n + chains - 1) / chains);
    Chains walk(domain, excess, std::move(seeds), lengths,
                rng.child("level", static_cast<std::uint64_t>(level)));
    population = walk.moved(steps, threshold);
    lengths = walk.lengths();
    result.samples += (steps - 1) * moves_a_step * chains;
  }
  if (threshold != 0.0) {
    result.share = 0.0;
    return result;
  }
  result.relative_error = std::sqrt(squared_error);
  result.quantiles = std::move(population.u);
  return result;
}

}  // namespace sonde::space
