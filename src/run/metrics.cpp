#include "sonde/run/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "run/history.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde {
namespace {

bool of_surrogate(const Event& event) {
  const auto* asked = std::get_if<Asked>(&event);
  return asked && asked->model > 0;
}

// The parameters that the events so far tell of, by the number of their model.
class Parameters {
 public:
  void apply(const Event& event) {
    if (const auto* fitted = std::get_if<Fitted>(&event)) keep(*fitted);
    const auto* asked = std::get_if<Asked>(&event);
    if (asked && asked->fitted) keep(*asked->fitted);
  }
  const Matrix& of(Index model) const { return of_.at(model); }

 private:
  void keep(const Fitted& fitted) { of_[fitted.model] = fitted.parameters; }

  std::map<Index, Matrix> of_{};
};

}  // namespace

double holdout_nrmse(const Response& response, PointsView x, VectorView y) {
  std::vector<Index> rows;
  for (Index i = 0; i < y.size(); ++i) {
    if (std::isfinite(y[i])) rows.push_back(i);
  }
  if (rows.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const Vector truth = y(rows);
  const Points at = x(rows, Eigen::all);
  const Marginals predicted = response.predict(at);
  return scores(truth, predicted.mean, predicted.variance).nrmse;
}

double holdout_error(const Surrogate& surrogate, Index output, PointsView x, VectorView y) {
  return surrogate.outputs()[static_cast<std::size_t>(output)].is_class()
             ? held_out_error(surrogate, output, x, y).value
             : holdout_nrmse(surrogate[output], x, y);
}

MetricsRow metrics(const Surrogate& surrogate, Index runs, const Dataset& holdout) {
  const auto outputs = static_cast<Index>(surrogate.outputs().size());
  MetricsRow row{runs, Vector(outputs), Vector(outputs)};
  row.holdout_nrmse.setConstant(std::numeric_limits<double>::quiet_NaN());
  for (Index j = 0; j < outputs; ++j) {
    row.loo_nrmse[j] = estimated_error(surrogate, j);
    if (holdout.size() == 0) continue;
    row.holdout_nrmse[j] = holdout_error(surrogate, j, holdout.x, holdout.y.col(j));
  }
  return row;
}

std::vector<MetricsRow> learning_curve(const Domain& domain, const std::vector<Output>& outputs,
                                       const ModelOptions& options, std::span<const Event> events,
                                       Index rows, const Dataset& holdout) {
  require(rows > 0, "learning_curve: at least one row is needed, got ", rows);
  const auto proposals = std::count_if(events.begin(), events.end(), of_surrogate);
  const Index step = std::max<Index>(1, (proposals + rows - 1) / rows);
  // What is left out is predicted without the uncertainty of the parameters.
  ModelOptions without = options;
  without.parameter_uncertainty = options.parameter_uncertainty && holdout.size() > 0;
  std::vector<MetricsRow> curve;
  Known known;
  Parameters parameters;
  Index seen = 0;
  for (const Event& event : events) {
    const bool wanted = of_surrogate(event) && seen++ % step == 0;
    const Index runs = known.size();
    parameters.apply(event);
    if (wanted && (curve.empty() || curve.back().runs < runs)) {
      try {
        const Dataset data = known.data(domain.dim(), static_cast<Index>(outputs.size()));
        const Matrix& those = parameters.of(std::get<Asked>(event).model);
        curve.push_back(
            metrics(Surrogate::at(domain, outputs, data, without, those), runs, holdout));
      } catch (const Error&) {
        // Parameters that cannot be factorised with this data: no point of the curve.
      }
    }
    known.apply(event);
    // Of another domain the parameters say nothing.
    if (const auto* edited = std::get_if<Edited>(&event); edited && edited->anew) curve.clear();
  }
  return curve;
}

}  // namespace sonde
