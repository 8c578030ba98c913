#include "sonde/math/optimize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "math/climb.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

namespace sonde {
namespace {

using math::Climb;
using math::Problem;

Problem problem_of(const ScalarField& f, VectorView lower, VectorView upper,
                   std::span<const ScalarField> at_most_zero, const OptimizeOptions& options) {
  require(lower.size() == upper.size(), "maximize: ", lower.size(), " lower bounds and ",
          upper.size(), " upper ones");
  require(options.max_evaluations > 0, "maximize: expected at least one evaluation a start, got ",
          options.max_evaluations);
  Problem problem{f, lower, upper, at_most_zero, options};
  for (Index i = 0; i < lower.size(); ++i) {
    require(std::isfinite(lower[i]) && std::isfinite(upper[i]) && lower[i] <= upper[i],
            "maximize: coordinate ", i, " needs finite bounds, lower <= upper; got [", lower[i],
            ", ", upper[i], "]");
    if (lower[i] < upper[i]) problem.free.push_back(i);
  }
  problem.gradients =
      f.has_gradient() && std::all_of(at_most_zero.begin(), at_most_zero.end(),
                                      [](const ScalarField& c) { return c.has_gradient(); });
  return problem;
}

// The starts, clipped, without the inadmissible ones.
std::vector<Vector> admissible_starts(const Problem& problem, PointsView starts) {
  std::vector<Vector> result;
  for (Index s = 0; s < starts.rows(); ++s) {
    if (!starts.row(s).allFinite()) continue;
    const Vector start = Vector(starts.row(s)).cwiseMax(problem.lower).cwiseMin(problem.upper);
    if (problem.admits(problem.excess(start))) result.push_back(start);
  }
  require(!result.empty(), "maximize: none of ", starts.rows(),
          " starts lies inside the constraints");
  return result;
}

}  // namespace

Maximum maximize(const ScalarField& f, VectorView lower, VectorView upper,
                 std::span<const ScalarField> at_most_zero, PointsView starts,
                 const OptimizeOptions& options) {
  const Problem problem = problem_of(f, lower, upper, at_most_zero, options);
  require(starts.cols() == lower.size(), "maximize: starts have ", starts.cols(),
          " coordinates, the box has ", lower.size());
  const std::vector<Vector> from = admissible_starts(problem, starts);
  std::vector<Maximum> found(from.size());
  parallel_for(static_cast<Index>(from.size()), options.threads, [&](Index s) {
    const auto start = static_cast<std::size_t>(s);
    found[start] = Climb(problem, from[start]).run();
  });
  Maximum best = found.front();
  int evaluations = 0;
  for (const Maximum& maximum : found) {
    evaluations += maximum.evaluations;
    if (maximum.value > best.value) best = maximum;
  }
  best.evaluations = evaluations;
  return best;
}

}  // namespace sonde
