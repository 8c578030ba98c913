#include "query/ascent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace sonde::query {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();
constexpr Index max_corners = 16;    // roundings that are tried together
constexpr int max_mixed_rounds = 3;  // changes of a level, each with a climb
constexpr int max_discrete_rounds = 50;
constexpr double difference = 1e-6;  // step in the unit cube for constraints without gradient

bool better(double candidate, double than) {
  return std::isfinite(candidate) && (candidate > than || !std::isfinite(than));
}

// Constraints are cheap: differences buy the search a gradient method.
ScalarField with_differences(ScalarField f) {
  return ScalarField([f = std::move(f)](VectorView u, VectorOut gradient) {
    Vector v = u;
    for (Index i = 0; i < gradient.size(); ++i) {
      v[i] = std::min(u[i] + difference, 1.0);
      const double above = f(v);
      const double upper = v[i];
      v[i] = std::max(u[i] - difference, 0.0);
      gradient[i] = (above - f(v)) / (upper - v[i]);
      v[i] = u[i];
    }
    return f(u);
  });
}

}  // namespace

Ascent::Ascent(const ScalarField& worth, const KnownPoints& known, const OptimizeOptions& options)
    : worth_(worth), known_(known), domain_(known.domain()), options_(options) {
  options_.threads = 1;
  for (const Parameter& parameter : domain_.parameters()) {
    const auto i = static_cast<Index>(axes_.size());
    if (parameter.scale == Scale::Integer) integers_.push_back(i);
    if (parameter.scale == Scale::Choice) choices_.push_back(i);
    axes_.emplace_back(parameter);
  }
  for (const Constraint& constraint : domain_.constraints()) {
    constraints_.push_back(unit_excess(constraint));
  }
}

Vector Ascent::relaxed(VectorView u) const {
  Vector x(u.size());
  for (Index i = 0; i < u.size(); ++i) {
    x[i] = axes_[static_cast<std::size_t>(i)].relaxed(u[i]);
    // A level must not lose its name to rounding.
    if (axes_[static_cast<std::size_t>(i)].discrete() && std::abs(x[i] - std::round(x[i])) < 1e-9) {
      x[i] = std::round(x[i]);
    }
  }
  return x;
}

ScalarField Ascent::unit_worth() const {
  if (!worth_.has_gradient()) {
    return ScalarField([this](VectorView u) { return worth_(relaxed(u)); });
  }
  return ScalarField([this](VectorView u, VectorOut gradient) {
    const Vector x = relaxed(u);
    if (gradient.size() == 0) return worth_(x);
    const double worth = worth_(x, gradient);
    gradient.array() /= domain_.unit_slope(x).array();
    return worth;
  });
}

ScalarField Ascent::unit_excess(const Constraint& constraint) const {
  const ScalarField& excess = constraint.excess;
  const double tolerance = constraint.tolerance;
  if (!excess.has_gradient()) {
    const ScalarField value(
        [this, excess, tolerance](VectorView u) { return excess(relaxed(u)) - tolerance; });
    return worth_.has_gradient() ? with_differences(value) : value;
  }
  return ScalarField([this, excess, tolerance](VectorView u, VectorOut gradient) {
    const Vector x = relaxed(u);
    if (gradient.size() == 0) return excess(x) - tolerance;
    const double value = excess(x, gradient);
    gradient.array() /= domain_.unit_slope(x).array();
    return value - tolerance;
  });
}

// The point of u, drawn back towards the start by as little as makes it admissible.
Worthy Ascent::inside(const Vector& u, const Vector& start) const {
  for (double step = 0.0; step <= 0.011; step = step > 0.0 ? 10.0 * step : 1e-9) {
    const Vector v = u + step * (start - u);
    const Vector x = domain_.from_unit(v);
    if (domain_.admits(x) && !known_.has(domain_.to_unit(x))) return {x, worth_(x)};
  }
  return {{}, nothing};
}

