#include "sonde/run/campaign.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/matrix.hpp"
#include "run/campaign_state.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"
#include "sonde/gp/validate.hpp"
#include "sonde/query/ensemble.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

bool is_import(const Query& query) {
  return query.why == "imported";
}
// How often the world may be at fault before a query is given up.
constexpr int most_transient = 4;
// Or, while nothing else is answered in between, but something was before.
constexpr int most_alone = 12;

bool is_design(const Query& query) {
  return query.why == "design";
}

void check_design(const Domain& domain, const CampaignOptions& options) {
  const Points& x = options.design_points;
  if (x.rows() == 0) {
    const std::vector<std::string> names = design::names();
    if (std::find(names.begin(), names.end(), options.design) != names.end()) return;
    design::named(options.design, domain, 0, Rng(0));  // throws, and lists the names
    return;
  }
  require(x.cols() == domain.dim(), "Campaign: the design has ", x.cols(),
          " columns, the domain has ", domain.dim(), " parameters");
  for (Index i = 0; i < x.rows(); ++i) {
    const std::vector<Violation> broken = domain.violations(x.row(i));
    require(broken.empty(), "Campaign: row ", i, " of the design breaks '",
            broken.empty() ? "" : broken.front().name, "' by ",
            broken.empty() ? 0.0 : broken.front().excess);
  }
}

void check_steps(const Domain& domain, const CampaignOptions& options) {
  require(!options.pool || options.pool->dim() == domain.dim(), "Campaign: the pool has points of ",
          options.pool ? options.pool->dim() : 0, " parameters, the domain has ", domain.dim());
  for (std::size_t i = 0; i < options.steps.size(); ++i) {
    const Step& step = options.steps[i];
    require(!asks_candidates(step.maker) || options.pool || (options.stream && i > 0),
            "Campaign: step ", i + 1, " is of a pool, and there is none");
    require(step.maker != Maker::Stream || options.stream, "Campaign: step ", i + 1,
            " is of a stream, and there is none");
    require(step.queries > 0 || (step.queries == 0 && i + 1 == options.steps.size()),
            "Campaign: expected a number of queries above 0 in every step but the last, got ",
            step.queries, " in step ", i + 1);
  }
}

// Of the outputs of one surrogate the largest leave-one-out error, in units of their spread.
double largest_error(const Surrogate& all, const std::vector<Index>& learnt) {
  const Surrogate surrogate = learnt.empty() ? all : all.only(learnt);
  double largest = nan;
  for (Index j = 0; j < static_cast<Index>(surrogate.outputs().size()); ++j) {
    const double error = estimated_error(surrogate, j);
    if (!std::isfinite(error)) return nan;
    largest = std::isnan(largest) ? error : std::max(largest, error);
  }
  return largest;
}

}  // namespace

Campaign::State::State(Domain its_domain, std::vector<Output> its_outputs, Criterion its_criterion,
                       CampaignOptions its_options, std::uint64_t seed)
    : domain(std::move(its_domain)),
      outputs(std::move(its_outputs)),
      criterion(std::move(its_criterion)),
      options(std::move(its_options)),
      root(seed),
      observed(outputs.size(), 0) {
  require(!outputs.empty(), "Campaign: expected at least one output, got none");
  require(criterion.prepare != nullptr, "Campaign: criterion '", criterion.name,
          "' has no function");
  require(options.validation_share >= 0.0 && options.validation_share <= 0.9,
          "Campaign: expected a validation share from 0 to 0.9, got ", options.validation_share);
  require(options.random_share >= 0.0 && options.random_share <= 0.9,
          "Campaign: expected a random share from 0 to 0.9, got ", options.random_share);
  require(options.gold_every >= 0, "Campaign: expected gold_every of 0 or more, got ",
          options.gold_every);
  require(options.initial >= 0, "Campaign: expected an initial design of no less than 0, got ",
          options.initial);
  check_design(domain, options);
  check_steps(domain, options);
  for (const Index output : options.learnt)
    require(output >= 0 && output < static_cast<Index>(outputs.size()),
            "Campaign: expected a learnt output below ", outputs.size(), ", got ", output);
  criterion = of_learnt(std::move(criterion));
  options.model.fit.optimize.threads = options.threads;
  options.synthesis.optimize.threads = options.threads;
  options.selection.threads = options.threads;
  options.selection.same_point = options.synthesis.same_point;
  if (options.steps.empty())
    options.steps = {{options.stream ? Maker::Stream
                      : options.pool ? Maker::Pool
                                     : Maker::Synthesis,
                      0}};
  if (options.stream) {
    options.stream->logarithmic = criterion.logarithmic;
    gate.emplace(*options.stream, root.child("stream"));
  }
}

