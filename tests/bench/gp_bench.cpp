// Hot paths of the Gaussian process on borehole-like data: product Matern 5/2, 8 inputs. Run with
// --benchmark_min_time=1 and read the CPU column; `gemm` of the same run says what the machine
// gives.

#include <benchmark/benchmark.h>

#include "gp/conditioning.hpp"
#include "math/dense.hpp"
#include "sonde/gp/fit.hpp"
#include "sonde/gp/surrogate.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

constexpr Index dim = 8;
constexpr double noise = 1e-8;

Kernel kernel() {
  return 10.0 * matern52(Vector::Constant(dim, 2.0), Form::Product);
}

GaussianProcess process(Index n) {
  const Points x = uniform_points(n, dim, Rng(1));
  return {kernel(), noise, x, wavy(x)};
}

void gemm(benchmark::State& state) {
  const Index n = state.range(0);
  const Matrix a = random_matrix(n, n, Rng(1));
  Matrix c = Matrix::Zero(n, n);
  for (auto _ : state) {
    dense::arithmetic().add_product(n, n, n, 1.0, a.data(), n, a.data(), n, c.data(), n);
  }
  state.counters["flops"] = benchmark::Counter(2.0 * static_cast<double>(n * n * n),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

void evidence_and_gradient_of(benchmark::State& state, const Kernel& given) {
  const Points x = uniform_points(state.range(0), dim, Rng(1));
  const Vector y = wavy(x);
  for (auto _ : state) {
    conditioning::Factor factor = conditioning::factorised(given, noise, x);
    const conditioning::Weights weights =
        conditioning::weights(factor.lower, Matrix::Ones(y.size(), 1), y, noise);
    benchmark::DoNotOptimize(
        conditioning::evidence_gradient(given, noise, x, std::move(factor.lower), weights));
  }
}

void evidence_and_gradient(benchmark::State& state) {
  evidence_and_gradient_of(state, kernel());
}

void evidence_and_gradient_anova(benchmark::State& state) {
  evidence_and_gradient_of(state, 10.0 * matern52(Vector::Constant(dim, 2.0), Form::Anova));
}

void evidence_and_gradient_free_matern(benchmark::State& state) {
  evidence_and_gradient_of(state, 10.0 * matern(2.5, Vector::Constant(dim, 2.0)));
}

// The parts of evidence_and_gradient.

void kernel_assembly(benchmark::State& state) {
  const Points x = uniform_points(state.range(0), dim, Rng(1));
  const Kernel given = kernel();
  for (auto _ : state) benchmark::DoNotOptimize(given->lower_covariance(x, 1.0));
}

void kernel_contraction(benchmark::State& state) {
  const Index n = state.range(0);
  const Points x = uniform_points(n, dim, Rng(1));
  const Matrix w = random_matrix(n, n, Rng(2));
  const Kernel given = kernel();
  for (auto _ : state) benchmark::DoNotOptimize(given->contracted(x, w));
}

void cholesky_alone(benchmark::State& state) {
  const Index n = state.range(0);
  const Matrix c =
      conditioning::observation_covariance(kernel(), noise, uniform_points(n, dim, Rng(1)), 0.0);
  Matrix lower(n, n);
  for (auto _ : state) {
    lower = c;
    benchmark::DoNotOptimize(dense::arithmetic().cholesky(n, lower.data(), n));
  }
}

void inverse_alone(benchmark::State& state) {
  const Index n = state.range(0);
  const Matrix factor =
      conditioning::factorised(kernel(), noise, uniform_points(n, dim, Rng(1))).lower;
  Matrix lower(n, n);
  for (auto _ : state) {
    lower = factor;
    dense::arithmetic().inverse(n, lower.data(), n);
    benchmark::DoNotOptimize(lower.data());
  }
}

void one_fit(benchmark::State& state) {
  const Points x = uniform_points(state.range(0), 10, Rng(1));
  const Vector y = wavy(x);
  const LogPrior prior{Vector::Zero(11), Vector::Constant(11, 2.0)};
  const Kernel start = 1.0 * matern52(Vector::Constant(10, 2.0), Form::Product);
  for (auto _ : state) benchmark::DoNotOptimize(fit(start, prior, 1e-4, x, y, {}, Rng(2)));
}

void predict(benchmark::State& state) {
  const GaussianProcess given = process(state.range(0));
  const Points at = uniform_points(10000, dim, Rng(2));
  for (auto _ : state) benchmark::DoNotOptimize(given.predict(at));
}

void predict_mean(benchmark::State& state) {
  const GaussianProcess given = process(state.range(0));
  const Points at = uniform_points(10000, dim, Rng(2));
  for (auto _ : state) benchmark::DoNotOptimize(given.predict_mean(at));
}

void predict_at(benchmark::State& state) {
  const GaussianProcess given = process(state.range(0));
  const Vector at = Vector::Constant(dim, 0.4);
  for (auto _ : state) benchmark::DoNotOptimize(given.predict_at(at));
}

void append_one(benchmark::State& state) {
  const GaussianProcess given = process(state.range(0));
  const Points at = uniform_points(1, dim, Rng(2));
  for (auto _ : state) benchmark::DoNotOptimize(given.given(at, Vector::Ones(1)));
}

VarianceReduction reduction(Index n) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < dim; ++j) {
    parameters.push_back(Parameter::linear("x" + std::to_string(j), 0.0, 1.0));
  }
  const Points x = uniform_points(n, dim, Rng(1));
  Vector log_parameters = Vector::Constant(dim + 2, std::log(2.0));
  log_parameters[dim + 1] = std::log(noise);
  const Surrogate surrogate =
      Surrogate::at(Domain(parameters), {{"y", "1"}}, {x, wavy(x)}, {}, log_parameters.transpose());
  return {surrogate[0], uniform_points(1000, dim, Rng(2)), Vector::Constant(1000, 1e-3)};
}

