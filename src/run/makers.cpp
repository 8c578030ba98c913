#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "run/campaign_state.hpp"
#include "run/foretold.hpp"
#include "sonde/base/error.hpp"
#include "sonde/query/snap.hpp"

// Who makes the queries, once the initial design is asked: one step after the other.

namespace sonde {

// Of the queries that steps have made, those drawn at random among them.
Index Campaign::State::stepped() const {
  return static_cast<Index>(queries.size()) - imported - gold - design_asked - validation_asked;
}

const Step& Campaign::State::step() const {
  Index before = stepped();
  for (const Step& one : options.steps) {
    if (one.queries == 0 || before < one.queries) return one;
    before -= one.queries;
  }
  return options.steps.back();
}

Index Campaign::State::left_in_step() const {
  Index left = -stepped();
  for (const Step& one : options.steps) {
    if (one.queries == 0) break;
    left += one.queries;
    if (left > 0) return left;
  }
  return std::numeric_limits<Index>::max();
}

bool Campaign::State::from_pool() const {
  const bool begun = design_asked >= initial();
  return asks_candidates((begun ? step() : options.steps.front()).maker);
}

Points Campaign::State::snapped(const Points& x, const Points& taken) const {
  const std::vector<Neighbour> found =
      snapped_to(candidates(), domain, x, taken, options.synthesis.same_point);
  Points rows(static_cast<Index>(found.size()), domain.dim());
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = found[static_cast<std::size_t>(i)].x;
  return rows;
}

Surrogate Campaign::State::asking() {
  return with_costs(with_gaps_supposed(with_success(is_fitted() ? conditioned(newest) : refit())));
}

Shortlist Campaign::shortlist(const Pool& pool, const PoolOptions& options,
                              const std::optional<Criterion>& by) {
  State& state = *state_;
  return sonde::shortlist(state.asking(), by ? state.of_learnt(*by) : state.criterion, pool,
                          state.asked_points(), state.taken_points(), options,
                          state.root.child("ask", state.queries.size()));
}

Batch Campaign::select(const Pool& pool, const Shortlist& first, Index k,
                       const PoolOptions& options, const std::optional<Criterion>& by) {
  State& state = *state_;
  return select_from(pool, first, state.asking(), by ? state.of_learnt(*by) : state.criterion, k,
                     state.asked_points(), state.taken_points(), options,
                     state.root.child("ask", state.queries.size()));
}

std::vector<Choice> Campaign::choices(Index k) {
  State& state = *state_;
  require(state.options.pool || !state.joined.empty(),
          "Campaign: there are no candidates to choose from");
  const Asked next = state.with_drawn(1);
  std::vector<Choice> choices;
  if (next.queries.empty()) return choices;
  const Points at = next.queries.front().x.transpose();
  const auto near = nearest_in(state.candidates(), state.domain, at, k, state.all_points(),
                               state.options.synthesis.same_point);
  for (const Neighbour& one : near.front()) {
    Choice choice{one.row, one.x, one.distance, {}, {}};
    if (state.has_surrogate()) state.foretell(choice.x, choice.mean, choice.deviation);
    choices.push_back(std::move(choice));
  }
  return choices;
}

Asked Campaign::picked(Index row) {
  State& state = *state_;
  require(state.options.pool || !state.joined.empty(),
          "Campaign: there are no candidates to pick from");
  std::optional<Vector> x;
  state.candidates().visit([&](Index first, PointsView block) {
    if (row >= first && row < first + block.rows()) x = block.row(row - first);
  });
  require(x.has_value(), "Campaign: there is no candidate ", row);
  const std::vector<Violation> broken = state.domain.violations(*x);
  require(broken.empty(), "Campaign: candidate ", row, " is not admissible: it breaks '",
          broken.empty() ? "" : broken.front().name, "'");
  require(!state.all_known().has(state.domain.to_unit(*x)), "Campaign: candidate ", row,
          " was asked already");
  Asked asked = state.asked_at(x->transpose(), "picked");
  Query& query = asked.queries.front();
  query.selection.row = row;
  query.selection.outcome = "picked";
  if (state.has_surrogate()) state.foretell(query.x, query.mean, query.deviation);
  return asked;
}

void Campaign::State::foretell(const Vector& x, Vector& mean, Vector& deviation) {
  try {
    const Surrogate surrogate = asking();
    const Foretold its = foretold(surrogate, x.transpose(), 1);
    mean = its.value.row(0).transpose();
    deviation = its.deviation.row(0).transpose();
  } catch (const NumericalError&) {
    return;  // nothing is foretold then
  }
}

Batch Campaign::State::made_now(const Surrogate& surrogate, const Criterion& by, Index k) {
  const Rng rng = root.child("ask", queries.size());
  const Points asked = asked_points(), taken = taken_points();
  if (step().maker == Maker::Pool) {
    const Pool pool = candidates();
    const Shortlist first =
        sonde::shortlist(surrogate, by, pool, asked, taken, options.selection, rng);
    return select_from(pool, first, surrogate, by, k, asked, taken, options.selection, rng);
  }
  Batch made = synthesize(surrogate, by, k, asked, taken, options.synthesis, rng);
  if (step().maker == Maker::Synthesis) return made;
  const std::vector<Neighbour> found =
      snapped_to(candidates(), domain, made.queries, all_points(), options.synthesis.same_point);
  made.queries.conservativeResize(static_cast<Index>(found.size()), Eigen::NoChange);
  made.worth.conservativeResize(static_cast<Index>(found.size()));
  made.why.resize(found.size());
  made.selections.resize(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    made.queries.row(static_cast<Index>(i)) = found[i].x;
    made.selections[i].row = found[i].row;
    made.selections[i].outcome = "nearest";
  }
  return made;
}

}  // namespace sonde