bool Campaign::State::is_learnt(Index output) const {
  const std::vector<Index>& some = options.learnt;
  return some.empty() || std::find(some.begin(), some.end(), output) != some.end();
}

bool Campaign::State::is_class(Index output) const {
  return outputs[static_cast<std::size_t>(output)].is_class();
}

Criterion Campaign::State::of_learnt(Criterion its) const {
  return options.learnt.empty() ? its : criteria::on_outputs(std::move(its), options.learnt);
}

void Campaign::State::check(const Fitted& fitted) const {
  require(fitted.model == newest.model + 1, "Campaign: expected model ", newest.model + 1,
          " next, got ", fitted.model);
  require(fitted.parameters.rows() <= static_cast<Index>(outputs.size()), "Campaign: model ",
          fitted.model, " has parameters of ", fitted.parameters.rows(), " outputs, there are ",
          outputs.size());
}

void Campaign::State::check(const Asked& asked) const {
  if (asked.fitted) check(*asked.fitted);
  require(asked.model == 0 || asked.model == steering.model || asked.model == newest.model ||
              (asked.fitted && asked.model == asked.fitted->model),
          "Campaign: queries of model ", asked.model, ", expected one of model ", steering.model,
          " or ", newest.model);
  auto next = static_cast<Index>(queries.size());
  for (const Query& query : asked.queries) {
    require(query.id == next, "Campaign: expected query ", next, " next, got ", query.id);
    check_point(query.id, query.x);
    ++next;
  }
}

void Campaign::State::check_point(Index id, VectorView x) const {
  require(x.size() == domain.dim(), "Campaign: query ", id, " has ", x.size(),
          " coordinates, the domain has ", domain.dim());
  require(x.allFinite() && domain.to_unit(x).allFinite(), "Campaign: query ", id,
          " has no place on the scales of the domain (a logarithm of 0 or less, or "
          "a number that is not finite)");
}

void Campaign::State::check_known(Index id) const {
  const auto count = static_cast<Index>(queries.size());
  require(id >= 0 && id < count, "Campaign: expected the id of one of ", count, " queries, got ",
          id);
}

void Campaign::State::check_open(Index id) const {
  check_known(id);
  require(!answers[static_cast<std::size_t>(id)].has_value(), "Campaign: query ", id,
          " is answered already");
}

void Campaign::State::check_answer(Index id, const Answer& answer) const {
  require(answer.status != Answer::Status::Abandoned, "Campaign: query ", id,
          " was abandoned, which is no answer: it stays open");
  if (answer.status != Answer::Status::Ok) return;
  if (answer.x.size() > 0)
    require(answer.x.size() == domain.dim() && answer.x.allFinite() &&
                domain.to_unit(answer.x).allFinite(),
            "Campaign: the point simulated for query ", id,
            " has no place on the scales of the domain");
  require(answer.y.size() == static_cast<Index>(outputs.size()), "Campaign: the answer to query ",
          id, " has ", answer.y.size(), " values, there are ", outputs.size(), " outputs");
  const auto finite = answer.y.array().isFinite();
  require(finite.any() && (finite || answer.y.array().isNaN()).all(),
          "Campaign: the answer to query ", id, " is not finite. Tell it as failed.");
  for (std::size_t j = 0; j < outputs.size(); ++j) {
    const double y = answer.y[static_cast<Index>(j)];
    require(std::isnan(y) || !is_no_class(y, outputs[j]), "Campaign: the answer to query ", id,
            " has '", outputs[j].name, "' = ", y, ", expected the number of one of its ",
            outputs[j].values.size(), " values, from 0");
  }
}

