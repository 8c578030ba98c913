// How true a campaign's own words about its error are, and its forecasts of the runs it still
// needs.
//
//     forecast_bench record SET LEAST_D MOST_D SEEDS RUNS [FIRST_SEED]
//     forecast_bench check  SET LEAST_D MOST_D SEEDS RUNS [FIRST_SEED]
//
// check: each campaign makes one forecast, of the runs until leave-one-out has fallen to a part of
// what it is then, and goes on until it has, or RUNS. At its end it states its error. What was said
// is held against what happened; shares inside of the intervals come with their own 95 % intervals
// (Clopper & Pearson 1934). The number of runs is whole, and campaigns end at RUNS: where the
// forecast gives a chance to that very outcome, a draw says on which side of an end it lies.
//
// record:
//
// SET: suite, gate, draws (functions drawn at random, one a seed). A row after each run: the error
// as leave-one-out has it, as the variances over the domain have it, and as it is on 2,000 points
// over the domain, each over the standard deviation there.

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "efficiency/functions.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/run/forecast.hpp"
#include "sonde/space/design.hpp"

using namespace sonde;
using efficiency::Function;

namespace {

// A sum of waves with the spectrum of a Matern process, of random smoothness and lengths; every
// third on top of a plane, every fourth to the power of e.
Function drawn(Index d, std::uint64_t seed) {
  Rng rng = Rng(seed).child("function", static_cast<std::uint64_t>(d));
  constexpr Index waves = 200;
  const double smoothness =
      std::vector<double>{1.5, 2.5, 8.0}[static_cast<std::size_t>(std::floor(3.0 * rng.uniform()))];
  Vector frequency(d);
  for (Index j = 0; j < d; ++j)
    frequency[j] = std::exp(std::log(0.3) + rng.uniform() * std::log(10.0)) *
                   std::sqrt(2.0 / static_cast<double>(d));
  Matrix w(waves, d);
  Vector phase(waves), height(waves), plane(d);
  for (Index i = 0; i < waves; ++i) {
    double chi = 0.0;  // of 2 nu degrees, over them: Student's t in place of the normal
    for (int k = 0; k < static_cast<int>(2.0 * smoothness); ++k) chi += std::pow(rng.normal(), 2);
    const double scale = 1.0 / std::sqrt(chi / (2.0 * smoothness));
    for (Index j = 0; j < d; ++j) w(i, j) = rng.normal() * scale * 2.0 * frequency[j];
    phase[i] = 2.0 * std::numbers::pi * rng.uniform();
    height[i] = std::sqrt(2.0 / static_cast<double>(waves));
  }
  for (Index j = 0; j < d; ++j) plane[j] = seed % 3 == 0 ? 3.0 * rng.normal() : 0.0;
  std::vector<Parameter> parameters;
  for (Index j = 0; j < d; ++j)
    parameters.push_back(Parameter::linear("x" + std::to_string(j), 0.0, 1.0));
  const bool bent = seed % 4 == 0;
  return {"draw" + std::to_string(d), Domain(std::move(parameters)), ScalarField([=](VectorView x) {
            const double y = height.dot(((w * x + phase).array().cos()).matrix()) + plane.dot(x);
            return bent ? std::exp(y) : y;
          })};
}

struct Row {
  Index runs;
  double left_out, by_variance, truth;
};

std::vector<Row> record(const Function& function, std::uint64_t seed, Index runs) {
  Campaign campaign(function.domain, {{"y", "1"}}, criteria::automatic(), {}, seed);
  const Points test = design::uniform(function.domain, 2000, Rng(999));
  const Points reference = design::reference(function.domain, 256, Rng(998));
  Vector value(test.rows());
  for (Index i = 0; i < test.rows(); ++i) value[i] = function.value(test.row(i));
  const double sd = std::sqrt((value.array() - value.mean()).square().mean());
  std::vector<Row> rows;
  while (campaign.asked() < runs) {
    efficiency::answer(campaign, function, 1);
    if (campaign.answered() < campaign.initial()) continue;
    const double left_out = campaign.estimated_error();
    const Response& response = campaign.surrogate()[0];
    const double miss = std::sqrt((response.predict(test).mean - value).cwiseAbs2().mean());
    rows.push_back({campaign.answered(), left_out,
                    std::sqrt(response.predict(reference).variance.mean()) / response.spread(),
                    miss / sd});
  }
  return rows;
}

struct Checked {
  RunsForecast forecast{};
  Index at = 0, happened = 0;
  bool reached = false;
  double target = 0.0, share = 0.5;  // of the forecast's distribution, below what happened
  StatedError stated{};
  double left_out = 0.0, truth = 0.0;
};

double truth_of(Campaign& campaign, const Function& function) {
  const Points test = design::uniform(function.domain, 2000, Rng(999));
  Vector value(test.rows());
  for (Index i = 0; i < test.rows(); ++i) value[i] = function.value(test.row(i));
  const double sd = std::sqrt((value.array() - value.mean()).square().mean());
  return std::sqrt((campaign.surrogate()[0].predict(test).mean - value).cwiseAbs2().mean()) / sd;
}

Checked check(const Function& function, std::uint64_t seed, Index runs) {
  Campaign campaign(function.domain, {{"y", "1"}}, criteria::automatic(), {}, seed);
  Rng rng = Rng(seed).child("check", static_cast<std::uint64_t>(function.domain.dim()));
  const Index d = function.domain.dim();
  const Index earliest = 2 * (d + 2);
  Checked checked;
  const Index begin =
      earliest + static_cast<Index>(rng.below(static_cast<std::uint64_t>((runs - earliest) / 2)));
  const double part = std::vector<double>{0.7, 0.5, 0.35}[rng.below(3)];
  while (campaign.asked() < begin || campaign.error_curve().size() < 2)
    efficiency::answer(campaign, function, 1);
  const std::vector<ErrorAt> curve = campaign.error_curve();
  checked.at = curve.back().runs;
  checked.target = part * curve.back().error;
  checked.forecast = ErrorTrend(curve, d).runs_to(checked.target, 20 * runs);
  // What has come since the last model is known by now, but the forecast was not told.
  while (!checked.reached && campaign.asked() < runs) {
    checked.reached =
        campaign.data().size() > checked.at && campaign.estimated_error() <= checked.target;
    if (!checked.reached) efficiency::answer(campaign, function, 1);
  }
  checked.happened = campaign.data().size();
  const double below = checked.forecast.chance_by(checked.happened - 1);
  const double by = checked.reached ? checked.forecast.chance_by(checked.happened) : 1.0;
  checked.share = below + rng.uniform() * (by - below);
  checked.stated = stated_error(function.domain, campaign.surrogate()[0]);
  checked.left_out = campaign.estimated_error();
  checked.truth = truth_of(campaign, function);
  return checked;
}

// Of k in n, the ends of 95 %.
std::pair<double, double> clopper_pearson(Index k, Index n) {
  const auto a = static_cast<double>(k), b = static_cast<double>(n - k);
  const double lower =
      k == 0 ? 0.0 : boost::math::quantile(boost::math::beta_distribution<>(a, b + 1.0), 0.025);
  const double upper =
      k == n ? 1.0 : boost::math::quantile(boost::math::beta_distribution<>(a + 1.0, b), 0.975);
  return {lower, upper};
}

template <class Inside>
void say_share(const char* what, const std::vector<Checked>& all, Inside inside) {
  const auto k = static_cast<Index>(std::count_if(all.begin(), all.end(), inside));
  const auto n = static_cast<Index>(all.size());
  const auto [lower, upper] = clopper_pearson(k, n);
  std::printf("%s: %ld of %ld, %.3f (%.3f to %.3f)\n", what, static_cast<long>(k),
              static_cast<long>(n), static_cast<double>(k) / static_cast<double>(n), lower, upper);
}

void summarise(const std::vector<Checked>& all) {
  say_share("reached", all, [](const Checked& c) { return c.reached; });
  say_share("forecast 80 %", all,
            [](const Checked& c) { return c.share >= 0.1 && c.share <= 0.9; });
  say_share("forecast 95 %", all,
            [](const Checked& c) { return c.share >= 0.025 && c.share <= 0.975; });
  say_share("stated 80 %", all, [](const Checked& c) {
    return c.truth >= c.stated.lower80 && c.truth <= c.stated.upper80;
  });
  say_share("stated 95 %", all, [](const Checked& c) {
    return c.truth >= c.stated.lower95 && c.truth <= c.stated.upper95;
  });
  double stated = 0.0, left_out = 0.0;
  for (const Checked& c : all) {
    stated += std::pow(std::log(c.truth / c.stated.value), 2);
    left_out += std::pow(std::log(c.truth / c.left_out), 2);
  }
  const auto n = static_cast<double>(all.size());
  std::printf("off by a factor of %.2f (leave-one-out: %.2f), root mean square of logarithms\n",
              std::exp(std::sqrt(stated / n)), std::exp(std::sqrt(left_out / n)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fputs("forecast_bench record suite|gate|draws LEAST_D MOST_D SEEDS RUNS [FIRST]\n",
               stderr);
    return 2;
  }
  const std::string set = argv[2];
  const Index least = std::atol(argv[3]), most = std::atol(argv[4]);
  const Index seeds = std::atol(argv[5]), runs = std::atol(argv[6]);
  const Index first = argc > 7 ? std::atol(argv[7]) : 1;
  std::vector<std::pair<Function, std::uint64_t>> tasks;
  for (Index s = first; s < first + seeds; ++s) {
    const auto seed = static_cast<std::uint64_t>(s);
    if (set == "draws") {
      for (Index d = least; d <= most; ++d) tasks.emplace_back(drawn(d, seed), seed);
    } else {
      for (const Function& function : set == "suite" ? efficiency::suite() : efficiency::gate()) {
        const Index d = function.domain.dim();
        if (d >= least && d <= most) tasks.emplace_back(function, seed);
      }
    }
  }
  if (std::string(argv[1]) == "check") {
    std::vector<Checked> all(tasks.size());
    parallel_for(static_cast<Index>(tasks.size()), 2, [&](Index i) {
      const auto& [function, seed] = tasks[static_cast<std::size_t>(i)];
      all[static_cast<std::size_t>(i)] = check(function, seed, runs);
    });
    std::puts(
        "function,d,seed,at,target,middle,lower80,upper80,happened,reached,share,stated,"
        "lower80,upper80,truth");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Checked& c = all[i];
      std::printf("%s,%ld,%lu,%ld,%.4g,%ld,%ld,%ld,%ld,%d,%.3f,%.4g,%.4g,%.4g,%.4g\n",
                  tasks[i].first.name.c_str(), static_cast<long>(tasks[i].first.domain.dim()),
                  static_cast<unsigned long>(tasks[i].second), static_cast<long>(c.at), c.target,
                  static_cast<long>(c.forecast.middle), static_cast<long>(c.forecast.range80.lower),
                  static_cast<long>(c.forecast.range80.upper), static_cast<long>(c.happened),
                  c.reached ? 1 : 0, c.share, c.stated.value, c.stated.lower80, c.stated.upper80,
                  c.truth);
    }
    summarise(all);
    return 0;
  }
  std::puts("function,d,seed,runs,left_out,by_variance,truth");
  std::mutex mutex;
  parallel_for(static_cast<Index>(tasks.size()), 2, [&](Index i) {
    const auto& [function, seed] = tasks[static_cast<std::size_t>(i)];
    const std::vector<Row> rows = record(function, seed, runs);
    const std::lock_guard lock(mutex);
    for (const Row& row : rows)
      std::printf("%s,%ld,%lu,%ld,%.6g,%.6g,%.6g\n", function.name.c_str(),
                  static_cast<long>(function.domain.dim()), static_cast<unsigned long>(seed),
                  static_cast<long>(row.runs), row.left_out, row.by_variance, row.truth);
    std::fflush(stdout);
  });
}
