#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/matrix.hpp"
#include "query/known_points.hpp"
#include "run/campaign_state.hpp"
#include "run/foretold.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/query/synthesize.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

using query::KnownPoints;

// The rows that are neither known nor stand twice, at most k.
Points fresh_rows(KnownPoints& known, PointsView x, Index k) {
  Points fresh(std::min(k, x.rows()), x.cols());
  Index count = 0;
  for (Index i = 0; i < x.rows() && count < k; ++i) {
    if (known.has(known.domain().to_unit(x.row(i)))) continue;
    fresh.row(count++) = x.row(i);
    known.add(x.row(i));
  }
  fresh.conservativeResize(count, Eigen::NoChange);
  return fresh;
}

}  // namespace

Points Campaign::State::asked_points() const {
  std::vector<std::size_t> ids;
  for (std::size_t id = 0; id < queries.size(); ++id) {
    const bool known = answers[id] && answers[id]->status == Answer::Status::Ok;
    if (!known && teaches(static_cast<Index>(id))) ids.push_back(id);
  }
  Points x(static_cast<Index>(ids.size()), domain.dim());
  for (Index i = 0; i < x.rows(); ++i) x.row(i) = queries[ids[static_cast<std::size_t>(i)]].x;
  return with_edited_away(std::move(x));
}

Points Campaign::State::taken_points() {
  std::vector<Index> silent;
  for (std::size_t id = 0; id < queries.size(); ++id)
    if (!is_gold(queries[id]) && !teaches(static_cast<Index>(id)))
      silent.push_back(static_cast<Index>(id));
  const Points& known = dataset().x;
  if (silent.empty()) return known;
  Points x(known.rows() + static_cast<Index>(silent.size()), domain.dim());
  x.topRows(known.rows()) = known;
  for (Index i = known.rows(); i < x.rows(); ++i) {
    const auto id = static_cast<std::size_t>(silent[static_cast<std::size_t>(i - known.rows())]);
    x.row(i) = queries[id].x.transpose();
  }
  return x;
}

Points Campaign::State::all_points() const {
  Points x(static_cast<Index>(queries.size()), domain.dim());
  for (Index i = 0; i < x.rows(); ++i) x.row(i) = queries[static_cast<std::size_t>(i)].x;
  return with_edited_away(std::move(x));
}

const KnownPoints& Campaign::State::all_known() {
  if (!seen) seen = Known{0, 0, KnownPoints(domain, options.synthesis.same_point)};
  KnownPoints added(domain, options.synthesis.same_point);
  const auto add = [&](const Vector& x) {
    seen->points.add(x);
    added.add(x);
  };
  for (; seen->asked < queries.size(); ++seen->asked) add(queries[seen->asked].x);
  for (; seen->edited < edited_away.size(); ++seen->edited) add(edited_away[seen->edited]);
  if (seen->design >= 0 && added.size() > 0) {
    const Points& rows = design(0, seen->design);
    std::erase_if(seen->design_left,
                  [&](Index row) { return added.has(domain.to_unit(rows.row(row))); });
  }
  return seen->points;
}

const std::vector<Index>& Campaign::State::design_left(Index size) {
  all_known();
  if (seen->design == size) return seen->design_left;
  KnownPoints points = seen->points;
  seen->design_left.clear();
  const Points& rows = design(0, size);
  for (Index row = 0; row < rows.rows(); ++row) {
    if (points.has(domain.to_unit(rows.row(row)))) continue;
    points.add(rows.row(row));
    seen->design_left.push_back(row);
  }
  seen->design = size;
  return seen->design_left;
}

// What a reviewer did not want is not to come back.
Points Campaign::State::with_edited_away(Points x) const {
  Index row = x.rows();
  x.conservativeResize(row + static_cast<Index>(edited_away.size()), Eigen::NoChange);
  for (const Vector& point : edited_away) x.row(row++) = point;
  return x;
}

Asked Campaign::State::asked_at(const Points& x, const std::string& why) const {
  Asked asked;
  for (Index i = 0; i < x.rows(); ++i) {
    asked.queries.push_back(
        {.id = static_cast<Index>(queries.size()) + i, .x = x.row(i), .why = why});
  }
  return asked;
}

const Points& Campaign::State::design(std::uint64_t round, Index size) {
  if (!designs.empty() && designs.front().rows() != size) designs.clear();
  while (designs.size() <= round) {
    const Points drawn =
        sonde::design::named(options.design, domain, size, root.child("design", designs.size()));
    designs.push_back(asks_candidates(options.steps.front().maker)
                          ? snapped(drawn, Points(0, domain.dim()))
                          : drawn);
  }
  return designs[round];
}

// Those of the initial design that are still to be asked. It is drawn once, as a whole: a prefix of
// it is what was asked.
Points Campaign::State::design_rows_left() {
  const Index left = initial() - design_asked;
  if (left <= 0) return Points(0, domain.dim());
  if (options.design_points.rows() > 0) return options.design_points.bottomRows(left);
  const Index size = design_size >= 0 ? design_size : initial();
  const std::vector<Index>& rows = design_left(size);
  const auto count = std::min(static_cast<std::size_t>(left), rows.size());
  return design(0, size)(
      std::vector<Index>(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count)),
      Eigen::all);
}

