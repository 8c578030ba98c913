#include "sonde/gp/validate.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "sonde/base/error.hpp"

namespace sonde {

Scores scores(VectorView truth, VectorView mean, VectorView variance) {
  require(truth.size() > 0 && truth.size() == mean.size() && truth.size() == variance.size(),
          "scores: expected as many means and variances as true values, at least one; got ",
          mean.size(), ", ", variance.size(), " and ", truth.size());
  const double n = static_cast<double>(truth.size());
  const Vector error = truth - mean;
  // A tenth of a billionth of the values: below it, a variance is rounding.
  const double least =
      std::max(1e-20 * truth.cwiseAbs2().maxCoeff(), std::numeric_limits<double>::min());
  const Vector safe = variance.cwiseMax(least);
  const double largest = std::max(error.cwiseAbs().maxCoeff(), std::numeric_limits<double>::min());
  const double spread = (truth.array() - truth.mean()).matrix().norm() / std::sqrt(n);
  Scores result;
  result.n = truth.size();
  result.rmse = largest * std::sqrt((error / largest).squaredNorm() / n);
  result.nrmse = result.rmse / spread;
  result.q2 = 1.0 - result.nrmse * result.nrmse;
  const auto inside = error.array().abs() <= 1.959963984540054 * safe.array().sqrt();
  result.coverage95 = static_cast<double>(inside.count()) / n;
  result.log_score =
      -0.5 * (error.array().square() / safe.array() + (2.0 * std::numbers::pi * safe.array()).log())
                 .mean();
  return result;
}

Scores leave_one_out_scores(const Response& response) {
  const LeaveOneOut left = response.leave_one_out();
  return scores(response.observed(), left.mean, left.variance);
}

}  // namespace sonde
