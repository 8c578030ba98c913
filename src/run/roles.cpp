#include "sonde/run/roles.hpp"

#include <algorithm>

#include "run/campaign_state.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"

namespace sonde {

Role Campaign::State::role(Index id) const {
  const auto marked = marks.find(id);
  if (marked != marks.end()) return marked->second;
  return queries[static_cast<std::size_t>(id)].why == "validation" ? Role::Validation : Role::Train;
}

bool Campaign::State::teaches(Index id) const {
  return !is_gold(queries[static_cast<std::size_t>(id)]) && role(id) == Role::Train;
}

bool Campaign::State::is_held_out(Index id) const {
  const std::optional<Answer>& answer = answers[static_cast<std::size_t>(id)];
  return answer && answer->status == Answer::Status::Ok && role(id) == Role::Validation &&
         !is_gold(queries[static_cast<std::size_t>(id)]);
}

void Campaign::State::check(const Marked& marked) const {
  require(!marked.ids.empty(), "Campaign: marks of no queries");
  for (const Index id : marked.ids) {
    check_known(id);
    require(!is_gold(queries[static_cast<std::size_t>(id)]), "Campaign: query ", id,
            " asks a known point again, from which nothing is learnt");
  }
}

void Campaign::State::check(const Promoted& promotion) const {
  require(promotion.model >= 0 && promotion.model <= newest.model,
          "Campaign: expected the number of one of ", newest.model, " models, got ",
          promotion.model);
}

// The parameters were fitted to data that no longer are, so they are searched anew.
void Campaign::State::forget_fits() {
  models_before_change = newest.model;
  data_stale = true;
  refitted.reset();
  recorded.reset();
  success.reset();
  arrivals.clear();
}

void Campaign::State::fold(const Marked& marked) {
  for (const Index id : marked.ids) {
    const std::optional<Answer>& answer = answers[static_cast<std::size_t>(id)];
    if (answer) count_out(id);
    marks[id] = marked.role;
    if (answer) count_in(id, *answer);
  }
  forget_fits();
}

void Campaign::State::fold(const Promoted& promotion) {
  promoted = promotion.model;
}

Role Campaign::role(Index id) const {
  state_->check_known(id);
  return state_->role(id);
}

std::vector<Index> Campaign::validation_ids() const {
  std::vector<Index> ids;
  for (Index id = 0; id < asked(); ++id)
    if (state_->is_held_out(id)) ids.push_back(id);
  return ids;
}

Dataset Campaign::validation() const {
  const std::vector<Index> ids = validation_ids();
  const auto n = static_cast<Index>(ids.size());
  Dataset held{Points(n, domain().dim()), Matrix(n, static_cast<Index>(outputs().size()))};
  for (Index i = 0; i < n; ++i) {
    const Index id = ids[static_cast<std::size_t>(i)];
    held.x.row(i) = point(id).transpose();
    held.y.row(i) = answer(id)->y.transpose();
  }
  return held;
}

Index Campaign::promoted() const noexcept {
  return state_->promoted;
}

}  // namespace sonde
