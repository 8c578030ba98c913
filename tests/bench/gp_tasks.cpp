// What a Gaussian process is asked for, on a table that other programs are given too.
//
//     gp_tasks TRAIN.csv TEST.csv [--form product|radial] [--tasks a,b,...] [--repeats 11]
//              [--seconds 60]
//
// Tables have the head x1,x2,...,y, inputs in [0, 1]. Matern 5/2, zero mean, noise of 1e-10 of
// the variance of y. One line a task: name, number of training points, CPU seconds (median of the
// repeats, fewer where they would take more than --seconds), then what else there is to say.
// tests/bench/peers/compare runs this and the scripts beside it, and says how they compare.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "gp/conditioning.hpp"
#include "math/dense.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/fit.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/run/table.hpp"
#include "support/processes.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

constexpr Index predictions = 10000;
constexpr Index references = 1000;

struct Table {
  Points x;
  Vector y;
};

struct Setting {
  Table train;
  Table test;
  Form form = Form::Product;
  double noise = 0.0;
  std::string tasks{};  ///< none: all
  int repeats = 11;
  double seconds = 60.0;

  Index n() const { return train.y.size(); }
  Index dim() const { return train.x.cols(); }
  Kernel start() const { return 1.0 * matern52(Vector::Ones(dim()), form); }
  GaussianProcess process() const { return process_of(start()); }
  GaussianProcess process_of(const Kernel& kernel) const {
    return {kernel, noise, train.x, train.y, Trend::Zero};
  }
  bool wants(const std::string& task) const {
    return tasks.empty() || ("," + tasks + ",").find("," + task + ",") != std::string::npos;
  }
};

Domain unit_cube(Index dim) {
  std::vector<Parameter> parameters;
  for (Index j = 0; j < dim; ++j)
    parameters.push_back(Parameter::linear("x" + std::to_string(j + 1), 0.0, 1.0));
  return Domain(parameters);
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Median CPU seconds of `act`. The first call warms up, unless it alone is a tenth of the time.
double median_seconds(const Setting& setting, const std::function<void()>& act) {
  std::vector<double> taken;
  double sum = 0.0;
  bool warm = false;
  while (static_cast<int>(taken.size()) < setting.repeats && sum < setting.seconds) {
    const double begin = cpu_seconds();
    act();
    const double once = cpu_seconds() - begin;
    sum += once;
    if (!warm && once < 0.1 * setting.seconds) {
      warm = true;
      continue;
    }
    warm = true;
    taken.push_back(once);
  }
  const auto middle = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() / 2);
  std::nth_element(taken.begin(), middle, taken.end());
  return *middle;
}

template <class... Parts>
void say(const std::string& task, Index n, double seconds, const Parts&... parts) {
  std::cout << std::setprecision(6) << task << ' ' << n << ' ' << seconds << std::setprecision(9);
  (std::cout << ... << parts) << std::endl;
}

/// The limit of what follows: a product of two n x n matrices.
void multiply(const Setting& setting) {
  const Index n = setting.n();
  const Matrix a = random_matrix(n, n, Rng(1));
  Matrix c = Matrix::Zero(n, n);
  const double seconds = median_seconds(setting, [&] {
    dense::arithmetic().add_product(n, n, n, 1.0, a.data(), n, a.data(), n, c.data(), n);
  });
  const double flops = 2.0 * std::pow(static_cast<double>(n), 3);
  say("dgemm", n, seconds, " gflops=", 1e-9 * flops / seconds, " path=", dense::arithmetic().name);
}

/// As the search of a fit evaluates it.
void evidence(const Setting& setting) {
  const Kernel kernel = setting.start();
  const Matrix no_trend(setting.n(), 0);
  double value = 0.0;
  Vector gradient;
  const double seconds = median_seconds(setting, [&] {
    conditioning::Factor factor = conditioning::factorised(kernel, setting.noise, setting.train.x);
    const conditioning::Weights weights =
        conditioning::weights(factor.lower, no_trend, setting.train.y, setting.noise);
    value = weights.log_evidence;
    gradient = conditioning::evidence_gradient(kernel, setting.noise, setting.train.x,
                                               std::move(factor.lower), weights);
  });
  say("evidence", setting.n(), seconds, " log_evidence=", value,
      " gradient=", gradient.head(1 + setting.dim()).norm());
}

/// One start, at lengths of 1; no prior; the noise stays. It ends where a step gains less than a
/// thousandth of the log evidence: the error on other points is that of the optimum.
Fit fitted(const Setting& setting) {
  FitOptions options{.starts = 1, .noise = setting.noise, .trend = Trend::Zero};
  options.optimize.f_tolerance = 1e-3;
  const Index p = 1 + setting.dim();
  const Vector flat = Vector::Constant(p, std::numeric_limits<double>::infinity());
  return fit(setting.start(), {setting.start()->log_parameters(), flat}, setting.noise,
             setting.train.x, setting.train.y, options, Rng(1));
}

