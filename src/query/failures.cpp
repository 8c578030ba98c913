#include "sonde/query/failures.hpp"

#include <cmath>
#include <numbers>

#include "sonde/base/error.hpp"
#include "sonde/math/normal.hpp"
#include "sonde/query/exploration.hpp"

namespace sonde::criteria {
namespace {

// A number of the latent mean and variance, with slopes in both.
struct Latent {
  double value;
  double by_mean;
  double by_variance;
};
using Of = Latent (*)(double mean, double variance);

// Entropy in bits of Phi(z), and its slope in z.
std::pair<double, double> entropy(double z) {
  const double log_p = normal_log_cdf(z), log_q = normal_log_cdf(-z);
  const double bits = -(std::exp(log_p) * log_p + std::exp(log_q) * log_q) / std::numbers::ln2;
  return {bits, normal_pdf(z) * (log_q - log_p) / std::numbers::ln2};
}

// Of Phi(m / sqrt(a + v)).
Latent entropy_over(double mean, double variance, double a) {
  const double root = std::sqrt(a + variance);
  const auto [bits, slope] = entropy(mean / root);
  return {bits, slope / root, -0.5 * slope * mean / (root * root * root)};
}

Latent outcome(double mean, double variance) {
  return entropy_over(mean, variance, 1.0);
}

Latent votes(double mean, double variance) {
  constexpr double least = 1e-9;  // of a variance: so that there is a slope
  return entropy_over(mean, variance, least);
}

Latent information(double mean, double variance) {
  const Latent all = outcome(mean, variance);
  constexpr double c2 = std::numbers::pi * std::numbers::ln2 / 2.0;
  const double s = variance + c2;
  const double left = std::sqrt(c2 / s) * std::exp(-0.5 * mean * mean / s);
  return {all.value - left, all.by_mean + mean / s * left,
          all.by_variance + left * (0.5 / s - 0.5 * mean * mean / (s * s))};
}

Criterion of_classifier(std::string name, Of of) {
  const auto prepare = [of](const Surrogate& surrogate, Rng rng) -> Acquisition {
    if (!surrogate.success()) return core_set().prepare(surrogate, rng);
    const Classifier classifier = *surrogate.success_supposed();
    return Acquisition([classifier, of](VectorView x, VectorOut gradient) {
      const LocalMarginal f = classifier.latent_at(x);
      const Latent its = of(f.mean, f.variance);
      if (gradient.size() > 0)
        gradient = its.by_mean * f.mean_gradient + its.by_variance * f.variance_gradient;
      return its.value;
    });
  };
  return {
      name, prepare,
      [name](const Surrogate& surrogate) { return surrogate.success() ? name : core_set().name; },
      /*logarithmic=*/false, /*knows_failures=*/true};
}

}  // namespace

Criterion failure_entropy() {
  return of_classifier("failure entropy", outcome);
}

Criterion failure_votes() {
  return of_classifier("failure votes", votes);
}

Criterion failure_information() {
  return of_classifier("failure information", information);
}

std::vector<std::string> names_of_failure() {
  return {"failure information", "failure entropy", "failure votes"};
}

Criterion named_of_failure(std::string_view name) {
  for (const Criterion& one : {failure_information(), failure_entropy(), failure_votes()})
    if (name == one.name) return one;
  throw ArgumentError(
      concat("criteria: expected 'failure information', 'failure entropy' or "
             "'failure votes', got '",
             name, "'"));
}

}  // namespace sonde::criteria
