// How good and how dear the search for a query is.
//
//     search quality [STATES]   worth of the point that synthesize() finds over that of the best of
//                               100,000 points, the 20 best of them climbed from
//     search cost [RUNS]        seconds of 20 consecutive queries in ten inputs, refits among them
//
// Quality: campaigns on Branin, OTL circuit and wing weight (2, 6, 10 inputs) between two
// constraints, stopped at random.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "efficiency/functions.hpp"
#include "query/ascent.hpp"
#include "query/known_points.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/query/synthesize.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/space/design.hpp"

using namespace sonde;
using efficiency::Function;

namespace {

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// Not much above the middle of the sum of all inputs, and out of the middle.
Domain constrained(const Function& function) {
  const Domain box = function.domain;
  const auto d = static_cast<double>(box.dim());
  return Domain(box.parameters(),
                {{"sum", [=](VectorView x) { return box.to_unit(x).sum() - 0.55 * d; }},
                 {"ball", [=](VectorView x) {
                    return 0.05 * d - (box.to_unit(x).array() - 0.5).square().sum();
                  }}});
}

Campaign campaign_of(const Function& function, const Domain& domain, std::uint64_t seed, Index n) {
  Campaign campaign(domain, {{"y", ""}}, criteria::automatic(), {}, seed);
  while (campaign.data().size() < n) answer(campaign, function, 1);
  return campaign;
}

double best_by_force(const Acquisition& worth, const Domain& domain, const Points& taken, Rng rng) {
  constexpr Index points = 100000;
  constexpr Index climbed = 20;
  const Points x = design::sobol(domain, points, rng);
  const Vector worths = worth.on_rows(x);
  std::vector<Index> rows(static_cast<std::size_t>(points));
  std::iota(rows.begin(), rows.end(), Index{0});
  std::partial_sort(rows.begin(), rows.begin() + climbed, rows.end(),
                    [&](Index i, Index j) { return worths[i] > worths[j]; });
  query::KnownPoints known(domain, SynthesisOptions{}.same_point);
  known.add_rows(taken);
  const query::Ascent ascent(worth, known,
                             {.max_evaluations = 400, .x_tolerance = 1e-7, .f_tolerance = 1e-10});
  double best = worths[rows.front()];
  for (std::size_t i = 0; i < static_cast<std::size_t>(climbed); ++i)
    best = std::max(best, ascent.from(x.row(rows[i])).worth);
  return best;
}

void quality(std::uint64_t states) {
  for (const Function& function : efficiency::suite()) {
    const std::vector<std::string> some{"branin", "otl_circuit", "wing_weight"};
    if (std::find(some.begin(), some.end(), function.name) == some.end()) continue;
    const Domain domain = constrained(function);
    for (const Criterion& criterion : {criteria::calibrated_integrated_variance(),
                                       criteria::committee(), criteria::variance()}) {
      std::vector<double> ratios;
      for (std::uint64_t state = 0; state < states; ++state) {
        Rng draw = Rng(state).child("size");
        const Index n = domain.dim() + 3 + static_cast<Index>(draw.below(30));
        Campaign campaign = campaign_of(function, domain, 100 + state, n);
        const Surrogate surrogate = campaign.surrogate();
        const Rng rng = Rng(7).child("state", state);
        const Points none(0, domain.dim());
        const Batch made = synthesize(surrogate, criterion, 1, none, campaign.data().x, {}, rng);
        // What synthesize() made of the same stream for its first query.
        const Acquisition worth =
            criterion.prepare(surrogate, rng.child("query", 0).child("criterion"));
        const double found = worth(made.queries.row(0).transpose());
        ratios.push_back(
            found / std::max(found, best_by_force(worth, domain, campaign.data().x, Rng(state))));
      }
      std::sort(ratios.begin(), ratios.end());
      std::printf("%-12s %-32s median %.5f  quarter %.5f  worst %.4f\n", function.name.c_str(),
                  criterion.name.c_str(), ratios[ratios.size() / 2], ratios[ratios.size() / 4],
                  ratios.front());
      std::fflush(stdout);
    }
  }
}

void cost(Index runs) {
  std::vector<Parameter> parameters;
  for (int j = 0; j < 10; ++j)
    parameters.push_back(Parameter::linear("x" + std::to_string(j), 1.0, 3.0));
  const Function function{"smooth", Domain(parameters), [](VectorView x) {
                            return std::exp(std::sin(x[0] * x[1]) + 0.3 * x[2] * x[3] +
                                            0.2 * x[4] / x[5] + 0.1 * x[6] * x[6] + 0.05 * x[7]);
                          }};
  CampaignOptions options;
  options.initial = runs;
  options.design = "uniform";
  Campaign campaign(function.domain, {{"y", ""}}, criteria::automatic(), options, 1);
  answer(campaign, function, runs);
  double begin = seconds();
  answer(campaign, function, 1);
  std::printf("first fit to %ld runs and its query: %.2f s\n", static_cast<long>(runs),
              seconds() - begin);
  double sum = 0.0;
  double most = 0.0;
  for (int i = 0; i < 20; ++i) {
    begin = seconds();
    answer(campaign, function, 1);
    const double took = seconds() - begin;
    sum += took;
    most = std::max(most, took);
  }
  const std::vector<Member>& members = campaign.surrogate()[0].members();
  std::printf(
      "20 queries after it: mean %.3f s, slowest %.3f s; %zu members, first of %ld parameters\n",
      sum / 20.0, most, members.size(), static_cast<long>(members.front().log_parameters.size()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "quality") {
    quality(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 9);
  } else if (what == "cost") {
    cost(argc > 2 ? std::atol(argv[2]) : 200);
  } else {
    std::fprintf(stderr, "search quality [STATES] | search cost [RUNS]\n");
    return 2;
  }
  return 0;
}
