// How true a campaign's own words about its error are, and its forecasts of the runs it still
// needs.
//
//     forecast_bench record SET LEAST_D MOST_D SEEDS RUNS [FIRST_SEED]
//
// SET: suite, gate, draws (functions drawn at random, one a seed). A row after each run: the error
// as leave-one-out has it, as the variances over the domain have it, and as it is on 2,000 points
// over the domain, each over the standard deviation there.

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
#include "sonde/query/criteria.hpp"
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
