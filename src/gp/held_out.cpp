#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "sonde/gp/validate.hpp"

namespace sonde {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

double students_t(Index degrees) {
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees)), 0.975);
}

std::vector<Index> observed_rows(VectorView y) {
  std::vector<Index> rows;
  for (Index i = 0; i < y.size(); ++i)
    if (std::isfinite(y[i])) rows.push_back(i);
  return rows;
}

Vector squared_errors(const Response& response, PointsView x, VectorView y,
                      const std::vector<Index>& rows) {
  const Points at = x(rows, Eigen::all);
  const Vector truth = y(rows);
  return (response.predict(at).mean - truth).cwiseAbs2();
}

double standard_error(const Vector& values) {
  const auto n = static_cast<double>(values.size());
  return std::sqrt((values.array() - values.mean()).square().sum() / (n - 1.0) / n);
}

}  // namespace

Interval held_out_error(const Response& response, PointsView x, VectorView y) {
  const std::vector<Index> rows = observed_rows(y);
  if (rows.empty()) return {0, std::numeric_limits<double>::quiet_NaN(), 0.0, inf};
  const Vector squares = squared_errors(response, x, y, rows);
  const double mean = squares.mean();
  Interval error{squares.size(), std::sqrt(mean), 0.0, inf};
  if (error.n < 2) return error;
  const double width =
      mean > 0.0 ? 0.5 * students_t(error.n - 1) * standard_error(squares) / mean : 0.0;
  error.lower = error.value * std::exp(-width);
  error.upper = error.value * std::exp(width);
  return error;
}

Interval held_out_ratio(const Response& a, const Response& b, PointsView x, VectorView y) {
  const std::vector<Index> rows = observed_rows(y);
  if (rows.empty()) return {0, std::numeric_limits<double>::quiet_NaN(), 0.0, inf};
  const Vector before = squared_errors(a, x, y, rows);
  const Vector after = squared_errors(b, x, y, rows);
  const double divisor = before.mean();
  const double mean = after.mean();
  if (divisor == 0.0 || mean == 0.0) {  // there is no logarithm of it
    const double ratio = divisor == mean ? 1.0 : mean / divisor;
    return {before.size(), ratio, ratio, ratio};
  }
  Interval ratio{before.size(), std::sqrt(mean / divisor), 0.0, inf};
  if (ratio.n < 2) return ratio;
  const Vector influence = after / mean - before / divisor;
  const double width = 0.5 * students_t(ratio.n - 1) * standard_error(influence);
  ratio.lower = ratio.value * std::exp(-width);
  ratio.upper = ratio.value * std::exp(width);
  return ratio;
}

Interval held_out_error(const Surrogate& surrogate, Index output, PointsView x, VectorView y) {
  if (!surrogate.outputs()[static_cast<std::size_t>(output)].is_class())
    return held_out_error(surrogate[output], x, y);
  const std::optional<MulticlassClassifier>& classes = surrogate.classes(output);
  const auto n = static_cast<Index>((y.array() == y.array()).count());
  if (!classes || n == 0) return {n, std::numeric_limits<double>::quiet_NaN(), 0.0, 1.0};
  const ClassScores scores = class_scores(classes->probability(x), y);
  return {scores.n, scores.wrong, scores.lower, scores.upper};
}

}  // namespace sonde
