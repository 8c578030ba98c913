#include "sonde/gp/surrogate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "base/matrix.hpp"
#include "gp/alternatives.hpp"
#include "gp/member.hpp"
#include "gp/response_state.hpp"
#include "gp/stack.hpp"
#include "gp/transform.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"
#include "sonde/space/design.hpp"

namespace sonde {

namespace {

constexpr Index reference_points = 512;     // stand for the domain in spread()
constexpr Index alternatives_points = 128;  // say what moves with the parameters

/// Of the mean, in the output's unit; no less than a trifle, as one divides by it, and no more than
/// what was observed bears out.
double spread_of(const stack::Observed& observed, const Vector& mean) {
  const double largest = std::max(mean.cwiseAbs().maxCoeff(), std::numeric_limits<double>::min());
  const Vector relative = mean / largest;
  const double sd = largest * std::sqrt((relative.array() - relative.mean()).square().mean());
  const stack::Standard& y = observed.standard;
  return y.varies ? std::clamp(sd, 1e-6 * y.scale, 2.0 * y.scale) : std::max(sd, 1e3 * y.scale);
}

/// Values of y as the process sees them; of what has a logarithm, nothing far below all observed.
Vector seen_by(const Member& member, const Vector& y, const Vector& observed) {
  constexpr double far_below = 1e-3;
  const Transform kind = member.kind.transform;
  const double least = kind == Transform::None ? -std::numeric_limits<double>::infinity()
                                               : far_below * observed.minCoeff();
  Vector z(y.size());
  for (Index i = 0; i < y.size(); ++i)
    z[i] = (transform::forward(kind, std::max(y[i], least)) - member.z_shift) / member.z_scale;
  return z;
}

void check(const Domain& domain, const std::vector<Output>& outputs, const Dataset& data) {
  require(data.x.cols() == domain.dim() && data.x.rows() == data.y.rows() &&
              data.y.cols() == static_cast<Index>(outputs.size()) &&
              (data.noise_sd.size() == 0 ||
               (data.noise_sd.rows() == data.y.rows() && data.noise_sd.cols() == data.y.cols())),
          "Surrogate: expected data of ", domain.dim(), " parameters and ", outputs.size(),
          " outputs; got x ", data.x.rows(), " x ", data.x.cols(), ", y ", data.y.rows(), " x ",
          data.y.cols(), " and noise ", data.noise_sd.rows(), " x ", data.noise_sd.cols());
}

}  // namespace

struct Surrogate::State {
  Domain domain;
  std::vector<Output> outputs;
  Index size;
  std::vector<Response> responses;
  Matrix parameters;
  std::optional<Classifier> success{};
  std::optional<Classifier> success_supposed{};
  std::vector<std::optional<Classifier>> arrivals{};           // (m), or none
  std::vector<std::optional<MulticlassClassifier>> classes{};  // (m)
  std::optional<ScalarField> log_cost{};
  std::optional<ScalarField> importance{};

  static Response supposed(const Response& response, PointsView x);

  // Of an output of classes; none where it has none, or one alone was seen.
  static std::optional<MulticlassClassifier> classes_of(const Domain& domain, const Output& output,
                                                        const Points& x, const Vector& y) {
    if (!output.is_class()) return std::nullopt;
    std::vector<Index> rows;
    for (Index i = 0; i < y.size(); ++i)
      if (!std::isnan(y[i])) rows.push_back(i);
    const Vector seen = y(rows);
    if (seen.minCoeff() == seen.maxCoeff()) return std::nullopt;
    return MulticlassClassifier::fit(domain, x(rows, Eigen::all), seen,
                                     static_cast<Index>(output.values.size()));
  }

  /// One response an output, of the stack that `find` makes of its observations.
  static Surrogate make(
      const Domain& domain, const std::vector<Output>& outputs, const Dataset& data,
      const ModelOptions& options,
      const std::function<stack::Stack(const stack::Observed& observed, Index output)>& find) {
    check(domain, outputs, data);
    require(!(options.noise_sd < 0.0) && !std::isinf(options.noise_sd),
            "Surrogate: expected ModelOptions::noise_sd of zero or more, or NaN where it is to be "
            "estimated; got ",
            options.noise_sd);
    const Points reference = design::reference(domain, reference_points, Rng(0));
    State state{domain, outputs, data.size(), {}, {}};
    for (Index j = 0; j < data.y.cols(); ++j) {
      stack::Observed observed =
          stack::observed(domain, outputs[static_cast<std::size_t>(j)], data, j);
      stack::find_varying_noise(domain, options, observed);
      stack::Stack found = find(observed, j);
      if (j == 0) state.parameters.resize(data.y.cols(), found.parameters.size());
      state.parameters.row(j) = found.parameters.transpose();
      state.classes.push_back(
          classes_of(domain, outputs[static_cast<std::size_t>(j)], data.x, data.y.col(j)));
      state.responses.push_back(
          response_of(domain, observed, std::move(found.members), options, reference));
    }
    Surrogate surrogate;
    surrogate.state_ = std::make_shared<const State>(std::move(state));
    return surrogate;
  }

