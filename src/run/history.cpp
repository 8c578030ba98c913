#include "run/history.hpp"

#include "base/matrix.hpp"
#include "run/gold_queries.hpp"

namespace sonde {

void Known::apply(const Event& event) {
  if (const auto* queries = std::get_if<Asked>(&event)) {
    for (const Query& query : queries->queries)
      if (!is_gold(query)) asked_[query.id] = query.x;
    return;
  }
  const auto& [id, answer] = std::get<Answered>(event);
  if (answer.status != Answer::Status::Ok || !asked_.contains(id)) return;
  observed_[id] = answer.y;
  if (answer.x.size() > 0) asked_[id] = answer.x;
}

std::vector<Index> Known::ids() const {
  std::vector<Index> ids;
  for (const auto& [id, y] : observed_) ids.push_back(id);
  return ids;
}

Dataset Known::data(Index dim, Index outputs) const {
  Dataset made{Points(size(), dim), Matrix(size(), outputs)};
  Index row = 0;
  for (const auto& [id, y] : observed_) {
    made.x.row(row) = asked_.at(id).transpose();
    made.y.row(row++) = y.transpose();
  }
  return made;
}

std::vector<ModelVersion> model_versions(std::span<const Event> events, Index dim, Index outputs) {
  std::vector<ModelVersion> versions;
  Known known;
  for (const Event& event : events) {
    const auto* asked = std::get_if<Asked>(&event);
    if (asked && asked->parameters.rows() > 0) {
      if (versions.empty() || !same(versions.back().parameters, asked->parameters)) {
        versions.push_back({asked->parameters, known.data(dim, outputs), known.ids()});
      }
      for (const Query& query : asked->queries) versions.back().queries.push_back(query.id);
    }
    known.apply(event);
  }
  return versions;
}

}  // namespace sonde
