#include "space/spread.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "space/sequences.hpp"

namespace sonde::space {
namespace {

constexpr double max_work = 5e8;  // terms of distances that an optimisation may look at
constexpr double hottest = 0.1;
constexpr double coldest = 1e-4;
constexpr double closest = 1e-14;  // squared: equal points have a finite, prohibitive weight

// phi_p with p = 16 of squared distances averaged over the coordinates: the eighth power needs
// three multiplications.
double closeness(const double* a, const double* b, Index dim) {
  double squared = 0.0;
  for (Index j = 0; j < dim; ++j) squared += (a[j] - b[j]) * (a[j] - b[j]);
  const double w = 1.0 / std::max(squared / static_cast<double>(dim), closest);
  const double w2 = w * w;
  return w2 * w2 * w2 * w2;
}

double closeness_of_row(const Points& x, Index row, const double* point) {
  double sum = 0.0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (i != row) sum += closeness(x.row(i).data(), point, x.cols());
  }
  return sum;
}

double closeness_of_all(const Points& x) {
  double sum = 0.0;
  for (Index i = 0; i < x.rows(); ++i) sum += closeness_of_row(x, i, x.row(i).data());
  return 0.5 * sum;
}

// Swaps (a, j) and (b, j) and gives the closeness of all, which was `sum` before.
double closeness_after_swap(Points& x, Index a, Index b, Index j, double sum) {
  const auto of_both = [&] {
    return closeness_of_row(x, a, x.row(a).data()) + closeness_of_row(x, b, x.row(b).data());
  };
  const double before = of_both();
  std::swap(x(a, j), x(b, j));
  // The pair (a, b) itself keeps its distance and cancels.
  const double swapped = sum + of_both() - before;
  return swapped > 1e-6 * sum ? swapped : closeness_of_all(x);
}

// Logarithm of phi_p: of an inverse distance, so that a difference of 0.1 is 10 % of distance.
double log_phi(double sum) {
  return std::log(sum) / 16.0;
}

// As many as the work of one allows, at most a thousand a point.
Index exchanges_for(Index n, double work) {
  const double most = 1000.0 * static_cast<double>(n);
  return static_cast<Index>(std::clamp(max_work / work, 2000.0, std::max(2000.0, most)));
}

double work_of_distances(Index n, Index dim) {
  return static_cast<double>(2 * n * (dim + 8));
}

// Metropolis' rule along a geometric cooling.
class Annealing {
 public:
  Annealing(Index steps, Rng rng)
      : temperature_(hottest),
        factor_(std::pow(coldest / hottest, 1.0 / static_cast<double>(steps))),
        rng_(rng) {}

  bool accepts(double increase) {
    temperature_ *= factor_;
    return increase <= 0.0 || rng_.uniform() < std::exp(-increase / temperature_);
  }

 private:
  double temperature_;
  double factor_;
  Rng rng_;
};

// phi_p of the chosen candidates.
class Separation {
 public:
  Separation(PointsView candidates, Index n)
      : candidates_(candidates), chosen_(n, candidates.cols()) {}

  // How much log phi_p grows if the candidate takes the place of the row.
  double increase(Index row, Index candidate) {
    if (sum_ < 0.0) sum_ = closeness_of_all(chosen_);
    const Vector point = candidates_.row(candidate).transpose();
    const double before = closeness_of_row(chosen_, row, chosen_.row(row).data());
    after_ = sum_ + closeness_of_row(chosen_, row, point.data()) - before;
    // Little is left of a large sum: rounding, too.
    if (!(after_ > 1e-6 * sum_)) {
      Points tried = chosen_;
      tried.row(row) = point.transpose();
      after_ = closeness_of_all(tried);
    }
    return log_phi(after_) - log_phi(sum_);
  }
  // \pre the last increase() was of the same exchange, or none has been called yet
  void set(Index row, Index candidate) {
    chosen_.row(row) = candidates_.row(candidate);
    sum_ = after_;
  }

 private:
  PointsView candidates_;
  Points chosen_;
  double sum_ = -1.0;  // not known yet
  double after_ = -1.0;
};

// The strata of each coordinate and how full a choice makes them.
class Occupancy {
 public:
  Occupancy(PointsView candidates, Index n)
      : n_(n), stratum_(candidates.rows(), candidates.cols()) {
    for (Index j = 0; j < candidates.cols(); ++j) fill_column(candidates, j);
  }

  void add(Index candidate, double amount) {
    for (Index j = 0; j < stratum_.cols(); ++j) count(candidate, j) += amount;
  }
  // How much the sum of squared deviations grows if `in` replaces `out`, a share of what a random
  // choice has.
  double increase(Index out, Index in) const {
    double sum = 0.0;
    for (Index j = 0; j < stratum_.cols(); ++j) {
      if (stratum_(out, j) == stratum_(in, j)) continue;
      sum += 2.0 * (excess(in, j) - excess(out, j)) + 2.0;
    }
    return sum / static_cast<double>(n_ * stratum_.cols());
  }

