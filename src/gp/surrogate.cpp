#include "sonde/gp/surrogate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>

#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"
#include "sonde/space/design.hpp"

namespace sonde {

namespace {

constexpr Index reference_points = 512;  // stand for the domain in spread()

/// Of one output: the rows where it was observed, standardised.
struct Training {
  std::vector<Index> rows;
  Points features;  // (n, p)
  Vector y;         // (n), mean 0 and variance 1
  double shift;
  double scale;
  bool varies;
};

/// Values of any size: they are divided by the largest before they are squared. An output that does
/// not vary, or by less than has a square in double precision, is known to a billionth of its
/// value.
void standardise(Training& training) {
  constexpr double rounding = 1e-13;
  constexpr double least = 1.0 / largest_value;
  const double largest = training.y.cwiseAbs().maxCoeff();
  const double unit = largest > 0.0 ? largest : 1.0;
  const Vector y = training.y / unit;
  const double mean = y.mean();
  const double sd = std::sqrt((y.array() - mean).square().mean());
  training.varies = sd > rounding && sd * unit > least;
  training.shift = mean * unit;
  training.scale = std::max((training.varies ? sd : 1e-9) * unit, least);
  training.y = training.varies ? Vector((y.array() - mean) / sd) : Vector(Vector::Zero(y.size()));
}

Training training_for(const Features& features, const Output& output, const Dataset& data,
                      Index column) {
  Training training;
  for (Index i = 0; i < data.size(); ++i) {
    if (!std::isnan(data.y(i, column))) training.rows.push_back(i);
  }
  const Index n = static_cast<Index>(training.rows.size());
  require(n >= 2, "Surrogate: output '", output.name, "' has ", n,
          " observations; a fit takes two or more");
  Points x(n, data.x.cols());
  training.y.resize(n);
  for (Index i = 0; i < n; ++i) {
    const Index row = training.rows[static_cast<std::size_t>(i)];
    x.row(i) = data.x.row(row);
    training.y[i] = data.y(row, column);
    require(std::isfinite(training.y[i]), "Surrogate: output '", output.name, "' is ",
            training.y[i], " in row ", row, "; leave out what failed as NaN");
  }
  training.features = features.rows(x);
  standardise(training);
  require<NumericalError>(training.scale <= largest_value, "Surrogate: output '", output.name,
                          "' varies by ", training.scale, ", the square of which has no place in ",
                          "double precision. Choose another unit.");
  return training;
}

Kernel kernel_of(const ModelOptions& options, Vector lengths) {
  switch (options.correlation) {
    case ModelOptions::Correlation::Matern32:
      return 1.0 * matern32(std::move(lengths), options.form);
    case ModelOptions::Correlation::Matern52:
      return 1.0 * matern52(std::move(lengths), options.form);
    case ModelOptions::Correlation::SquaredExponential:
      break;
  }
  return 1.0 * squared_exponential(std::move(lengths));
}

/// On log variance, log lengths in the unit cube, log noise variance of standardised y.
///
/// Points of the unit cube lie sqrt(d) apart, so lengths go with that. Measured on eight functions
/// of 2 to 10 inputs (borehole, wing weight, piston, ...), 15 to 100 uniform points, product and
/// radial form: means of the log length from -0.35 to 1 above log(d) / 2, and standard deviations
/// from 1 to 2.5, make 10 % of difference in the error; longer ones cost calibration at few points.
/// The noise prior lets deterministic simulators be interpolated, and data with noise say so.
LogPrior prior_of(const ModelOptions& options, Index features) {
  const bool product = options.form == Form::Product &&
                       options.correlation != ModelOptions::Correlation::SquaredExponential;
  const double d = static_cast<double>(features);
  LogPrior prior{Vector(features + 2), Vector(features + 2)};
  prior.mean.setConstant((product ? 0.2 : 0.0) + 0.5 * std::log(d));
  prior.sd.setConstant(1.5);
  prior.mean[0] = 0.0;
  prior.sd[0] = 2.0;
  prior.mean[features + 1] = std::log(1e-6);
  prior.sd[features + 1] = 3.0;
  return prior;
}

/// The parameters as they were given to the kernel: made from them again, it is the same to the
/// bit.
Member member_of(const Training& training, GaussianProcess process, Vector parameters) {
  return {1.0, std::move(process), training.shift, training.scale, std::move(parameters)};
}

Member fitted(const Training& training, const ModelOptions& options, const Vector& start, Rng rng) {
  const Index p = training.features.cols();
  const LogPrior prior = prior_of(options, p);
  FitOptions search = options.fit;
  if (!std::isnan(options.noise_sd)) {
    const double sd = options.noise_sd / training.scale;
    search.noise = std::max(sd * sd, options.fit.min_noise);
  }
  const Vector& from = start.size() > 0 ? start : prior.mean;
  require(from.size() == p + 2, "Surrogate: expected ", p + 2, " log parameters an output, got ",
          from.size());
  const Kernel kernel = kernel_of(options, Vector::Ones(p)).with(from.head(p + 1));
  Fit found = fit(kernel, prior, std::exp(from[p + 1]), training.features, training.y, search, rng);
  return member_of(training, std::move(found.process), std::move(found.evidence.x));
}

Member given_parameters(const Training& training, const ModelOptions& options,
                        const Vector& parameters) {
  const Index p = training.features.cols();
  require(parameters.size() == p + 2, "Surrogate: expected ", p + 2,
          " log parameters an output, got ", parameters.size());
  const Kernel kernel = kernel_of(options, Vector::Ones(p)).with(parameters.head(p + 1));
  return member_of(
      training, GaussianProcess(kernel, std::exp(parameters[p + 1]), training.features, training.y),
      parameters);
}

/// Of the mean, in the output's unit; no less than a trifle, as one divides by it.
double spread_of(const Training& training, const Member& member, const Points& reference) {
  const Vector mean = member.process.predict_mean(reference);
  const double sd = std::sqrt((mean.array() - mean.mean()).square().mean());
  return std::max(sd, training.varies ? 1e-6 : 1e3) * training.scale;
}

void check(const Domain& domain, const std::vector<Output>& outputs, const Dataset& data) {
  require(data.x.cols() == domain.dim() && data.x.rows() == data.y.rows() &&
              data.y.cols() == static_cast<Index>(outputs.size()),
          "Surrogate: expected data of ", domain.dim(), " parameters and ", outputs.size(),
          " outputs; got x ", data.x.rows(), " x ", data.x.cols(), " and y ", data.y.rows(), " x ",
          data.y.cols());
}

}  // namespace

struct Surrogate::State {
  Domain domain;
  std::vector<Output> outputs;
  Index size;
  std::vector<Response> responses;