void variance_reduction_rows(benchmark::State& state) {
  const VarianceReduction given = reduction(state.range(0));
  const Points at = uniform_points(1000, dim, Rng(3));
  for (auto _ : state) benchmark::DoNotOptimize(given.on_rows(at));
}

void variance_reduction_gradient(benchmark::State& state) {
  const VarianceReduction given = reduction(state.range(0));
  const Vector at = Vector::Constant(dim, 0.4);
  Vector gradient(dim);
  for (auto _ : state) benchmark::DoNotOptimize(given(at, gradient));
}

void sizes(benchmark::internal::Benchmark* one) {
  one->ArgName("n")->Arg(200)->Arg(500)->Arg(1000)->Arg(2000)->Unit(benchmark::kMillisecond);
}

}  // namespace

BENCHMARK(gemm)->Apply(sizes);
BENCHMARK(evidence_and_gradient)->Arg(50)->Apply(sizes);
BENCHMARK(evidence_and_gradient_anova)->Apply(sizes);
BENCHMARK(evidence_and_gradient_free_matern)
    ->ArgName("n")
    ->Arg(200)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(kernel_assembly)->Apply(sizes);
BENCHMARK(kernel_contraction)->Apply(sizes);
BENCHMARK(cholesky_alone)->Apply(sizes);
BENCHMARK(inverse_alone)->Apply(sizes);
BENCHMARK(one_fit)->ArgName("n")->Arg(15)->Arg(52)->Arg(200)->Unit(benchmark::kMillisecond);
BENCHMARK(predict)->ArgName("n")->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK(predict_mean)->ArgName("n")->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK(predict_at)->ArgName("n")->Arg(50)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(append_one)->ArgName("n")->Arg(50)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(variance_reduction_rows)
    ->ArgName("n")
    ->Arg(50)
    ->Arg(200)
    ->Arg(500)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(variance_reduction_gradient)
    ->ArgName("n")
    ->Arg(50)
    ->Arg(1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_MAIN();
