// Posteriors and evidences against scikit-learn's, data/gp_reference.json (scripts/gp_reference),
// and OpenTURNS's, data/gp_reference_openturns.json (scripts/gp_reference_openturns).

#include <cmath>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include <Eigen/LU>
#include <nlohmann/json.hpp>

#include "sonde/gp/gaussian_process.hpp"
#include "sonde/gp/stationary.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sonde;
using namespace sonde::testing_support;

namespace {

Vector vector_of(const nlohmann::json& numbers) {
  const std::vector<double> values = numbers;
  return Eigen::Map<const Vector>(values.data(), static_cast<Index>(values.size()));
}

Matrix matrix_of(const nlohmann::json& rows) {
  Matrix matrix(static_cast<Index>(rows.size()), static_cast<Index>(rows.front().size()));
  for (Index i = 0; i < matrix.rows(); ++i) {
    matrix.row(i) = vector_of(rows[static_cast<std::size_t>(i)]).transpose();
  }
  return matrix;
}

Kernel kernel_of(const nlohmann::json& given) {
  const std::string name = given["kernel"];
  const Vector lengths = vector_of(given["lengths"]);
  const double variance = given["variance"];
  const Form form = name.ends_with("product") ? Form::Product : Form::Radial;
  if (name.starts_with("matern32")) return variance * matern32(lengths, form);
  if (name.starts_with("matern52")) return variance * matern52(lengths, form);
  return variance * squared_exponential(lengths);
}

}  // namespace

TEST_CASE("processes at fixed parameters agree with scikit-learn's", "[gp_reference]") {
  const nlohmann::json data = nlohmann::json::parse(std::ifstream(SONDE_DATA "/gp_reference.json"));
  REQUIRE(data["cases"].size() == 10);
  for (const nlohmann::json& given : data["cases"]) {
    INFO(given["kernel"] << ", n = " << given["y"].size());
    const GaussianProcess process(kernel_of(given), given["noise"].get<double>(),
                                  matrix_of(given["x"]), vector_of(given["y"]), Trend::Zero);
    const Points at = matrix_of(given["at"]);
    const Matrix covariance = matrix_of(given["covariance"]);
    CHECK(near(process.predict(at).mean, vector_of(given["mean"]), 1e-8));
    CHECK(near(process.predict(at).variance, covariance.diagonal(), 1e-8));
    CHECK(near(process.covariance(at, at), covariance, 1e-8));
    CHECK(process.log_evidence() == Approx(given["log_evidence"].get<double>()).epsilon(1e-8));
    if (!given.contains("gradient")) continue;
    const Vector gradient = vector_of(given["gradient"]);
    CHECK(near(process.log_evidence_gradient().head(gradient.size()), gradient, 1e-8));
  }
}

TEST_CASE("processes with a trend at fixed parameters agree with OpenTURNS's", "[gp_reference]") {
  const nlohmann::json data =
      nlohmann::json::parse(std::ifstream(SONDE_DATA "/gp_reference_openturns.json"));
  REQUIRE(data["cases"].size() == 20);
  for (const nlohmann::json& given : data["cases"]) {
    const std::string named = given["trend"];
    INFO(given["kernel"] << ", trend " << named << ", n = " << given["y"].size());
    const Trend trend = named == "linear" ? Trend::Linear : Trend::Constant;
    const double noise = given["noise"];
    const Points x = matrix_of(given["x"]);
    const Vector y = vector_of(given["y"]);
    const GaussianProcess process(kernel_of(given), noise, x, y, trend);
    const Points at = matrix_of(given["at"]);
    const Matrix covariance = matrix_of(given["covariance"]);
    CHECK(near(process.coefficients(), vector_of(given["coefficients"]), 1e-8));
    CHECK(near(process.predict(at).mean, vector_of(given["mean"]), 1e-8));
    CHECK(near(process.predict(at).variance, covariance.diagonal(), 1e-8));
    CHECK(near(process.covariance(at, at), covariance, 1e-8));
    // Theirs is the likelihood at the estimated trend; the evidence has integrated it out.
    const Matrix basis = process.trend_basis(x);
    const GaussianProcess rest(kernel_of(given), noise, x, y - basis * process.coefficients(),
                               Trend::Zero);
    const double likelihood = given["log_likelihood"];
    CHECK(rest.log_evidence() == Approx(likelihood).epsilon(1e-8));
    const Matrix half = process.factor().triangularView<Eigen::Lower>().solve(basis);
    const double integrated =
        0.5 * static_cast<double>(basis.cols()) * std::log(2.0 * std::numbers::pi) -
        0.5 * std::log((half.transpose() * half).determinant());
    CHECK(process.log_evidence() == Approx(likelihood + integrated).epsilon(1e-8));
  }
}
