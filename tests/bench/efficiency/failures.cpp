// What learning where runs fail brings: campaigns on functions that crash in part of their domain,
// or here and there, with the model of success and without it.
//
//     failures_bench [SEEDS [RUNS [SCENE]]]        (default: 10 seeds, 60 runs, all scenes)
//
// A row a scene: the share of runs after the first 20 that fail, and the NRMSE over the part where
// runs succeed, with and without; geometric means over the seeds, their ratio, and two standard
// errors of it to each side.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "efficiency/functions.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/space/design.hpp"

using namespace sonde;
using efficiency::Function;

namespace {

struct Scene {
  std::string name;
  std::string function;
  std::function<bool(VectorView u)> crashes;  // in the unit cube
  double speckle = 0.0;                       // share of the other runs that fail
};

bool nowhere(VectorView) {
  return false;
}
bool half(VectorView u) {
  return u[0] > 0.6;
}

const std::vector<Scene>& scenes() {
  static const std::vector<Scene> all = {
      {"disc of 20 %", "branin",
       [](VectorView u) { return std::hypot(u[0] - 0.6, u[1] - 0.6) < 0.25; }},
      {"40 % behind a plane", "friedman", half},
      {"corner of 25 %", "wing_weight", [](VectorView u) { return u[0] > 0.5 && u[1] > 0.5; }},
      {"band of 30 %", "ishigami", [](VectorView u) { return std::abs(u[0] - 0.5) < 0.15; }},
      {"oblique 40 %", "piston", [](VectorView u) { return u[0] + u[1] + 0.5 * u[2] > 1.4; }},
      {"half of two inputs", "borehole", [](VectorView u) { return u[0] > u[6] + 0.1; }},
      {"ball of 25 %", "otl_circuit",
       [](VectorView u) { return (u.head(3).array() - 0.4).matrix().norm() < 0.4; }},
      {"10 % speckle", "branin", nowhere, 0.1},
      {"10 % speckle", "friedman", nowhere, 0.1},
      {"10 % speckle", "wing_weight", nowhere, 0.1},
      {"10 % speckle", "otl_circuit", nowhere, 0.1},
      {"40 % behind a plane, 10 % speckle", "friedman", half, 0.1},
  };
  return all;
}

// Whether a campaign's query is a speckle: the same with the model and without it, so that neither
// is the luckier one.
bool speckled(std::uint64_t seed, Index id, double share) {
  return Rng(seed).child("speckle", static_cast<std::uint64_t>(id)).uniform() < share;
}

struct Outcome {
  double failing = 0.0;  // of the runs after the first 20
  double error = 0.0;
};

Outcome campaign_of(const Function& function, const Scene& scene, bool learn, std::uint64_t seed,
                    Index runs) {
  CampaignOptions options;
  options.learn_failures = learn;
  Campaign campaign(function.domain, {{"y", "1"}}, criteria::automatic(), options, seed);
  constexpr Index first = 20;
  Index failing = 0;
  while (campaign.asked() < runs) {
    const Asked asked = campaign.propose(1);
    campaign.apply(asked);
    for (const Query& query : asked.queries) {
      Answer answer;
      if (scene.crashes(function.domain.to_unit(query.x)) ||
          speckled(seed, query.id, scene.speckle)) {
        answer.kind = "signal";
        if (query.id >= first) ++failing;
      } else {
        answer.status = Answer::Status::Ok;
        answer.y = Vector::Constant(1, function.value(query.x));
      }
      campaign.apply(Answered{query.id, answer});
    }
  }
  const Points all = design::uniform(function.domain, 4000, Rng(999));
  std::vector<Index> rows;
  for (Index i = 0; i < all.rows(); ++i)
    if (!scene.crashes(function.domain.to_unit(all.row(i)))) rows.push_back(i);
  const Points x = all(rows, Eigen::all);
  Vector truth(x.rows());
  for (Index i = 0; i < x.rows(); ++i) truth[i] = function.value(x.row(i));
  const Vector miss = campaign.surrogate()[0].predict(x).mean - truth;
  const double sd = std::sqrt((truth.array() - truth.mean()).square().mean());
  return {static_cast<double>(failing) / static_cast<double>(runs - first),
          std::sqrt(miss.squaredNorm() / static_cast<double>(x.rows())) / sd};
}

const Function& named(const std::vector<Function>& functions, const std::string& name) {
  const auto found = std::find_if(functions.begin(), functions.end(),
                                  [&](const Function& f) { return f.name == name; });
  if (found == functions.end()) {
    std::fprintf(stderr, "no function %s\n", name.c_str());
    std::exit(2);
  }
  return *found;
}

}  // namespace

int main(int argc, char** argv) {
  const Index seeds = argc > 1 ? std::atol(argv[1]) : 10;
  const Index runs = argc > 2 ? std::atol(argv[2]) : 60;
  const std::string only = argc > 3 ? argv[3] : "";
  const std::vector<Function> functions = efficiency::suite();
  std::printf("scene,function,failing,failing_without,error,error_without,error_ratio,low,high\n");
  for (const Scene& scene : scenes()) {
    if (!only.empty() && (scene.name + " " + scene.function).find(only) == std::string::npos)
      continue;
    const Function& function = named(functions, scene.function);
    std::vector<Outcome> outcomes(static_cast<std::size_t>(2 * seeds));
    parallel_for(2 * seeds, 2, [&](Index i) {
      outcomes[static_cast<std::size_t>(i)] =
          campaign_of(function, scene, i % 2 == 0, static_cast<std::uint64_t>(1 + i / 2), runs);
    });
    double failing[2] = {0.0, 0.0}, error[2] = {0.0, 0.0};
    Vector ratio(seeds);  // logarithms
    for (Index i = 0; i < 2 * seeds; ++i) {
      failing[i % 2] += outcomes[static_cast<std::size_t>(i)].failing / static_cast<double>(seeds);
      error[i % 2] +=
          std::log(outcomes[static_cast<std::size_t>(i)].error) / static_cast<double>(seeds);
    }
    for (Index s = 0; s < seeds; ++s)
      ratio[s] = std::log(outcomes[static_cast<std::size_t>(2 * s)].error /
                          outcomes[static_cast<std::size_t>(2 * s + 1)].error);
    const auto n = static_cast<double>(seeds);
    const double standard_error =
        std::sqrt((ratio.array() - ratio.mean()).square().sum() / (n - 1.0) / n);
    std::printf("%s,%s,%.3f,%.3f,%.5f,%.5f,%.3f,%.3f,%.3f\n", scene.name.c_str(),
                scene.function.c_str(), failing[0], failing[1], std::exp(error[0]),
                std::exp(error[1]), std::exp(error[0] - error[1]),
                std::exp(error[0] - error[1] - 2.0 * standard_error),
                std::exp(error[0] - error[1] + 2.0 * standard_error));
    std::fflush(stdout);
  }
}