Points Campaign::State::endless_design(Index k) {
  if (options.design == "uniform") return uniform_draws(k);
  KnownPoints known = all_known();
  Points x(0, domain.dim());
  const Index size = options.initial > 0 ? options.initial : domain.dim() + 2;
  const std::uint64_t rounds =
      1 + (queries.size() + static_cast<std::uint64_t>(k)) / static_cast<std::uint64_t>(size);
  for (std::uint64_t round = 0; round <= rounds && x.rows() < k; ++round) {
    x = stacked(x, fresh_rows(known, design(round, size), k - x.rows()));
  }
  if (from_pool() && x.rows() == 0)
    return farthest_in(candidates(), domain, k, all_points(), options.synthesis.same_point);
  return x.rows() > 0 ? x
                      : space_filling(domain, k, all_points(), root.child("ask", queries.size()));
}

Asked Campaign::State::from_design(Index k) {
  const bool given = options.design_points.rows() > 0;
  const Points left = options.design_only && !given ? Points() : design_rows_left();
  if (options.design_only && !(given && left.rows() > 0))
    return asked_at(endless_design(k), "design");
  return asked_at(left.topRows(std::min(k, left.rows())), "design");
}

bool Campaign::State::refit_is_due() {
  if (steering.model == 0) return true;
  const Index fitted_to = steering.model > models_before_change ? steering.rows : 0;
  const auto grown = static_cast<double>(dataset().size() - fitted_to);
  return grown > 0.0 &&
         (is_surprised() || grown >= options.refit_growth * static_cast<double>(fitted_to));
}

bool Campaign::State::is_fitted() const {
  return newest.model > models_before_change && newest.rows == static_cast<Index>(ok.size());
}

const Surrogate& Campaign::State::refit() {
  const std::size_t n = ok.size();
  const Matrix& start = steering.parameters;
  if (refitted && refitted->rows == n && same(refitted->parameters, start)) {
    return refitted->surrogate;
  }
  refitted.reset();
  refitted = Conditioned{
      n, start,
      Surrogate::fit(domain, outputs, dataset(), options.model, start, root.child("fit", n))};
  return refitted->surrogate;
}

const Surrogate& Campaign::State::conditioned(const Fitted& model) {
  const std::size_t n = ok.size();
  if (recorded && recorded->rows == n && same(recorded->parameters, model.parameters)) {
    return recorded->surrogate;
  }
  recorded.reset();
  recorded =
      Conditioned{n, model.parameters,
                  Surrogate::at(domain, outputs, dataset(), options.model, model.parameters)};
  return recorded->surrogate;
}

Fitted Campaign::State::version_of(const Surrogate& surrogate) const {
  const auto m = static_cast<Index>(outputs.size());
  Fitted fitted{.model = newest.model + 1,
                .rows = surrogate.size(),
                .parameters = surrogate.parameters(),
                .evidence = Vector(m),
                .leave_one_out = Vector(m)};
  for (Index j = 0; j < m; ++j) {
    const std::vector<Member>& members = surrogate[j].members();
    const auto heaviest =
        std::max_element(members.begin(), members.end(),
                         [](const Member& a, const Member& b) { return a.weight < b.weight; });
    fitted.evidence[j] = heaviest->process.log_evidence();
    fitted.leave_one_out[j] = sonde::estimated_error(surrogate, j);
  }
  return fitted;
}

// The surrogate that a proposal is made from, and what is recorded of it.
const Surrogate& Campaign::State::believed(Asked& asked) {
  if (refit_is_due() && is_fitted()) {  // for another purpose, from the same start
    asked.model = newest.model;
    return conditioned(newest);
  }
  if (refit_is_due()) {
    try {
      const Surrogate& surrogate = refit();
      asked.fitted = version_of(surrogate);
      asked.model = asked.fitted->model;
      return surrogate;
    } catch (const NumericalError&) {
      if (steering.model == 0) throw;
    }
  }
  asked.model = steering.model;
  return conditioned(steering);
}

// What people reject or the world broke says nothing of where simulations fail.
bool Campaign::State::is_of_the_point(const Answer& answer) const {
  return answer.status == Answer::Status::Ok ||
         (!answer.transient && !is_no_run(answer) && answer.kind != "inadmissible");
}

