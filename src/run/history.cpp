#include "run/history.hpp"

#include "run/gold_queries.hpp"

namespace sonde {

void Known::apply(const Event& event) {
  std::visit([this](const auto& happened) { apply_one(happened); }, event);
}

void Known::apply_one(const Asked& asked) {
  for (const Query& query : asked.queries)
    if (!is_gold(query)) {
      asked_[query.id] = query.x;
      if (query.why == "validation") roles_[query.id] = Role::Validation;
    }
}

void Known::apply_one(const Answered& answered) {
  const auto& [id, answer] = answered;
  if (answer.status != Answer::Status::Ok || !asked_.contains(id)) return;
  observed_[id] = answer.y;
  if (answer.x.size() > 0) moved_[id] = answer.x;
}

void Known::apply_one(const Corrected& corrected) {
  observed_.erase(corrected.id);
  moved_.erase(corrected.id);
  apply_one(Answered{corrected.id, corrected.answer});
}

void Known::apply_one(const Reviewed& reviewed) {
  if (reviewed.verdict == Reviewed::Verdict::Edited && asked_.contains(reviewed.id))
    asked_[reviewed.id] = reviewed.x;
}

void Known::apply_one(const Marked& marked) {
  for (const Index id : marked.ids) roles_[id] = marked.role;
}

bool Known::teaches(Index id) const {
  const auto role = roles_.find(id);
  return role == roles_.end() || role->second == Role::Train;
}

std::vector<Index> Known::ids() const {
  std::vector<Index> ids;
  for (const auto& [id, y] : observed_)
    if (teaches(id)) ids.push_back(id);
  return ids;
}

Dataset Known::data(Index dim, Index outputs) const {
  const Index n = size();
  Dataset made{Points(n, dim), Matrix(n, outputs)};
  Index row = 0;
  for (const auto& [id, y] : observed_) {
    if (!teaches(id)) continue;
    made.x.row(row) = (moved_.contains(id) ? moved_ : asked_).at(id).transpose();
    made.y.row(row++) = y.transpose();
  }
  return made;
}

std::vector<ModelVersion> model_versions(std::span<const Event> events, Index dim, Index outputs) {
  std::vector<ModelVersion> versions;
  Known known;
  for (const Event& event : events) {
    const auto* asked = std::get_if<Asked>(&event);
    const auto* fitted = std::get_if<Fitted>(&event);
    if (asked && asked->fitted) fitted = &*asked->fitted;
    if (fitted) versions.push_back({*fitted, known.data(dim, outputs), known.ids()});
    if (asked && asked->model > 0) {
      std::vector<Index>& queries = versions[static_cast<std::size_t>(asked->model - 1)].queries;
      for (const Query& query : asked->queries) queries.push_back(query.id);
    }
    known.apply(event);
  }
  return versions;
}

}  // namespace sonde
