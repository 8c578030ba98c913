// A criterion of one's own: what makes a query worth asking is a function of the surrogate.
//
// Where does a flame go out? Only the border matters, so queries should crowd along it, and the
// rest of the domain may stay uncertain.
#include <cmath>
#include <iostream>

#include "sonde/sonde.hpp"

namespace {

using namespace sonde;

/// Near the level, or too uncertain to tell: 2 sd - |mean - level|.
///
/// It gives no gradient, so a search without derivatives is chosen for it.
/// Bryan et al. (2005), Active learning for identifying function threshold boundaries, "straddle"
Criterion near_level(std::string output, double level) {
  return {"near level", [=](const Surrogate& surrogate, Rng) -> Acquisition {
            return [=](VectorView x) {
              const LocalMarginal p = surrogate[output].predict_at(x);
              return 2.0 * std::sqrt(p.variance) - std::abs(p.mean - level);
            };
          }};
}

/// As hot as it may be: mean + kappa sd. One more argument, the gradient, and the search climbs.
/// Srinivas et al. (2010), Gaussian process optimization in the bandit setting, "GP-UCB"
Criterion upper_bound(std::string output, double kappa) {
  return {"upper bound", [=](const Surrogate& surrogate, Rng) -> Acquisition {
            return [=](VectorView x, VectorOut gradient) {
              const LocalMarginal p = surrogate[output].predict_at(x);
              const double sd = std::sqrt(p.variance + 1e-300);
              if (gradient.size() > 0)
                gradient = p.mean_gradient + kappa / (2.0 * sd) * p.variance_gradient;
              return p.mean + kappa * sd;
            };
          }};
}

/// Temperature in kelvin of a flame, by richness of the mixture and strain rate.
Vector flame(VectorView x) {
  const double heat = std::exp(-3.0 * (x[0] - 1.05) * (x[0] - 1.05));
  return Vector::Constant(1, 300.0 + 1900.0 * heat / (1.0 + std::pow(x[1] / 700.0, 2)));
}

Campaign campaign_with(const Criterion& criterion, const Oracle& oracle) {
  const Domain domain(
      {Parameter::linear("richness", 0.4, 1.8), Parameter::log("strain", 10, 3000, "1/s")});
  Campaign campaign(domain, oracle.outputs(), criterion, {}, /*seed=*/1);
  run(campaign, oracle, after_queries(40), {});
  return campaign;
}

}  // namespace

int main() {
  const Oracle oracle({{"temperature", "K"}}, flame);
  const double extinction = 1000.0;

  for (const Criterion& criterion : {near_level("temperature", extinction), criteria::variance()}) {
    const Campaign campaign = campaign_with(criterion, oracle);
    const auto close = (campaign.data().y.array() - extinction).abs() < 50.0;
    std::cout << criterion.name << ": " << close.count() << " of " << campaign.data().size()
              << " queries within 50 K of extinction\n";
  }

  const Campaign hottest = campaign_with(upper_bound("temperature", 2.0), oracle);
  std::cout << "upper bound: hottest seen " << hottest.data().y.maxCoeff()
            << " K, of 2200 K possible\n";
}
