#include "sonde/run/metrics.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"

namespace sonde {
namespace {

/// Points by id, and what was observed there, at some moment of a campaign.
struct Known {
  std::map<Index, Vector> asked{};
  std::map<Index, Vector> observed{};

  void apply(const Event& event) {
    if (const auto* queries = std::get_if<Asked>(&event)) {
      for (const Query& query : queries->queries) asked[query.id] = query.x;
      return;
    }
    const auto& [id, answer] = std::get<Answered>(event);
    if (answer.status == Answer::Status::Ok) observed[id] = answer.y;
  }

  Dataset data(Index dim, Index outputs) const {
    Dataset made{Points(static_cast<Index>(observed.size()), dim),
                 Matrix(static_cast<Index>(observed.size()), outputs)};
    Index row = 0;
    for (const auto& [id, y] : observed) {
      made.x.row(row) = asked.at(id).transpose();
      made.y.row(row++) = y.transpose();
    }
    return made;
  }
};

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
    const auto runs = static_cast<Index>(known.observed.size());
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
