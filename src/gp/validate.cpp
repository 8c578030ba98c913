#include "sonde/gp/validate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "sonde/base/error.hpp"

namespace sonde {

Scores scores(VectorView truth, VectorView mean, VectorView variance) {
  require(truth.size() > 0 && truth.size() == mean.size() && truth.size() == variance.size(),
          "scores: expected as many means and variances as true values, at least one; got ",
          mean.size(), ", ", variance.size(), " and ", truth.size());
  // Nothing is squared that may not have a square in double precision.
  constexpr double trifle = std::numeric_limits<double>::min();
  const double n = static_cast<double>(truth.size());
  const Vector error = truth - mean;
  const double unit = std::max(truth.cwiseAbs().maxCoeff(), trifle);
  const double largest = std::max(error.cwiseAbs().maxCoeff(), trifle);
  // A tenth of a billionth of the values: below it, a deviation is rounding.
  const Vector sd = variance.cwiseMax(0.0).cwiseSqrt().cwiseMax(std::max(1e-10 * unit, trifle));
  const Vector relative = truth / unit;
  Scores result;
  result.n = truth.size();
  result.rmse = largest * ((error / largest).norm() / std::sqrt(n));
  result.nrmse =
      result.rmse / unit / ((relative.array() - relative.mean()).matrix().norm() / std::sqrt(n));
  result.q2 = 1.0 - result.nrmse * result.nrmse;
  const Vector z = error.cwiseQuotient(sd);
  const auto inside = [&](double quantile) {
    return static_cast<double>((z.array().abs() <= quantile).count()) / n;
  };
  result.coverage50 = inside(0.6744897501960817);
  result.coverage90 = inside(1.6448536269514722);
  result.coverage95 = inside(1.959963984540054);
  // The logarithm of a square that may have no place: of the largest apart.
  const double worst = std::max(z.cwiseAbs().maxCoeff(), trifle);
  result.adequacy = 2.0 * std::log(worst) + std::log((z / worst).squaredNorm() / n);
  result.log_score = -0.5 * std::log(2.0 * std::numbers::pi) -
                     (0.5 * z.array().square() + sd.array().log()).mean();
  return result;
}

Scores leave_one_out_scores(const Response& response) {
  return leave_one_out_scores(response, response.leave_one_out());
}

Scores leave_one_out_scores(const Response& response, const LeaveOneOut& left) {
  Scores result = scores(response.observed(), left.mean, left.variance);
  if (const double spread = response.spread(); spread > 0.0) {
    result.nrmse = result.rmse / spread;
    result.q2 = 1.0 - result.nrmse * result.nrmse;
  }
  return result;
}

double estimated_error(const Surrogate& surrogate, Index output) {
  if (!surrogate.outputs()[static_cast<std::size_t>(output)].is_class())
    return leave_one_out_scores(surrogate[output]).nrmse;
  const std::optional<MulticlassClassifier>& classes = surrogate.classes(output);
  return classes ? expected_misclassification(surrogate.domain(), *classes)
                 : std::numeric_limits<double>::quiet_NaN();
}

double error_unit(const Surrogate& surrogate, Index output) {
  const double spread = surrogate[output].spread();
  return surrogate.outputs()[static_cast<std::size_t>(output)].is_class() ? 1.0 : spread;
}

}  // namespace sonde
