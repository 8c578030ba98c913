#include <algorithm>
#include <cmath>
#include <utility>

#include "base/matrix.hpp"
#include "query/supposing.hpp"
#include "run/campaign_state.hpp"
#include "run/foretold.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

// Points that arrive: which of them are asked, and what stays of the others.

namespace sonde {

using query::KnownPoints;

void Campaign::State::check(const Passed& passed) const {
  const Index k = passed.worth.size();
  require(passed.x.rows() == 0 || (passed.x.rows() == k && passed.x.cols() == domain.dim()),
          "Campaign: ", k, " arrivals with ", passed.x.rows(), " points of ", passed.x.cols(),
          " coordinates, the domain has ", domain.dim());
  require(passed.asked.size() == passed.queries.size(), "Campaign: ", passed.asked.size(),
          " arrivals were asked, by ", passed.queries.size(), " queries");
  require(passed.share >= 0.0 && passed.share <= 1.0,
          "Campaign: expected a share of the budget from 0 to 1, got ", passed.share);
  require(passed.budget > 0.0 && passed.budget <= 1.0,
          "Campaign: expected a budget above 0, up to 1, got ", passed.budget);
  Index before = -1;
  for (std::size_t i = 0; i < passed.asked.size(); ++i) {
    require(passed.asked[i] > before && passed.asked[i] < k,
            "Campaign: expected the places of asked arrivals ascending below ", k, ", got ",
            passed.asked[i]);
    before = passed.asked[i];
    // They may be asked along with it.
    const auto most = static_cast<Index>(queries.size() + passed.queries.size());
    require(passed.queries[i] >= 0 && passed.queries[i] < most,
            "Campaign: an arrival is said to be query ", passed.queries[i], " of ", most);
  }
  require(!gate || passed.first >= gate->arrived(), "Campaign: expected arrival ",
          gate ? gate->arrived() : 0, " next, got ", passed.first);
}

// Of a campaign whose study has no stream any more nothing is to be known of it.
void Campaign::State::fold(const Passed& passed) {
  if (!gate) return;
  const bool kept = passed.x.rows() > 0;
  const bool joins =
      kept && std::any_of(options.steps.begin(), options.steps.end(),
                          [](const Step& one) { return asks_candidates(one.maker); });
  // Of a damaged journal some may be lost: they have cost nothing.
  while (gate->arrived() < passed.first) gate->take(Vector(), nan, false, 0.0);
  const double share = passed.share * (passed.budget / gate->options().budget);
  std::size_t next = 0;
  for (Index i = 0; i < passed.worth.size(); ++i) {
    const bool asked = next < passed.asked.size() && passed.asked[next] == i;
    Vector u;
    if (asked) {
      const auto id = static_cast<std::size_t>(passed.queries[next++]);
      if (id < queries.size()) u = domain.to_unit(queries[id].x);
    }
    gate->take(u, passed.worth[i], asked, share, kept ? Vector(passed.x.row(i)) : Vector());
    if (!asked && joins)
      for (Index j = 0; j < domain.dim(); ++j) joined.push_back(passed.x(i, j));
  }
  if (passed.model != 0 && passed.model == newest.model) steering = newest;
}

Pool Campaign::State::candidates() const {
  if (joined.empty()) return *options.pool;
  const auto dim = domain.dim();
  return Pool(dim, [given = options.pool, &points = joined, dim](const Pool::Visitor& visitor) {
    Index rows = 0;
    if (given)
      given->visit([&](Index first, PointsView block) {
        visitor(first, block);
        rows = std::max(rows, first + block.rows());
      });
    visitor(rows,
            Eigen::Map<const Points>(points.data(), static_cast<Index>(points.size()) / dim, dim));
  });
}

void Campaign::State::see_decider_off(const Event& event) {
  if (!gate || std::holds_alternative<Passed>(event)) return;
  deciding.reset();
  const auto* asked = std::get_if<Asked>(&event);
  if (std::holds_alternative<Leased>(event) || (asked && !asked->fitted)) return;
  gate->outdate();
}

const Campaign::State::Deciding& Campaign::State::decider() {
  if (deciding) return *deciding;
  Deciding made;
  const Fitted& model = refit_is_due() && is_fitted() ? newest : steering;
  if (model.model != 0 && has_surrogate()) {
    try {
      Surrogate surrogate = with_gaps_supposed(with_success(conditioned(model)));
      if (options.stream->leading) surrogate = surrogate.leading();
      // The last arrivals by what is known alone, so that it does not matter when they are seen
      // anew; by the same draws, as they are compared.
      const Rng rng = root.child("stream", static_cast<std::uint64_t>(dataset().size()));
      const query::Measure known = query::measure_of(surrogate, criterion, all_known(), rng);
      gate->rescore([&](VectorView x) { return known.worth(x); }, options.threads);
      made.measure = query::measure_of(query::supposing_what_it_can(surrogate, asked_points()),
                                       criterion, all_known(), rng);
      made.predicting = std::move(surrogate);
      made.model = model.model;
    } catch (const NumericalError&) {
      made = {};
    }
  }
  deciding = std::move(made);
  return *deciding;
}

bool Campaign::is_streaming() const {
  State& state = *state_;
  return state.gate && !state.options.design_only && state.step().maker == Maker::Stream &&
         state.design_rows_left().rows() == 0;
}

std::optional<Fitted> Campaign::due_for_stream() {
  State& state = *state_;
  if (!state.has_surrogate() || !state.refit_is_due() || state.is_fitted()) return std::nullopt;
  try {
    return state.version_of(state.refit());
  } catch (const NumericalError&) {
    return std::nullopt;
  }
}

Decided Campaign::decide(PointsView x, double share, Index most, bool kept) {
  State& state = *state_;
  require(state.gate.has_value(), "Campaign: there is no stream: see CampaignOptions::stream");
  require(x.cols() == state.domain.dim(), "Campaign: an arrival has ", x.cols(),
          " coordinates, the domain has ", state.domain.dim());
  most = std::min(most, state.left_in_step());
  const State::Deciding& by = state.decider();
  const KnownPoints& known = state.all_known();
  const int threads = state.options.threads;
  Vector worth = Vector::Constant(x.rows(), nan);
  Foretold said;
  // A block is too small to be divided, so the two questions about it are put side by side.
  parallel_for(2, threads, [&](Index task) {
    if (task == 0 && by.measure) worth = query::scored(by.measure->worth, x, threads);
    if (task == 1 && by.predicting) said = foretold(*by.predicting, x, threads);
  });
  StreamGate gate = *state.gate;
  KnownPoints now(state.domain, state.options.synthesis.same_point);
  Decided decided;
  decided.passed = {
      .first = gate.arrived(), .budget = gate.options().budget, .share = share, .model = by.model};
  std::vector<Query>& queries = decided.asked.queries;
  Index k = 0;
  for (; k < x.rows() && static_cast<Index>(queries.size()) < most; ++k) {
    const Vector u = state.domain.to_unit(x.row(k));
    Decision decision = Decision::Inadmissible;
    if (u.allFinite() && state.domain.admits(x.row(k)))
      decision = known.has(u) || now.has(u) ? Decision::Known : gate.decide(u, worth[k], share);
    if (decision == Decision::Inadmissible || decision == Decision::Known ||
        !std::isfinite(worth[k]))
      worth[k] = nan;
    decided.decisions.push_back(decision);
    if (is_asked(decision)) {
      Query query{.id = asked() + static_cast<Index>(queries.size()), .x = x.row(k)};
      query.why = decision == Decision::Audit    ? "validation"
                  : decision == Decision::Random ? "random"
                                                 : by.measure->why;
      query.worth = by.measure && by.measure->fallback ? nan : worth[k];
      query.selection = {.candidates = gate.remembered() + 1,
                         .rank = gate.rank(worth[k]),
                         .outcome = "arrived",
                         .row = gate.arrived()};
      decided.passed.asked.push_back(k);
      decided.passed.queries.push_back(query.id);
      queries.push_back(std::move(query));
      now.add(x.row(k));
    }
    gate.take(u, worth[k], is_asked(decision), share, kept ? Vector(x.row(k)) : Vector());
  }
  // The last bits of a worth depend on the points beside it: what is recorded has to come of what
  // is recorded.
  if (k < x.rows()) return decide(x.topRows(k), share, most, kept);
  decided.passed.worth = worth.head(k);
  if (kept) decided.passed.x = x.topRows(k);
  if (!queries.empty()) decided.asked.model = by.model;
  if (by.predicting) {
    decided.mean = std::move(said.value);
    decided.deviation = std::move(said.deviation);
    decided.by = by.predicting;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      queries[i].mean = decided.mean.row(decided.passed.asked[i]);
      queries[i].deviation = decided.deviation.row(decided.passed.asked[i]);
    }
  }
  return decided;
}

Index Campaign::arrived() const noexcept {
  return state_->gate ? state_->gate->arrived() : 0;
}

const StreamGate* Campaign::gate() const noexcept {
  return state_->gate ? &*state_->gate : nullptr;
}

}  // namespace sonde
