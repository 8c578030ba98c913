#include "sonde/run/metrics.hpp"

#include <algorithm>

#include "run/history.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde {
namespace {

Vector loo_nrmse(const Surrogate& surrogate) {
  const auto outputs = static_cast<Index>(surrogate.outputs().size());
  Vector errors(outputs);
  for (Index j = 0; j < outputs; ++j) errors[j] = leave_one_out_scores(surrogate[j]).nrmse;
  return errors;
}

bool of_surrogate(const Event& event) {
  const auto* asked = std::get_if<Asked>(&event);
  return asked && asked->log_parameters.rows() > 0;
}

}  // namespace

std::vector<MetricsRow> learning_curve(const Domain& domain, const std::vector<Output>& outputs,
                                       const ModelOptions& options, std::span<const Event> events,
                                       Index rows) {
  require(rows > 0, "learning_curve: at least one row is needed, got ", rows);
  const auto proposals = std::count_if(events.begin(), events.end(), of_surrogate);
  const Index step = std::max<Index>(1, (proposals + rows - 1) / rows);
  std::vector<MetricsRow> curve;
  Known known;
  Index seen = 0;
  for (const Event& event : events) {
    const bool wanted = of_surrogate(event) && seen++ % step == 0;
    const Index runs = known.size();
    if (wanted && (curve.empty() || curve.back().runs < runs)) {
      try {
        const Dataset data = known.data(domain.dim(), static_cast<Index>(outputs.size()));
        const Matrix& parameters = std::get<Asked>(event).log_parameters;
        curve.push_back(
            {runs, loo_nrmse(Surrogate::at(domain, outputs, data, options, parameters))});
      } catch (const Error&) {
        // Parameters that cannot be factorised with this data: no point of the curve.
      }
    }
    known.apply(event);
  }
  return curve;
}

}  // namespace sonde