 private:
  void fill_column(PointsView candidates, Index j) {
    const Index k = candidates.rows();
    std::vector<Index> order(static_cast<std::size_t>(k));
    std::iota(order.begin(), order.end(), Index{0});
    std::sort(order.begin(), order.end(),
              [&](Index a, Index b) { return candidates(a, j) < candidates(b, j); });
    std::vector<double> sizes(static_cast<std::size_t>(n_), 0.0);
    Index current = 0;
    for (Index r = 0; r < k; ++r) {
      const Index c = order[static_cast<std::size_t>(r)];
      const bool tied =
          r > 0 && candidates(c, j) == candidates(order[static_cast<std::size_t>(r - 1)], j);
      if (!tied) current = r * n_ / k;
      stratum_(c, j) = current;
      sizes[static_cast<std::size_t>(current)] += 1.0;
    }
    for (double& size : sizes) size *= static_cast<double>(n_) / static_cast<double>(k);
    expected_.push_back(std::move(sizes));
    counts_.emplace_back(static_cast<std::size_t>(n_), 0.0);
  }
  double& count(Index candidate, Index j) {
    return counts_[static_cast<std::size_t>(j)][static_cast<std::size_t>(stratum_(candidate, j))];
  }
  double excess(Index candidate, Index j) const {
    const auto column = static_cast<std::size_t>(j);
    const auto s = static_cast<std::size_t>(stratum_(candidate, j));
    return counts_[column][s] - expected_[column][s];
  }

  Index n_;
  Eigen::Matrix<Index, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> stratum_;
  std::vector<std::vector<double>> expected_;
  std::vector<std::vector<double>> counts_;
};

}  // namespace

std::vector<std::vector<Index>> spread_by_swaps(Points place, Rng rng) {
  const Index n = place.rows();
  const Index dim = place.cols();
  std::vector<Index> identity(static_cast<std::size_t>(n));
  std::iota(identity.begin(), identity.end(), Index{0});
  std::vector<std::vector<Index>> from(static_cast<std::size_t>(dim), identity);
  if (n < 3 || dim < 2) return from;
  std::vector<std::vector<Index>> best = from;
  double sum = closeness_of_all(place);
  double least = sum;
  const Index steps = exchanges_for(n, work_of_distances(n, dim));
  Annealing annealing(steps, rng.child("annealing"));
  for (Index step = 0; step < steps; ++step) {
    const auto a = static_cast<Index>(rng.below(static_cast<std::uint64_t>(n)));
    const auto b = static_cast<Index>(rng.below(static_cast<std::uint64_t>(n)));
    const auto j = static_cast<Index>(rng.below(static_cast<std::uint64_t>(dim)));
    if (a == b || place(a, j) == place(b, j)) continue;
    const double swapped = closeness_after_swap(place, a, b, j, sum);
    if (!annealing.accepts(log_phi(swapped) - log_phi(sum))) {
      std::swap(place(a, j), place(b, j));
      continue;
    }
    std::vector<Index>& column = from[static_cast<std::size_t>(j)];
    std::swap(column[static_cast<std::size_t>(a)], column[static_cast<std::size_t>(b)]);
    sum = swapped;
    if (sum < least) {
      least = sum;
      best = from;
    }
  }
  return best;
}

std::vector<Index> choose_spread(PointsView candidates, Index n, Spread spread, Rng rng) {
  const Index k = candidates.rows();
  std::vector<Index> order = shuffled(k, rng);
  if (k <= n || n == 0) {
    order.resize(static_cast<std::size_t>(std::min(n, k)));
    return order;
  }
  const auto at = [&](Index i) -> Index& { return order[static_cast<std::size_t>(i)]; };
  const bool distances = spread == Spread::StrataAndDistances;
  Occupancy occupancy(candidates, n);
  Separation separation(candidates, n);
  for (Index i = 0; i < n; ++i) {
    occupancy.add(at(i), 1.0);
    separation.set(i, at(i));
  }
  const auto dim = candidates.cols();
  const double work = static_cast<double>(20 * dim) + (distances ? work_of_distances(n, dim) : 0.0);
  const Index steps = exchanges_for(n, work);
  Annealing annealing(steps, rng.child("annealing"));
  for (Index step = 0; step < steps; ++step) {
    // order: the n chosen first, then those left.
    const auto row = static_cast<Index>(rng.below(static_cast<std::uint64_t>(n)));
    const auto left = n + static_cast<Index>(rng.below(static_cast<std::uint64_t>(k - n)));
    double increase = occupancy.increase(at(row), at(left));
    if (distances) increase += separation.increase(row, at(left));
    if (!annealing.accepts(increase)) continue;
    occupancy.add(at(row), -1.0);
    occupancy.add(at(left), 1.0);
    separation.set(row, at(left));
    std::swap(at(row), at(left));
  }
  order.resize(static_cast<std::size_t>(n));
  return order;
}

}  // namespace sonde::space
