#include "space/axis.hpp"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>
#include <set>

#include "sonde/base/error.hpp"

namespace sonde::space {
namespace {

constexpr double largest_whole = 0x1p53;

std::string bounds_of(const Parameter& p) {
  return concat("[", p.lower, ", ", p.upper, "] ", p.unit);
}

void check_bounds(const Parameter& p) {
  require(std::isfinite(p.lower) && std::isfinite(p.upper) && std::isfinite(p.upper - p.lower) &&
              p.lower < p.upper,
          "Domain: parameter '", p.name, "' needs finite bounds, lower < upper; got ",
          bounds_of(p));
  require(p.scale != Scale::Log || p.lower > 0.0, "Domain: parameter '", p.name,
          "' on a log scale needs bounds > 0, got ", bounds_of(p));
  const bool whole = std::round(p.lower) == p.lower && std::round(p.upper) == p.upper &&
                     std::max(std::abs(p.lower), std::abs(p.upper)) <= largest_whole;
  require(p.scale != Scale::Integer || whole, "Domain: integer parameter '", p.name,
          "' needs whole bounds, got ", bounds_of(p));
}

void check_labels(const Parameter& p) {
  require(p.labels.size() >= 2, "Domain: parameter '", p.name, "' needs at least two labels, got ",
          p.labels.size());
  std::set<std::string> seen;
  for (const std::string& label : p.labels) {
    require(seen.insert(label).second, "Domain: parameter '", p.name, "' has the label '", label,
            "' twice");
  }
  require(p.lower == 0.0 && p.upper == static_cast<double>(p.labels.size()) - 1.0,
          "Domain: choice '", p.name, "' with ", p.labels.size(), " labels needs bounds [0, ",
          p.labels.size() - 1, "], got ", bounds_of(p));
  require(!p.distribution, "Domain: choice '", p.name, "' cannot have a normal distribution");
}

double lower_tail(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

}  // namespace

Axis::Axis(const Parameter& p)
    : scale_(p.scale), lower_(p.lower), upper_(p.upper), start_(p.lower), end_(p.upper) {
  if (scale_ == Scale::Choice) check_labels(p);
  check_bounds(p);
  if (scale_ == Scale::Log) {
    start_ = std::log(lower_);
    end_ = std::log(upper_);
  }
  if (!p.distribution) return;
  normal_ = true;
  mean_ = p.distribution->mean;
  sd_ = p.distribution->sd;
  require(std::isfinite(mean_) && std::isfinite(sd_) && sd_ > 0.0, "Domain: the distribution of '",
          p.name, "' needs a finite mean and sd > 0, got ", mean_, " and ", sd_);
  // An integer level stands for the numbers that round to it.
  const double margin = discrete() ? 0.5 : 0.0;
  const double from = (lower_ - margin - mean_) / sd_;
  const double to = (upper_ + margin - mean_) / sd_;
  below_ = lower_tail(from);
  above_ = lower_tail(-to);
  // The difference of the two smaller tails: near 1 digits would be lost.
  mass_ = from > 0.0 ? lower_tail(-from) - above_ : lower_tail(to) - below_;
  require(mass_ > 1e-300, "Domain: the distribution of '", p.name, "' (mean ", mean_, ", sd ", sd_,
          ") leaves nothing within ", bounds_of(p));
}

double Axis::to_unit(double x) const {
  const double place = scale_ == Scale::Log ? std::log(x) : x;
  return (place - start_) / (end_ - start_);
}

double Axis::relaxed(double u) const {
  const double place = std::lerp(start_, end_, u);
  return scale_ == Scale::Log ? std::exp(place) : place;
}

double Axis::within(double x) const {
  // + 0.0: a level rounded to -0 is the level 0, also to who compares bytes.
  return std::clamp(discrete() ? std::round(x) : x, lower_, upper_) + 0.0;
}

double Axis::from_unit(double u) const {
  if (u <= 0.0) return lower_;
  if (u >= 1.0) return upper_;
  return within(relaxed(u));
}

double Axis::unit_slope(double x) const {
  const double slope = 1.0 / (end_ - start_);
  return scale_ == Scale::Log ? slope / x : slope;
}

double Axis::from_quantile(double u) const {
  if (std::isnan(u)) return u;
  if (normal_) return normal_quantile_at(u);
  if (!discrete()) return from_unit(u);
  return within(lower_ + std::floor(u * levels()));
}

double Axis::normal_quantile_at(double u) const {
  if (u <= 0.0) return lower_;
  if (u >= 1.0) return upper_;
  const double below = below_ + u * mass_;
  const double above = above_ + (1.0 - u) * mass_;
  const double tail = std::max(std::min(below, above), 1e-300);
  const double z = boost::math::erfc_inv(2.0 * tail) * std::numbers::sqrt2;
  return within(mean_ + (below < above ? -z : z) * sd_);
}

double Axis::outside(double x) const {
  if (!(x >= lower_)) return std::isnan(x) ? x : lower_ - x;
  if (!(x <= upper_)) return x - upper_;
  return discrete() ? std::abs(x - std::round(x)) : 0.0;
}

}  // namespace sonde::space