double root_mean_square(const Vector& error) {
  return error.norm() / std::sqrt(static_cast<double>(error.size()));
}

void whole_fit(const Setting& setting) {
  std::vector<Fit> last;
  const double seconds = median_seconds(setting, [&] { last = {fitted(setting)}; });
  const Fit& found = last.front();
  say("fit", setting.n(), seconds,
      " rmse=", root_mean_square(found.process.predict_mean(setting.test.x) - setting.test.y),
      " log_evidence=", found.process.log_evidence(), " evaluations=", found.evidence.evaluations);
}

/// The test points over and over.
Points many_points(const Setting& setting) {
  Points many(predictions, setting.dim());
  for (Index i = 0; i < predictions; ++i)
    many.row(i) = setting.test.x.row(i % setting.test.x.rows());
  return many;
}

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void predict(const Setting& setting) {
  const GaussianProcess process = setting.process();
  const Points at = many_points(setting);
  Marginals marginals;
  const double seconds = median_seconds(setting, [&] { marginals = process.predict(at); });
  say("predict", setting.n(), seconds, " mean_sd=", marginals.variance.cwiseSqrt().mean(),
      " peak_megabytes=", peak_megabytes());
}

void predict_mean(const Setting& setting) {
  const GaussianProcess process = setting.process();
  const Points at = many_points(setting);
  Vector mean;
  const double seconds = median_seconds(setting, [&] { mean = process.predict_mean(at); });
  say("predict_mean", setting.n(), seconds,
      " rmse=", root_mean_square(mean.head(setting.test.y.size()) - setting.test.y));
}

/// One test point after the other.
void append(const Setting& setting) {
  GaussianProcess process = setting.process();
  Index next = 0;
  const double seconds = median_seconds(setting, [&] {
    process = process.given(setting.test.x.middleRows(next, 1), setting.test.y.segment(next, 1));
    ++next;
  });
  say("append", setting.n(), seconds);
}

/// A second branch from one process: it copies the factor.
void append_branch(const Setting& setting) {
  const GaussianProcess process = setting.process();
  const double seconds = median_seconds(
      setting, [&] { process.given(setting.test.x.topRows(1), setting.test.y.head(1)); });
  say("append_branch", setting.n(), seconds);
}

/// Integrated variance: the half solves for the references, then all candidates.
void integrated_variance(const Setting& setting) {
  ModelOptions options;
  options.stack = {{.family = Family::Matern52, .form = setting.form}};
  Matrix parameters = Matrix::Zero(1, setting.dim() + 3);
  parameters(0, 0) = 1.0;
  parameters(0, setting.dim() + 2) = std::log(setting.noise);
  const Surrogate surrogate =
      Surrogate::at(unit_cube(setting.dim()), {{"y", "1"}}, {setting.train.x, setting.train.y},
                    options, parameters);
  const Points reference = setting.test.x.topRows(references);
  const Points candidates = setting.test.x.bottomRows(references);
  const Vector weights = Vector::Constant(references, 1.0 / static_cast<double>(references));
  Vector drops;
  const double seconds = median_seconds(setting, [&] {
    drops = VarianceReduction(surrogate[0], reference, weights).on_rows(candidates);
  });
  say("integrated_variance", setting.n(), seconds, " largest=", drops.maxCoeff());
}

Table table_of(const std::string& file) {
  std::string head;
  std::getline(std::ifstream(file), head);
  const Dataset data =
      read_dataset(file, unit_cube(std::count(head.begin(), head.end(), ',')), {{"y", "1"}});
  return {data.x, data.y.col(0)};
}

Setting setting_of(const std::vector<std::string>& words) {
  require(words.size() >= 2 && words.size() % 2 == 0,
          "gp_tasks: expected TRAIN.csv TEST.csv, then options with a value each");
  Setting setting{.train = table_of(words[0]), .test = table_of(words[1])};
  for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
    const std::string& value = words[i + 1];
    if (words[i] == "--tasks") setting.tasks = value;
    if (words[i] == "--repeats") setting.repeats = std::stoi(value);
    if (words[i] == "--seconds") setting.seconds = std::stod(value);
    if (words[i] == "--form") setting.form = value == "radial" ? Form::Radial : Form::Product;
  }
  const Vector& y = setting.train.y;
  setting.noise = 1e-10 * (y.array() - y.mean()).square().mean();
  return setting;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Setting setting = setting_of({argv + 1, argv + argc});
    const std::vector<std::pair<std::string, void (*)(const Setting&)>> tasks = {
        {"dgemm", multiply},
        {"evidence", evidence},
        {"predict", predict},
        {"predict_mean", predict_mean},
        {"append", append},
        {"append_branch", append_branch},
        {"integrated_variance", integrated_variance},
        {"fit", whole_fit}};
    for (const auto& [name, task] : tasks)
      if (setting.wants(name)) task(setting);
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return 1;
  }
}
