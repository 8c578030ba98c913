#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "sonde/export/c99.hpp"
#include "sonde/gp/trust.hpp"
#include "sonde/space/design.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

using Function = int (*)(const double*, double*, double*, double*, double*);

struct Case {
  std::string name;
  Surrogate surrogate;
};

Domain mixed() {
  return Domain({Parameter::linear("p", 1.0, 3.0), Parameter::log("q", 1e2, 1e5),
                 Parameter::choice("s", {"a", "b", "c"}), Parameter::integer("n", 1, 6)});
}

// Noise keeps the processes well conditioned, so that rounding has no say.
Dataset noisy(const Domain& domain) {
  Rng noise(4);
  Dataset data{design::sobol(domain, 30, Rng(1)), Matrix(30, 1)};
  for (Index i = 0; i < 30; ++i) {
    const auto x = data.x.row(i);
    data.y(i, 0) = std::exp(std::sin(3.0 * x[0]) + 0.3 * std::log(x[1]) + 0.3 * x[2] +
                            0.1 * x[3] * x[0] + 0.05 * noise.normal());
  }
  return data;
}

// Every family and form, warped or not, with trends, transforms and logarithms in turn.
std::vector<Case> all_cases() {
  const Dataset data = noisy(mixed());
  std::vector<Case> cases;
  for (const Family family : {Family::Matern32, Family::Matern52, Family::SquaredExponential}) {
    for (const Form form : {Form::Radial, Form::Product, Form::Anova}) {
      for (const bool warped : {false, true}) {
        const auto turn = cases.size();
        ModelOptions options;
        options.fit.optimize.max_evaluations = 15;
        options.stack = {{.family = family,
                          .form = form,
                          .transform = static_cast<Transform>(turn % 3),
                          .log_inputs = turn % 4 < 2,
                          .warped = warped,
                          .linear = turn % 5 < 2,
                          .trend = static_cast<Trend>((turn / 2) % 4)}};
        if (options.stack[0].transform != Transform::None) options.stack.push_back({});
        cases.push_back({"m" + std::to_string(turn),
                         Surrogate::fit(mixed(), {{"y", ""}}, data, options, Matrix(), Rng(2))});
      }
    }
  }
  return cases;
}

struct Library {
  explicit Library(const std::vector<Case>& cases) {
    const std::filesystem::path folder = directory.path();
    for (const Case& one : cases)
      std::ofstream(folder / (one.name + ".c")) << export_c99(one.surrogate, {.name = one.name});
    const std::string command = "cd '" + folder.string() +
                                "' && cc -std=c99 -pedantic -Wall -Wextra -Werror -O0 -fPIC "
                                "-shared -o all.so *.c -lm";
    REQUIRE(std::system(command.c_str()) == 0);
    handle.reset(dlopen((folder / "all.so").c_str(), RTLD_NOW));
    REQUIRE(handle);
  }
  Function operator[](const std::string& name) const {
    return reinterpret_cast<Function>(dlsym(handle.get(), name.c_str()));
  }

  struct Close {
    void operator()(void* library) const { dlclose(library); }
  };
  TemporaryDirectory directory;
  std::unique_ptr<void, Close> handle;
};

}  // namespace

TEST_CASE("the exported function of every kind is the surrogate, slopes and trust as well",
          "[c99]") {
  const std::vector<Case> cases = all_cases();
  const Library library(cases);
  const Domain domain = mixed();
  Points at = design::uniform(domain, 40, Rng(7));
  at.bottomRows(10).col(0).array() += 1.7;  // beyond the box
  for (const Case& one : cases) {
    INFO(one.name);
    const Response& response = one.surrogate[0];
    const Marginals expected = response.predict(at);
    const auto trust = TrustRegion(domain, response).on_rows(at);
    const Function function = library[one.name + "_y"];
    REQUIRE(function != nullptr);
    for (Index i = 0; i < at.rows(); ++i) {
      const Vector x = at.row(i).transpose();
      const LocalMarginal local = response.predict_at(x);
      double mean = 0.0;
      double sd = 0.0;
      Vector mean_slope(4), sd_slope(4);
      const int flag = function(x.data(), &mean, &sd, mean_slope.data(), sd_slope.data());
      const double unit = std::max(
          {response.spread(), std::abs(expected.mean[i]), std::sqrt(expected.variance[i])});
      CHECK(std::abs(mean - expected.mean[i]) <= 1e-10 * unit);
      CHECK(std::abs(sd - std::sqrt(expected.variance[i])) <= 1e-10 * unit);
      CHECK((mean_slope - local.mean_gradient).norm() <= 1e-8 * local.mean_gradient.norm());
      CHECK((2.0 * sd * sd_slope - local.variance_gradient).norm() <=
            1e-7 * (local.variance_gradient.norm() + 1e-3 * unit * unit));
      CHECK(flag == static_cast<int>(trust[static_cast<std::size_t>(i)]));
    }
  }
}
