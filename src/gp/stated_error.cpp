#include <algorithm>
#include <cmath>

#include "sonde/gp/validate.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

// Learnt: see the header.
constexpr double base = -0.338;
constexpr double of_left_out = 0.394;
constexpr double of_variance = 0.689;
constexpr double of_runs = -0.245;
constexpr double of_inputs = 0.367;
constexpr double lowest = -1.20, low = -0.75, high = 0.74, highest = 1.27;

// Of the intervals: what few inputs are learnt to varies more, and what few runs tell.
double width(double inputs, double runs) {
  const double few = runs < 2.0 ? 1.3 : 1.0;
  return few * std::clamp(1.5 * std::pow(inputs, -0.38), 0.7, 1.4);
}

}  // namespace

StatedError stated_error(const Domain& domain, const Response& response) {
  constexpr Index points = 256;
  constexpr double least = 1e-12;  // of the spread: below it is rounding
  const Points reference = design::reference(domain, points, Rng(998));
  const double spread = response.spread();
  const double left_out = std::max(least, leave_one_out_scores(response).nrmse);
  const double deviation =
      std::max(least, std::sqrt(response.predict(reference).variance.mean()) / spread);
  const double runs =
      static_cast<double>(response.observed().size()) / static_cast<double>(domain.dim() + 2);
  const auto inputs = static_cast<double>(domain.dim());
  const double line = base + of_left_out * std::log(left_out) + of_variance * std::log(deviation) +
                      of_runs * std::log(runs) + of_inputs * std::log(inputs);
  const auto off = [line, wide = width(inputs, runs)](double by) {
    return std::exp(line + wide * by);
  };
  return {off(0.0), off(low), off(high), off(lowest), off(highest)};
}

}  // namespace sonde