void Campaign::State::check(const Answered& event) const {
  check_open(event.id);
  check_answer(event.id, event.answer);
}

void Campaign::State::fold(const Fitted& fitted) {
  newest = fitted;
  errors.push_back({fitted.rows, fitted.leave_one_out});
}

void Campaign::State::fold(const Edited& edited) {
  if (!edited.anew) return;
  forget_fits();
  steering = {};
  errors.clear();
}

void Campaign::State::fold(const Asked& asked) {
  if (asked.fitted) fold(*asked.fitted);
  for (const Query& query : asked.queries) {
    if (is_design(query)) {
      if (design_size < 0) {
        design_size = initial();
        imported_before_design = imported_ok;
      }
      ++design_asked;
    }
    if (is_import(query)) ++imported;
    if (is_gold(query)) ++gold;
    if (query.why == "validation") ++validation_asked;
    queries.push_back(query);
    answers.emplace_back();
    transients.push_back(0);
    all_transients.push_back(0);
    answered_then.push_back(-1);
  }
  if (asked.model != 0 && asked.model == newest.model) steering = newest;
}

void Campaign::State::fold(const Answered& event) {
  const auto place = static_cast<std::size_t>(event.id);
  queries[place].attempts = std::max(queries[place].attempts, event.answer.attempts);
  if (event.answer.transient) {
    // Where nothing else was answered either, the world is broken for all, and the query waits.
    if (answered > answered_then[place]) ++transients[place];
    answered_then[place] = answered;
    const bool alone = ++all_transients[place] >= most_alone && !ok.empty();
    if (transients[place] < most_transient && !alone) return;
    ++written_off;
  }
  answers[place] = event.answer;
  ++answered;
  if (event.answer.kind == agreed_kind) ++agreed;
  count_in(event.id, event.answer);
}

void Campaign::State::count_in(Index id, const Answer& answer) {
  const Query& query = queries[static_cast<std::size_t>(id)];
  if (answer.status != Answer::Status::Ok || !teaches(id)) return;
  ok.insert(std::upper_bound(ok.begin(), ok.end(), id), id);
  data_stale = true;
  if (is_import(query)) ++imported_ok;
  for (std::size_t j = 0; j < observed.size(); ++j) {
    if (!std::isnan(answer.y[static_cast<Index>(j)])) ++observed[j];
  }
}

const Dataset& Campaign::State::dataset() {
  if (!data_stale) return data;
  const auto n = static_cast<Index>(ok.size());
  data.x.resize(n, domain.dim());
  data.y.resize(n, static_cast<Index>(outputs.size()));
  for (Index i = 0; i < n; ++i) {
    const auto id = static_cast<std::size_t>(ok[static_cast<std::size_t>(i)]);
    data.x.row(i) = answers[id]->x.size() > 0 ? answers[id]->x : queries[id].x;
    data.y.row(i) = answers[id]->y;
  }
  data_stale = false;
  return data;
}

Index Campaign::State::design_target() const {
  if (options.design_points.rows() > 0) return options.design_points.rows();
  return options.initial > 0 ? options.initial : domain.dim() + 2;
}

// Earlier runs stand in for points of a design that is drawn, not for those that were given.
Index Campaign::State::initial() const {
  const bool given = options.design_points.rows() > 0;
  const Index size = design_size >= 0 ? design_size : design_target();
  const Index before = design_size >= 0 ? imported_before_design : 0;
  const Index stand_ins = given || options.design_only ? 0 : imported_ok - before;
  return std::max(design_asked, size - stand_ins);
}

bool Campaign::State::has_surrogate() const {
  return std::all_of(observed.begin(), observed.end(), [](Index count) { return count >= 2; });
}

Campaign::Campaign(Domain domain, std::vector<Output> outputs, Criterion criterion,
                   CampaignOptions options, std::uint64_t seed)
    : state_(std::make_unique<State>(std::move(domain), std::move(outputs), std::move(criterion),
                                     std::move(options), seed)) {}

Campaign::~Campaign() = default;
Campaign::Campaign(Campaign&&) noexcept = default;
Campaign& Campaign::operator=(Campaign&&) noexcept = default;