  static Response response_of(const Domain& domain, const stack::Observed& observed,
                              std::vector<Member> members, const ModelOptions& options,
                              const Points& reference) {
    Response::State state{std::move(members),
                          {},
                          observed.rows,
                          observed.place,
                          observed.x,
                          observed.point_rows,
                          observed.y,
                          observed.noise_sd,
                          0.0};
    for (const Member& member : state.members) {
      state.features.emplace_back(domain, member.kind.log_inputs);
      state.varying_noise.push_back(observed.varying_noise(member.kind.transform));
    }
    if (options.parameter_uncertainty && observed.standard.varies) {
      parallel_for(static_cast<Index>(state.members.size()), options.fit.optimize.threads,
                   [&](Index k) {
                     const Features& its = state.features[static_cast<std::size_t>(k)];
                     Member& member = state.members[static_cast<std::size_t>(k)];
                     member.alternatives = alternatives(
                         member.process,
                         stack::prior_deviations(member.kind, its.size(), member.log_parameters),
                         its.rows(reference.topRows(alternatives_points)));
                   });
    }
    Response response;
    response.state_ = std::make_shared<const Response::State>(state);
    state.spread = spread_of(observed, response.predict(reference).mean);
    response.state_ = std::make_shared<const Response::State>(std::move(state));
    return response;
  }
};

Surrogate Surrogate::fit(const Domain& domain, const std::vector<Output>& outputs,
                         const Dataset& data, const ModelOptions& options, MatrixView start,
                         Rng rng) {
  require(start.rows() == 0 || start.rows() == data.y.cols(),
          "Surrogate: expected a row of start parameters for each of ", data.y.cols(),
          " outputs, got ", start.rows());
  return State::make(
      domain, outputs, data, options, [&](const stack::Observed& observed, Index output) {
        const Vector from = start.rows() > 0 ? Vector(start.row(output).transpose()) : Vector();
        return stack::fitted(domain, observed, options, from,
                             rng.child("output", static_cast<std::uint64_t>(output)));
      });
}

Surrogate Surrogate::at(const Domain& domain, const std::vector<Output>& outputs,
                        const Dataset& data, const ModelOptions& options, MatrixView parameters) {
  require(parameters.rows() == data.y.cols(), "Surrogate: expected parameters for ", data.y.cols(),
          " outputs, got ", parameters.rows(), " rows");
  return State::make(
      domain, outputs, data, options, [&](const stack::Observed& observed, Index output) {
        return stack::conditioned(domain, observed, options, parameters.row(output).transpose());
      });
}

std::vector<MemberKind> ModelOptions::full_stack() {
  std::vector<MemberKind> kinds;
  for (const bool log_inputs : {false, true}) {
    for (const Transform transform : {Transform::None, Transform::SquareRoot, Transform::Log}) {
      MemberKind kind{.form = Form::Radial, .transform = transform, .log_inputs = log_inputs};
      kinds.push_back(kind);
      kind.form = Form::Anova;
      kind.linear = true;
      for (const Family family : {Family::SquaredExponential, Family::Matern52}) {
        kind.family = family;
        kinds.push_back(kind);
      }
    }
  }
  const std::vector<MemberKind> straight = kinds;
  for (MemberKind kind : straight) {
    kind.warped = true;
    kinds.push_back(kind);
  }
  return kinds;
}

const Domain& Surrogate::domain() const noexcept {
  return state_->domain;
}
const std::vector<Output>& Surrogate::outputs() const noexcept {
  return state_->outputs;
}
Index Surrogate::size() const noexcept {
  return state_->size;
}

const Response& Surrogate::operator[](Index output) const {
  require(output >= 0 && output < static_cast<Index>(state_->responses.size()),
          "Surrogate: expected an output below ", state_->responses.size(), ", got ", output);
  return state_->responses[static_cast<std::size_t>(output)];
}

const Response& Surrogate::operator[](std::string_view output) const {
  std::string names;
  for (std::size_t j = 0; j < state_->outputs.size(); ++j) {
    if (state_->outputs[j].name == output) return state_->responses[j];
    names += (j > 0 ? ", '" : "'") + state_->outputs[j].name + "'";
  }
  throw ArgumentError(concat("Surrogate: no output '", output, "'; there are ", names));
}

Matrix Surrogate::parameters() const {
  return state_->parameters;
}

Surrogate Surrogate::with_success(Classifier classifier) const {
  State next = *state_;
  next.success = next.success_supposed = std::move(classifier);
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

Surrogate Surrogate::with_arrival(Index output, Classifier classifier) const {
  (*this)[output];  // it is there
  State next = *state_;
  next.arrivals.resize(next.outputs.size());
  next.arrivals[static_cast<std::size_t>(output)] = std::move(classifier);
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

const std::optional<Classifier>& Surrogate::arrival(Index output) const {
  static const std::optional<Classifier> none;
  (*this)[output];
  return state_->arrivals.empty() ? none : state_->arrivals[static_cast<std::size_t>(output)];
}

const std::optional<MulticlassClassifier>& Surrogate::classes(Index output) const {
  (*this)[output];
  return state_->classes[static_cast<std::size_t>(output)];
}

const std::optional<Classifier>& Surrogate::success() const noexcept {
  return state_->success;
}

const std::optional<Classifier>& Surrogate::success_supposed() const noexcept {
  return state_->success_supposed;
}

Surrogate Surrogate::with_log_cost(ScalarField log_cost) const {
  State next = *state_;
  next.log_cost = std::move(log_cost);
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

const std::optional<ScalarField>& Surrogate::log_cost() const noexcept {
  return state_->log_cost;
}

Surrogate Surrogate::with_importance(ScalarField importance) const {
  State next = *state_;
  next.importance = std::move(importance);
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

const std::optional<ScalarField>& Surrogate::importance() const noexcept {
  return state_->importance;
}

Surrogate Surrogate::only(const std::vector<Index>& outputs) const {
  for (const Index output : outputs) (*this)[output];  // each is there
  State fewer{state_->domain, {}, state_->size, {}, state_->parameters(outputs, Eigen::all),
              state_->success};
  fewer.success_supposed = state_->success_supposed;
  fewer.log_cost = state_->log_cost;
  fewer.importance = state_->importance;
  for (const Index output : outputs) {
    fewer.arrivals.push_back(arrival(output));
    fewer.classes.push_back(classes(output));
    fewer.responses.push_back((*this)[output]);
    fewer.outputs.push_back(state_->outputs[static_cast<std::size_t>(output)]);
  }
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(fewer));
  return surrogate;
}

Response Response::leading() const {
  const std::vector<Member>& all = state_->members;
  const auto heaviest = std::max_element(
      all.begin(), all.end(), [](const Member& a, const Member& b) { return a.weight < b.weight; });
  const auto place = static_cast<std::size_t>(heaviest - all.begin());
  State one = *state_;
  one.members = {*heaviest};
  one.members.front().weight = 1.0;
  one.features = {state_->features[place]};
  one.varying_noise = {state_->varying_noise[place]};
  Response response;
  response.state_ = std::make_shared<const State>(std::move(one));
  return response;
}

Surrogate Surrogate::leading() const {
  State alone = *state_;
  for (Response& response : alone.responses) response = response.leading();
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(alone));
  return surrogate;
}

Response Surrogate::State::supposed(const Response& response, PointsView x) {
  Response::State grown = *response.state_;
  const Vector mean = grown.members.size() > 1 ? response.predict(x).mean : Vector();
  for (std::size_t k = 0; k < grown.members.size(); ++k) {
    Member& member = grown.members[k];
    const Points features = grown.features[k].rows(x);
    const Vector shares = grown.noise_shares(k, x);
    // Alone a process supposes what it predicts itself, and its means stay to the last bit.
    member.process = mean.size() > 0 ? member.process.given(
                                           features, seen_by(member, mean, grown.observed), shares)
                                     : member.process.supposing(features, shares);
    member.alternatives = reconditioned(member.alternatives, member.process);
  }
  grown.supposed = grown.supposed.rows() > 0 ? stacked(grown.supposed, x) : Points(x);
  Response result;
  result.state_ = std::make_shared<const Response::State>(std::move(grown));
  return result;
}

Surrogate Surrogate::supposing(PointsView x) const {
  if (x.rows() == 0) return *this;
  State next = *state_;
  for (Response& response : next.responses) response = State::supposed(response, x);
  if (next.success_supposed) next.success_supposed = next.success_supposed->supposing(x);
  for (auto& classes : next.classes)
    if (classes) classes = classes->supposing(x);
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

Surrogate Surrogate::supposing_of(Index output, PointsView x) const {
  const Response& one = (*this)[output];
  if (x.rows() == 0) return *this;
  State next = *state_;
  next.responses[static_cast<std::size_t>(output)] = State::supposed(one, x);
  if (auto& classes = next.classes[static_cast<std::size_t>(output)])
    classes = classes->supposing(x);
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

}  // namespace sonde