  /// One response an output, with the member that `make` finds for its training data.
  static Surrogate make(
      const Domain& domain, const std::vector<Output>& outputs, const Dataset& data,
      const std::function<Member(const Training& training, Index output)>& member) {
    check(domain, outputs, data);
    const Features features(domain);
    const Points reference = features.rows(design::reference(domain, reference_points, Rng(0)));
    State state{domain, outputs, data.size(), {}};
    for (Index j = 0; j < data.y.cols(); ++j) {
      const Training training =
          training_for(features, outputs[static_cast<std::size_t>(j)], data, j);
      Member found = member(training, j);
      const double spread = spread_of(training, found, reference);
      Response response;
      response.state_ = std::make_shared<const Response::State>(
          Response::State{features, {std::move(found)}, training.rows, spread});
      state.responses.push_back(std::move(response));
    }
    Surrogate surrogate;
    surrogate.state_ = std::make_shared<const State>(std::move(state));
    return surrogate;
  }
};

Surrogate Surrogate::fit(const Domain& domain, const std::vector<Output>& outputs,
                         const Dataset& data, const ModelOptions& options, MatrixView start,
                         Rng rng) {
  require(start.rows() == 0 || start.rows() == data.y.cols(),
          "Surrogate: expected a row of start parameters for each of ", data.y.cols(),
          " outputs, got ", start.rows());
  return State::make(domain, outputs, data, [&](const Training& training, Index output) {
    const Vector from = start.rows() > 0 ? Vector(start.row(output).transpose()) : Vector();
    return fitted(training, options, from, rng.child("output", static_cast<std::uint64_t>(output)));
  });
}

Surrogate Surrogate::at(const Domain& domain, const std::vector<Output>& outputs,
                        const Dataset& data, const ModelOptions& options,
                        MatrixView log_parameters) {
  require(log_parameters.rows() == data.y.cols(), "Surrogate: expected log parameters for ",
          data.y.cols(), " outputs, got ", log_parameters.rows(), " rows");
  return State::make(domain, outputs, data, [&](const Training& training, Index output) {
    return given_parameters(training, options, log_parameters.row(output).transpose());
  });
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

Matrix Surrogate::log_parameters() const {
  Matrix parameters;
  for (std::size_t j = 0; j < state_->responses.size(); ++j) {
    const Vector& row = state_->responses[j].members().front().log_parameters;
    if (j == 0) parameters.resize(static_cast<Index>(state_->responses.size()), row.size());
    parameters.row(static_cast<Index>(j)) = row.transpose();
  }
  return parameters;
}

Surrogate Surrogate::only(const std::vector<Index>& outputs) const {
  State fewer{state_->domain, {}, state_->size, {}};
  for (const Index output : outputs) {
    fewer.responses.push_back((*this)[output]);
    fewer.outputs.push_back(state_->outputs[static_cast<std::size_t>(output)]);
  }
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(fewer));
  return surrogate;
}

Surrogate Surrogate::supposing(PointsView x) const {
  if (x.rows() == 0) return *this;
  State next = *state_;
  for (Response& response : next.responses) {
    Response::State grown = *response.state_;
    const Points features = grown.features.rows(x);
    for (Member& member : grown.members) member.process = member.process.supposing(features);
    response.state_ = std::make_shared<const Response::State>(std::move(grown));
  }
  Surrogate surrogate;
  surrogate.state_ = std::make_shared<const State>(std::move(next));
  return surrogate;
}

}  // namespace sonde
