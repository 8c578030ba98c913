#include "sonde/query/stream.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

namespace sonde {
namespace {

// Asked points by which the budget may be off before the quantile asks twice as many, or none.
constexpr double tolerance = 10.0;
// Of the variable threshold: its logarithm moves by so much, and is blurred by so much.
constexpr double step = 0.05;
constexpr double blur = 0.25;
// And by so much of the balance times the budget, which lets it follow a drift: critical damping
// where a change of the level by 1 changes what is asked by a factor of e^2.
constexpr double trim = 0.5 * step * step;

void check_share(const char* what, double value, double most) {
  require(value >= 0.0 && value <= most, "stream: expected ", what, " from 0 to ", most, ", got ",
          value);
}

}  // namespace

bool is_asked(Decision decision) noexcept {
  return decision == Decision::Worthy || decision == Decision::Random ||
         decision == Decision::Audit;
}

std::string_view word(Decision decision) noexcept {
  constexpr std::array<std::string_view, 8> words = {
      "worthy", "random", "audit", "unworthy", "near", "known", "inadmissible", "unscored"};
  return words[static_cast<std::size_t>(decision)];
}

StreamGate::StreamGate(StreamOptions options, Rng rng) : options_(options), rng_(rng) {
  require(options_.budget > 0.0 && options_.budget <= 1.0,
          "stream: expected a budget above 0, up to 1, got ", options_.budget);
  check_share("a random share", options_.random_share, 0.5);
  check_share("an audited share", options_.audit_share, 0.5);
  check_share("a distance", options_.apart, 1.0);
  require(options_.window > 0 && options_.recent >= 0 && options_.queue >= 0,
          "stream: expected a window of at least 1, and no number below 0, got ", options_.window,
          ", ", options_.recent, " and ", options_.queue);
  require(options_.rule != StreamRule::Fixed || !std::isnan(options_.threshold),
          "stream: expected a threshold, got none");
}

StreamGate::Draws StreamGate::draws() const {
  Rng rng = rng_.child("arrival", static_cast<std::uint64_t>(arrived_));
  Draws draw{};
  draw.tie = rng.uniform();
  draw.random = rng.uniform();
  draw.audit = rng.uniform();
  draw.blur = rng.normal();
  return draw;
}

double StreamGate::level_of(double worth) const {
  if (options_.logarithmic) return worth;
  return worth > 0.0 ? std::log(worth) : -std::numeric_limits<double>::infinity();
}

bool StreamGate::is_worthy(double worth, double budget, const Draws& draw) const {
  switch (options_.rule) {
    case StreamRule::Quantile: {
      // Its rank is uniform among all if they are exchangeable, ties broken at random.
      double above = 0.0, same = 1.0;
      for (const Remembered& other : last_) {
        above += other.worth > worth ? 1.0 : 0.0;
        same += other.worth == worth ? 1.0 : 0.0;
      }
      const double rank = above + draw.tie * same;
      return rank <
             budget * (1.0 + balance_ / tolerance) * (static_cast<double>(last_.size()) + 1.0);
    }
    case StreamRule::Variable:
      return std::isnan(log_threshold_) || level_of(worth) >= log_threshold_ + blur * draw.blur;
    case StreamRule::Fixed:
      return worth >= options_.threshold && balance_ + budget > 0.0;
  }
  return false;
}

Index StreamGate::rank(double worth) const {
  return 1 + std::count_if(last_.begin(), last_.end(),
                           [worth](const Remembered& other) { return other.worth > worth; });
}

bool StreamGate::is_near(VectorView u) const {
  const double most = options_.apart * options_.apart * static_cast<double>(u.size());
  for (const Vector& other : near_)
    if ((other - u).squaredNorm() < most) return true;
  return false;
}

Decision StreamGate::decide(VectorView u, double worth, double share) const {
  const double budget = options_.budget * share;
  const Draws draw = draws();
  if (std::isnan(worth)) return draw.random < budget ? Decision::Random : Decision::Unscored;
  if (budget <= 0.0) return Decision::Unworthy;
  if (draw.random < options_.random_share * budget) return Decision::Random;
  const double rest = 1.0 - options_.random_share - options_.audit_share;
  if (is_worthy(worth, rest * budget, draw)) return is_near(u) ? Decision::Near : Decision::Worthy;
  return draw.audit < options_.audit_share * budget ? Decision::Audit : Decision::Unworthy;
}

void StreamGate::take(VectorView u, double worth, bool asked, double share, VectorView x) {
  const double budget = options_.budget * share;
  ++arrived_;
  asked_ += asked ? 1 : 0;
  balance_ += budget - (asked ? 1.0 : 0.0);
  if (asked && options_.recent > 0 && u.size() > 0) {
    near_.emplace_back(u);
    if (static_cast<Index>(near_.size()) > options_.recent) near_.pop_front();
  }
  if (std::isnan(worth)) return;
  last_.push_back({worth, x});
  if (static_cast<Index>(last_.size()) > options_.window) last_.pop_front();
  if (std::isnan(log_threshold_))
    log_threshold_ = level_of(worth);
  else
    log_threshold_ += step * ((asked ? 1.0 : 0.0) - budget) - trim * options_.budget * balance_;
}

void StreamGate::outdate() {
  std::erase_if(last_, [](const Remembered& one) { return one.x.size() == 0; });
  for (Remembered& one : last_) one.outdated = true;
}

void StreamGate::rescore(const std::function<double(VectorView)>& worth, int threads) {
  parallel_for(static_cast<Index>(last_.size()), threads, [&](Index i) {
    Remembered& one = last_[static_cast<std::size_t>(i)];
    if (!one.outdated) return;
    const double now = worth(one.x);
    if (std::isfinite(now)) one.worth = now;
    one.outdated = false;
  });
}

}  // namespace sonde
