#include <algorithm>
#include <utility>

#include "base/matrix.hpp"
#include "query/known_points.hpp"
#include "run/campaign_state.hpp"
#include "sonde/query/synthesize.hpp"
#include "sonde/space/design.hpp"

// Queries that are drawn at random: of a uniform design, held out, or mixed in.

namespace sonde {
namespace {

using query::KnownPoints;

constexpr std::uint64_t max_redraws = 20;

// One that is not known, of the input distribution; none where it is not found.
Points random_point(const KnownPoints& known, Rng rng) {
  for (std::uint64_t draw = 0; draw < max_redraws; ++draw) {
    Points one = design::uniform(known.domain(), 1, rng.child("draw", draw));
    if (!known.has(known.domain().to_unit(one.row(0)))) return one;
  }
  return Points(0, known.domain().dim());
}

}  // namespace

// Each from a stream of its own, so that it does not matter how many are asked at once.
Points Campaign::State::uniform_draws(Index k) {
  KnownPoints known = all_known();
  Points x(0, domain.dim());
  auto id = static_cast<Index>(queries.size());
  for (Index i = 0; i < k; ++i, ++id) {
    while (is_validation(id)) ++id;
    const Rng rng = root.child("ask", static_cast<std::uint64_t>(id));
    Points one = from_pool() ? drawn_from(candidates(), domain, 1, stacked(all_points(), x),
                                          options.synthesis.same_point, rng)
                                   .queries
                             : random_point(known, rng);
    if (one.rows() == 0 && !from_pool())
      one = space_filling(domain, 1, stacked(all_points(), x), rng);
    if (one.rows() == 0) break;
    known.add_rows(one);
    x = stacked(x, one);
  }
  return x;
}

// By a draw of its own, so that it does not matter how many are asked at once.
bool Campaign::State::is_validation(Index id) const {
  return options.validation_share > 0.0 &&
         root.child("validation", static_cast<std::uint64_t>(id)).uniform() <
             options.validation_share;
}

bool Campaign::State::is_random(Index id) const {
  constexpr double share_of_surprised = 0.25;
  const double share = std::max(options.random_share, is_surprised() ? share_of_surprised : 0.0);
  return share > 0.0 && !options.design_only && design_asked >= initial() && !is_validation(id) &&
         root.child("random", static_cast<std::uint64_t>(id)).uniform() < share;
}

Query Campaign::State::drawn_query(Index id, const Points& taken) const {
  const bool held_out = is_validation(id);
  Query query{.id = id, .x = {}, .why = held_out ? "validation" : "random"};
  const Rng rng =
      root.child(held_out ? "validation" : "random", static_cast<std::uint64_t>(id)).child("x");
  const double same_point = options.synthesis.same_point;
  if (from_pool()) {
    const Batch one = drawn_from(candidates(), domain, 1, taken, same_point, rng);
    if (one.queries.rows() == 0) return query;
    query.x = one.queries.row(0);
    query.selection = one.selections.front();
    return query;
  }
  KnownPoints known(domain, same_point);
  known.add_rows(taken);
  const Points x = random_point(known, rng);
  if (x.rows() > 0) query.x = x.row(0);
  return query;
}

// Those that are drawn stand among the others, where their draws put them.
Asked Campaign::State::with_drawn(Index k) {
  const auto next = static_cast<Index>(queries.size());
  Index drawn = 0;
  for (Index i = 0; i < k; ++i) drawn += is_drawn(next + i) ? 1 : 0;
  if (drawn == 0) return learning(k);
  Asked asked = drawn < k ? learning(k - drawn) : Asked{};
  std::vector<Query> others = std::move(asked.queries);
  asked.queries.clear();
  Points taken = all_points();
  for (const Query& query : others) taken = stacked(taken, query.x.transpose());
  std::size_t used = 0;
  for (Index id = next; id < next + k; ++id) {
    if (is_drawn(id)) {
      Query query = drawn_query(id, taken);
      if (query.x.size() == 0) break;
      taken = stacked(taken, query.x.transpose());
      asked.queries.push_back(std::move(query));
    } else {
      if (used == others.size()) break;
      asked.queries.push_back(std::move(others[used++]));
      asked.queries.back().id = id;
    }
  }
  return asked;
}

}  // namespace sonde