Surrogate Campaign::State::with_success(const Surrogate& surrogate) {
  const bool any = std::any_of(queries.begin(), queries.end(), [this](const Query& query) {
    const auto& answer = answers[static_cast<std::size_t>(query.id)];
    return answer && answer->status != Answer::Status::Ok && is_of_the_point(*answer) &&
           teaches(query.id);
  });
  if (!options.learn_failures || !any) return surrogate;
  if (!success || success->labels != answered) {
    std::vector<bool> succeeded;
    Points x(answered, domain.dim());
    Index rows = 0;
    for (std::size_t id = 0; id < queries.size(); ++id) {
      if (!answers[id] || !is_of_the_point(*answers[id]) || !teaches(static_cast<Index>(id)))
        continue;
      succeeded.push_back(answers[id]->status == Answer::Status::Ok);
      x.row(rows++) = answers[id]->x.size() > 0 ? answers[id]->x : queries[id].x;
    }
    success.reset();
    success = Learnt{answered, Classifier::fit(domain, x.topRows(rows), succeeded)};
  }
  return surrogate.with_success(success->classifier);
}

// Learnt from the rows that have the output and those that lack it.
const Classifier& Campaign::State::arrival_of(Index output, const std::vector<Index>& gaps) {
  Arrival& known = arrivals[output];
  if (known.classifier && known.rows == dataset().size()) return *known.classifier;
  const Dataset& all = dataset();
  std::vector<Index> rows;  // not those of which nothing is known, as of earlier runs
  std::vector<bool> arrived;
  for (Index i = 0; i < all.size(); ++i) {
    const bool gap = std::binary_search(gaps.begin(), gaps.end(), i);
    if (!gap && std::isnan(all.y(i, output))) continue;
    rows.push_back(i);
    arrived.push_back(!gap);
  }
  known = {all.size(), Classifier::fit(domain, all.x(rows, Eigen::all), arrived)};
  return *known.classifier;
}

// Where an output did not arrive, though others did, it is no more worth asking than where a run
// failed.
Surrogate Campaign::State::with_gaps_supposed(Surrogate surrogate) {
  const Dataset& all = dataset();
  for (Index j = 0; j < all.y.cols(); ++j) {
    std::vector<Index> rows;
    for (Index i = 0; i < all.size(); ++i)
      if (std::isnan(all.y(i, j)) &&
          answers[static_cast<std::size_t>(ok[static_cast<std::size_t>(i)])]->kind ==
              "output missing")
        rows.push_back(i);
    if (rows.empty()) continue;
    surrogate = surrogate.with_arrival(j, arrival_of(j, rows));
    try {
      surrogate = surrogate.supposing_of(j, all.x(rows, Eigen::all));
    } catch (const NumericalError&) {
      continue;  // beside what is known already
    }
  }
  return surrogate;
}

Asked Campaign::State::from_surrogate(Index k) {
  Asked asked;
  const Surrogate surrogate = with_costs(with_gaps_supposed(with_success(believed(asked))));
  const std::optional<Criterion> other = instead();
  const Batch made = made_now(surrogate, other ? *other : criterion, std::min(k, left_in_step()));
  asked.queries = asked_at(made.queries, "").queries;
  for (Index i = 0; i < made.queries.rows(); ++i) {
    Query& query = asked.queries[static_cast<std::size_t>(i)];
    query.why = (other ? "not learning: " : "") + made.why[static_cast<std::size_t>(i)];
    query.worth = made.worth[i];
    query.selection = made.selections[static_cast<std::size_t>(i)];
    const Foretold its = foretold(surrogate, made.queries.row(i), 1);
    query.mean = its.value.row(0).transpose();
    query.deviation = its.deviation.row(0).transpose();
  }
  return asked;
}

Asked Campaign::State::filled(Index k, const std::string& why) {
  const Rng rng = root.child("ask", queries.size());
  const Points x =
      from_pool() ? farthest_in(candidates(), domain, k, all_points(), options.synthesis.same_point)
                  : space_filling(domain, k, all_points(), rng);
  return asked_at(x, "space filling: " + why);
}

Asked Campaign::State::gold_due() const {
  if (options.gold_every <= 0) return {};
  const Index others = static_cast<Index>(queries.size()) - imported - gold;
  if (others < (gold + 1) * options.gold_every) return {};
  for (const Index id : ok) {
    const auto place = static_cast<std::size_t>(id);
    if (queries[place].why == "imported") continue;
    const Vector& x = answers[place]->x.size() > 0 ? answers[place]->x : queries[place].x;
    return asked_at(x.transpose(), "gold");
  }
  return {};
}

Asked Campaign::State::learning(Index k) {
  Asked designed = from_design(k);
  if (!designed.queries.empty() || options.design_only) return designed;
  if (!has_surrogate()) return filled(k, "too few answers for a surrogate");
  try {
    return from_surrogate(k);
  } catch (const NumericalError& failure) {
    return filled(k, failure.what());
  }
}

Asked Campaign::propose(Index k) {
  if (k <= 0) return {};
  if (Asked gold = state_->gold_due(); !gold.queries.empty()) return gold;
  if (is_streaming()) return {};
  return state_->with_drawn(k);
}

Index Campaign::design_left() const {
  if (state_->options.design_only) return std::numeric_limits<Index>::max();
  return state_->design_rows_left().rows();
}

}  // namespace sonde
