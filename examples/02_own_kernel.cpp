// A kernel of one's own: two one-line functions, and it trains, adds and multiplies like the rest.
//
// The evidence then says which kernel the data speaks for.
#include <cmath>
#include <iostream>

#include "sonde/sonde.hpp"

namespace {

using namespace sonde;

/// A mixture of squared exponentials of many lengths: (1 + s/(2 alpha))^-alpha.
/// Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, eq. 4.19
struct RationalQuadratic {
  double alpha;
  double value(double s) const { return std::pow(1.0 + s / (2.0 * alpha), -alpha); }
  double slope(double s) const { return -0.5 * std::pow(1.0 + s / (2.0 * alpha), -alpha - 1.0); }
};

/// A broad hill with a narrow ripple on one side: more than one length at work.
double landscape(VectorView x) {
  return std::exp(-x.squaredNorm()) + 0.1 * std::sin(9.0 * x[0]) / (1.0 + std::exp(-8.0 * x[1]));
}

/// Trains `kernel` on n points of the landscape and reports on others.
void report(const char* name, const Kernel& kernel) {
  const Domain square({Parameter::linear("a", -2, 2), Parameter::linear("b", -2, 2)});
  const auto heights = [](PointsView x) { return ScalarField(landscape).on_rows(x); };
  const Points train = design::sobol(square, 80, Rng(1));
  const Points test = design::uniform(square, 500, Rng(2));

  // A weak prior on the logarithm of each parameter: within a factor e^2 of where it starts.
  const LogPrior prior{kernel->log_parameters(), Vector::Constant(kernel.parameters(), 2.0)};
  const Fit trained = fit(kernel, prior, 1e-6, train, heights(train), {}, Rng(3));
  const Scores scored = scores(heights(test), trained.process.predict(test).mean,
                               trained.process.predict(test).variance);
  std::cout << name << ": log evidence " << trained.process.log_evidence() << ", error "
            << scored.nrmse << " of the standard deviation\n";
}

}  // namespace

int main() {
  const Vector lengths = Vector::Constant(2, 0.5);
  report("squared exponential      ", 1.0 * squared_exponential(lengths));
  report("Matern 5/2               ", 1.0 * matern52(lengths));
  report("rational quadratic       ", 1.0 * stationary(RationalQuadratic{1.0}, lengths));
  report("the same, plus Matern 3/2",
         1.0 * stationary(RationalQuadratic{1.0}, lengths) + 0.1 * matern32(lengths));
}
