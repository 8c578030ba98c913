#include "sonde/run/counterfactual.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "sonde/base/error.hpp"

namespace sonde {
namespace {

constexpr int splits = 4;

Dataset rows_of(const Dataset& all, const std::vector<Index>& rows, Index output) {
  const std::vector<Index> column{output};
  return {all.x(rows, Eigen::all), all.y(rows, column)};
}

std::vector<Index> shuffled(Index n, Rng rng) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(rng.below(i))]);
  return order;
}

// Root mean square error of surrogates of k of the runs on the others.
double error_of(const Campaign& campaign, const Dataset& runs, Index output, Index k,
                const ModelOptions& model, Rng rng) {
  double squares = 0.0, count = 0.0;
  for (int split = 0; split < splits; ++split) {
    const Rng its = rng.child("split", static_cast<std::uint64_t>(split));
    const std::vector<Index> order = shuffled(runs.size(), its.child("order"));
    const auto cut = order.begin() + static_cast<std::ptrdiff_t>(k);
    const Dataset learnt = rows_of(runs, {order.begin(), cut}, output);
    const Dataset judged = rows_of(runs, {cut, order.end()}, output);
    const Surrogate surrogate =
        Surrogate::fit(campaign.domain(), {campaign.outputs()[static_cast<std::size_t>(output)]},
                       learnt, model, Matrix(), its.child("fit"));
    const Vector miss = surrogate[0].predict(judged.x).mean - judged.y.col(0);
    squares += miss.squaredNorm();
    count += static_cast<double>(miss.size());
  }
  return std::sqrt(squares / count);
}

}  // namespace

std::optional<RandomDesign> random_design_instead(Campaign& campaign, const ModelOptions& model,
                                                  Rng rng) {
  const Dataset runs = campaign.validation();
  const Index d = campaign.domain().dim();
  if (runs.size() < 2 * (d + 2) || !campaign.has_surrogate() || runs.y.array().isNaN().any())
    return std::nullopt;
  try {
    const Surrogate& surrogate = campaign.surrogate();
    RandomDesign design{.held_out = runs.size(), .spent = campaign.data().size()};
    Index worst = -1;
    for (const Index j : campaign.learnt()) {
      const Vector miss = surrogate[j].predict(runs.x).mean - runs.y.col(j);
      const double error =
          std::sqrt(miss.squaredNorm() / static_cast<double>(miss.size())) / surrogate[j].spread();
      if (!(error > design.error)) continue;
      design.error = error;
      worst = j;
    }
    if (worst < 0 || !std::isfinite(design.error)) return std::nullopt;
    std::vector<ErrorAt> curve;
    for (const Index k : {runs.size() / 2, 5 * runs.size() / 8, 3 * runs.size() / 4}) {
      if (!curve.empty() && k <= curve.back().runs) continue;
      const double error = error_of(campaign, runs, worst, k, model,
                                    rng.child("part", static_cast<std::uint64_t>(k))) /
                           surrogate[worst].spread();
      if (!(error > 0.0) || !std::isfinite(error)) return std::nullopt;
      curve.push_back({k, error});
    }
    constexpr Index times = 40;
    design.runs = ErrorTrend(curve, d).runs_to(design.error, times * runs.size());
    return design;
  } catch (const NumericalError&) {
    return std::nullopt;
  }
}

}  // namespace sonde