void Campaign::apply(const Event& event) {
  check(event);
  std::visit([this](const auto& happened) { state_->fold(happened); }, event);
  state_->see_decider_off(event);
}

void Campaign::check(const Event& event) const {
  std::visit([this](const auto& happened) { state_->check(happened); }, event);
}

const Domain& Campaign::domain() const noexcept {
  return state_->domain;
}

const std::vector<Output>& Campaign::outputs() const noexcept {
  return state_->outputs;
}

const std::string& Campaign::criterion() const noexcept {
  return state_->criterion.name;
}

const Dataset& Campaign::data() const noexcept {
  return state_->dataset();
}

const std::vector<Index>& Campaign::data_ids() const noexcept {
  return state_->ok;
}

const std::vector<Query>& Campaign::queries() const noexcept {
  return state_->queries;
}

const std::optional<Answer>& Campaign::answer(Index id) const {
  require(id >= 0 && id < asked(), "Campaign: expected the id of one of ", asked(),
          " queries, got ", id);
  return state_->answers[static_cast<std::size_t>(id)];
}

const Vector& Campaign::point(Index id) const {
  const std::optional<Answer>& its = answer(id);
  if (its && its->x.size() > 0) return its->x;
  return state_->queries[static_cast<std::size_t>(id)].x;
}

std::vector<Query> Campaign::open() const {
  std::vector<Query> result;
  for (const Query& query : state_->queries) {
    if (!answer(query.id)) result.push_back(query);
  }
  return result;
}

std::vector<Query> Campaign::failed() const {
  std::vector<Query> result;
  for (const Query& query : state_->queries) {
    const std::optional<Answer>& its = answer(query.id);
    if (its && its->status != Answer::Status::Ok && !is_no_run(*its)) result.push_back(query);
  }
  return result;
}

Index Campaign::asked() const noexcept {
  return static_cast<Index>(state_->queries.size());
}

Index Campaign::imported() const noexcept {
  return state_->imported;
}

Index Campaign::spent() const noexcept {
  return asked() - state_->imported - state_->written_off - state_->rejected - state_->agreed;
}

Index Campaign::answered() const noexcept {
  return state_->answered;
}

Index Campaign::initial() const noexcept {
  return state_->initial();
}

Index Campaign::models() const noexcept {
  return state_->newest.model;
}

bool Campaign::is_fitted() const {
  return state_->is_fitted();
}

std::optional<Fitted> Campaign::fit() {
  if (state_->is_fitted()) return std::nullopt;
  return state_->version_of(state_->refit());
}

Index Campaign::rejected() const noexcept {
  return state_->rejected;
}

Index Campaign::agreed() const noexcept {
  return state_->agreed;
}

bool Campaign::has_surrogate() const noexcept {
  return state_->has_surrogate();
}

const Surrogate& Campaign::surrogate() {
  return state_->is_fitted() ? state_->conditioned(state_->newest) : state_->refit();
}

std::vector<Index> Campaign::learnt() const {
  if (!state_->options.learnt.empty()) return state_->options.learnt;
  std::vector<Index> all(state_->outputs.size());
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

double Campaign::estimated_error() {
  if (!has_surrogate()) return nan;
  try {
    return largest_error(surrogate(), state_->options.learnt);
  } catch (const NumericalError&) {
    return nan;
  }
}

double Campaign::estimated_error_at(Index rows) {
  const Dataset& all = state_->dataset();
  require(rows >= 0 && rows <= all.size(), "Campaign: expected no more than ", all.size(),
          " rows of data, got ", rows);
  if (!has_surrogate()) return nan;
  const Dataset first{all.x.topRows(rows), all.y.topRows(rows)};
  for (Index j = 0; j < first.y.cols(); ++j) {
    if ((!first.y.col(j).array().isNaN()).count() < 2) return nan;
  }
  ModelOptions without = state_->options.model;  // what is left out is predicted without it
  without.parameter_uncertainty = false;
  try {
    return largest_error(
        Surrogate::at(state_->domain, state_->outputs, first, without, surrogate().parameters()),
        state_->options.learnt);
  } catch (const NumericalError&) {
    return nan;
  }
}

}  // namespace sonde