Worthy Ascent::climbed(const Worthy& from, bool hold_integers) const {
  const Vector start = domain_.to_unit(from.x);
  Vector lower = Vector::Zero(start.size());
  Vector upper = Vector::Ones(start.size());
  for (const Index i : choices_) lower[i] = upper[i] = start[i];
  for (const Index i : integers_) {
    if (hold_integers) lower[i] = upper[i] = start[i];
  }
  if (lower == upper) return from;
  for (const ScalarField& excess : constraints_) {
    if (!(excess(start) <= 0.0)) return from;  // admissible, but for the rounding of the unit cube
  }
  const Maximum top =
      maximize(unit_worth(), lower, upper, constraints_, start.transpose(), options_);
  const bool round = !hold_integers && !integers_.empty();
  const Worthy found = round ? rounded(top.x, from) : inside(top.x, start);
  const Worthy& best = better(found.worth, from.worth) ? found : from;
  return {best.x, best.worth, from.rank, from.evaluations + top.evaluations, top.termination};
}

// Of the whole numbers around a relaxed point the most worthy admissible ones.
Worthy Ascent::rounded(const Vector& u, const Worthy& from) const {
  const Vector x = relaxed(u);
  std::vector<Index> open;
  for (const Index i : integers_) {
    if (x[i] != std::round(x[i])) open.push_back(i);
  }
  const auto width = static_cast<Index>(open.size());
  const bool all = width < 10 && (Index{1} << width) <= max_corners;
  const Vector nearest = domain_.from_unit(u);
  Points corners(all ? Index{1} << width : width + 1, x.size());
  for (Index c = 0; c < corners.rows(); ++c) {
    corners.row(c) = nearest;
    for (Index k = 0; k < width; ++k) {
      const Index i = open[static_cast<std::size_t>(k)];
      const double other = nearest[i] > x[i] ? std::floor(x[i]) : std::ceil(x[i]);
      if (all ? ((c >> k) & 1) != 0 : c == k + 1) corners(c, i) = other;
    }
  }
  return best_of(corners, from);
}

// The most worthy admissible row that is not known, or `from`.
Worthy Ascent::best_of(PointsView x, const Worthy& from) const {
  const std::vector<bool> admitted = domain_.rows_admitted(x);
  Points good(x.rows(), x.cols());
  Index count = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    if (!admitted[static_cast<std::size_t>(i)] || known_.has(domain_.to_unit(x.row(i)))) continue;
    good.row(count++) = x.row(i);
  }
  if (count == 0) return from;
  const Vector worth = worth_.on_rows(good.topRows(count));
  Index best = -1;
  for (Index i = 0; i < count; ++i) {
    if (better(worth[i], best < 0 ? nothing : worth[best])) best = i;
  }
  if (best < 0) return from;
  const Vector found = good.row(best);
  const double value = worth_(found);
  if (!better(value, from.worth)) return from;
  return {found, value, from.rank, from.evaluations, from.termination};
}

// All points that differ from x in one level: an integer by one, a choice by any.
Points Ascent::neighbours(const Vector& x) const {
  std::vector<std::pair<Index, double>> changes;
  const auto consider = [&](Index i, double value) {
    const Parameter& parameter = domain_.parameters()[static_cast<std::size_t>(i)];
    if (value != x[i] && value >= parameter.lower && value <= parameter.upper) {
      changes.emplace_back(i, value);
    }
  };
  for (const Index i : integers_) {
    consider(i, x[i] - 1.0);
    consider(i, x[i] + 1.0);
  }
  for (const Index i : choices_) {
    const double last = domain_.parameters()[static_cast<std::size_t>(i)].upper;
    for (double label = 0.0; label <= last; ++label) consider(i, label);
  }
  Points result(static_cast<Index>(changes.size()), x.size());
  for (Index c = 0; c < result.rows(); ++c) {
    const auto& [i, value] = changes[static_cast<std::size_t>(c)];
    result.row(c) = x;
    result(c, i) = value;
  }
  return result;
}

Worthy Ascent::from(const Vector& x) const {
  Worthy best = climbed({x, worth_(x)}, false);
  const auto discrete = static_cast<Index>(integers_.size() + choices_.size());
  if (discrete == 0) return best;
  const bool mixed = discrete < domain_.dim();
  const int rounds = mixed ? max_mixed_rounds : max_discrete_rounds;
  if (mixed && !integers_.empty()) best = climbed(best, true);
  for (int round = 0; round < rounds; ++round) {
    const Worthy next = best_of(neighbours(best.x), best);
    if (next.x == best.x) break;
    best = mixed ? climbed(next, true) : next;
  }
  return best;
}

}  // namespace sonde::query
