#include "run/export_models.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <string>

#include "run/export_kernels.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using hdf5::Axis;
using hdf5::Handle;
using Axes = std::vector<const Axis*>;

std::span<const double> view(const Vector& values) {
  return {values.data(), static_cast<std::size_t>(values.size())};
}

/// How an input becomes what the kernel sees: (warp(x) - shift) / scale, or for an indicator
/// (x == shift) / scale.
struct Feature {
  enum class Warp : std::int8_t { None, Log, Indicator };
  std::string name;
  std::int64_t input;
  Warp warp;
  double shift;
  double scale;
};

double warped(const Parameter& parameter, double x) {
  return parameter.scale == Scale::Log ? std::log(x) : x;
}

/// As a member sees it: positive inputs along their logarithm, where it wants that.
Domain seen_by(const MemberKind& kind, const Domain& domain) {
  std::vector<Parameter> parameters = domain.parameters();
  for (Parameter& parameter : parameters) {
    parameter.distribution.reset();
    if (kind.log_inputs && parameter.scale == Scale::Linear && parameter.lower > 0.0)
      parameter.scale = Scale::Log;
  }
  return Domain(std::move(parameters));
}

const char* name_of(Transform transform) {
  switch (transform) {
    case Transform::None:
      return "none";
    case Transform::SquareRoot:
      return "sqrt";
    case Transform::Log:
      break;
  }
  return "log";
}

Feature coordinate(const Domain& domain, std::size_t input) {
  const Parameter& parameter = domain.parameters()[input];
  Vector lower(domain.dim()), upper(domain.dim());
  for (std::size_t j = 0; j < domain.parameters().size(); ++j) {
    lower[static_cast<Index>(j)] = domain.parameters()[j].lower;
    upper[static_cast<Index>(j)] = domain.parameters()[j].upper;
  }
  const auto at = static_cast<Index>(input);
  const double from = domain.to_unit(lower)[at];
  const double to = domain.to_unit(upper)[at];
  const double scale =
      (warped(parameter, parameter.upper) - warped(parameter, parameter.lower)) / (to - from);
  return {parameter.name, static_cast<std::int64_t>(input),
          parameter.scale == Scale::Log ? Feature::Warp::Log : Feature::Warp::None,
          warped(parameter, parameter.lower) - from * scale, scale};
}

/// As the surrogate makes them: a Choice of more than two labels is an indicator a label.
std::vector<Feature> features_of(const Domain& domain) {
  std::vector<Feature> features;
  for (std::size_t j = 0; j < domain.parameters().size(); ++j) {
    const Parameter& parameter = domain.parameters()[j];
    if (parameter.labels.size() <= 2) {
      features.push_back(coordinate(domain, j));
      continue;
    }
    for (std::size_t label = 0; label < parameter.labels.size(); ++label) {
      features.push_back({parameter.name + " = " + parameter.labels[label],
                          static_cast<std::int64_t>(j), Feature::Warp::Indicator,
                          static_cast<double>(label), std::sqrt(2.0)});
    }
  }
  return features;
}

Axis write_features(const Handle& group, const std::vector<Feature>& features) {
  std::vector<std::string> names;
  std::vector<std::int64_t> inputs;
  std::vector<std::int8_t> warps;
  std::vector<double> shifts, scales;
  for (const Feature& feature : features) {
    names.push_back(feature.name);
    inputs.push_back(feature.input);
    warps.push_back(static_cast<std::int8_t>(feature.warp));
    shifts.push_back(feature.shift);
    scales.push_back(feature.scale);
  }
  Axis axis = hdf5::axis(group, "feature", names, {"1", "what the kernel sees"});
  const Axes axes = {&axis};
  hdf5::write(group, "x_input", axes, std::span<const std::int64_t>(inputs),
              {"1", "column of /runs/x from which the feature is made"});
  const Handle warp = hdf5::write(
      group, "x_warp", axes, std::span<const std::int8_t>(warps),
      {"1", "(x - x_shift) / x_scale, (ln x - x_shift) / x_scale, or (x == x_shift) / x_scale"});
  constexpr std::array<std::int8_t, 3> values = {0, 1, 2};
  hdf5::attribute(warp, "flag_values", std::span<const std::int8_t>(values));
  hdf5::attribute(warp, "flag_meanings", "none log indicator");
  hdf5::write(group, "x_shift", axes, std::span<const double>(shifts), {"1", ""});
  hdf5::write(group, "x_scale", axes, std::span<const double>(scales), {"1", ""});
  return axis;
}

std::vector<std::int64_t> counting(Index n) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::int64_t>(i);
  return places;
}

void write_scalar(const Handle& group, const std::string& name, double value,
                  const hdf5::Meaning& meaning) {
  hdf5::write(group, name, {}, std::span<const double>(&value, 1), meaning);
}

/// (n) of what the process was given: means of replicates.
Vector train_noise(const GaussianProcess& process) {
  const Noise& noise = process.noise();
  Vector variances = Vector::Constant(process.size(), noise.variance);
  if (noise.share.size() > 0) variances.array() *= noise.share.array();
  if (noise.known.size() > 0) variances += noise.known;
  return variances;
}

void write_factor(const Handle& group, const Axis& row, MatrixView factor) {
  const Axis column = hdf5::axis(group, "train_column", counting(factor.cols()), {"1", ""});
  const Points lower = factor.triangularView<Eigen::Lower>();
  const Axes axes = {&row, &column};
  hdf5::write(group, "factor", axes,
              std::span<const double>(lower.data(), static_cast<std::size_t>(lower.size())),
              {"1", "lower Cholesky factor of K + noise"});
}

void write_trend(const Handle& group, const GaussianProcess& process) {
  std::vector<std::int64_t> terms;
  for (const auto& [first, second] : process.trend_terms()) {
    terms.push_back(first);
    terms.push_back(second);
  }
  const Axis term = hdf5::axis(group, "term", counting(process.coefficients().size()),
                               {"1", "function of the trend"});
  const Axis factor = hdf5::axis(group, "factor_of_term", counting(2), {"1", ""});
  hdf5::write(group, "trend_term", Axes{&term, &factor}, std::span<const std::int64_t>(terms),
              {"1", "features whose product it is; -1: a factor of one"});
  hdf5::write(group, "coefficients", Axes{&term}, view(process.coefficients()),
              {"1", "of the trend of scaled z"});
}

void write_alternatives(const Handle& group, const Member& member, const Axis& train) {
  const auto count = static_cast<Index>(member.alternatives.size());
  const Index p = member.log_parameters.size() - 1;
  Points parameters(count, p);
  Points alpha(count, member.process.size());
  Points coefficients(count, member.process.coefficients().size());
  for (Index r = 0; r < count; ++r) {
    const PosteriorMean& mean = member.alternatives[static_cast<std::size_t>(r)];
    parameters.row(r) = mean.kernel()->log_parameters().array().exp().transpose();
    alpha.row(r) = mean.alpha().transpose();
    coefficients.row(r) = mean.coefficients().transpose();
  }
  const Axis alternative = hdf5::axis(group, "alternative", counting(count),
                                      {"1", "mean with parameters one standard deviation off"});
  const Axis parameter = hdf5::axis(group, "alternative_parameter", counting(p), {"1", ""});
  const Axis term = hdf5::axis(group, "alternative_term", counting(coefficients.cols()), {"1", ""});
  const auto write = [&](const char* name, const Axis& along, const Points& values) {
    hdf5::write(group, name, Axes{&alternative, &along},
                std::span<const double>(values.data(), static_cast<std::size_t>(values.size())),
                {"1", "as without alternative_"});
  };
  write("alternative_parameters", parameter, parameters);
  write("alternative_alpha", train, alpha);
  write("alternative_coefficients", term, coefficients);
}

void write_member(const Handle& group, const Member& member, const std::vector<Feature>& features,
                  const std::vector<std::int64_t>& runs, bool with_factor) {
  const GaussianProcess& process = member.process;
  hdf5::attribute(group, "kernel", process.kernel()->name());
  hdf5::attribute(group, "transform", name_of(member.kind.transform));
  const Vector parameters = process.kernel()->log_parameters().array().exp();
  const Axis parameter = hdf5::axis(group, "parameter", counting(parameters.size()), {"1", ""});
  hdf5::write(
      group, "parameters", Axes{&parameter}, view(parameters),
      {"1",
       "of the kernel: the variance, a length a feature, of anova then a share a feature, of a "
       "straight line beside (about 1/2) the variance of its slopes over the variance, of warped "
       "inputs then a ratio of slopes w'(0) / w'(1) a feature, w(u) = log(1 + (ratio - 1) u) / "
       "log(ratio)"});
  write_scalar(group, "noise", process.noise_variance(),
               {"1", "noise variance of scaled z, of one observation"});
  write_trend(group, process);
  const Axis feature = write_features(group, features);
  write_kernels(group, member, feature);
  write_scalar(group, "z_shift", member.z_shift, {"1", "z = z_shift + z_scale * scaled z"});
  write_scalar(group, "z_scale", member.z_scale, {"1", "z = z_shift + z_scale * scaled z"});
  write_scalar(group, "z_top", member.z_top, {"1", "means of z beyond are cut"});
  const Axis train =
      hdf5::axis(group, "train_run", runs, {"1", "runs at its points; replicates share the first"});
  hdf5::write(group, "alpha", Axes{&train}, view(process.alpha()),
              {"1", "(K + noise)^-1 (scaled z - trend), of the means of replicates"});
  hdf5::write(group, "train_noise", Axes{&train}, view(train_noise(process)),
              {"1", "noise variance of the means of replicates of scaled z"});
  if (with_factor) write_factor(group, train, process.factor());
  write_alternatives(group, member, train);
}

void write_response(const Handle& group, const Response& response, const Domain& domain,
                    const std::vector<Index>& ids, const std::string& unit, bool with_factor) {
  const auto ids_of = [&](const std::vector<Index>& rows) {
    std::vector<std::int64_t> runs;
    for (const Index row : rows) runs.push_back(ids[static_cast<std::size_t>(row)]);
    return runs;
  };
  const std::vector<std::int64_t> runs = ids_of(response.train_rows());
  const std::vector<std::int64_t> points = ids_of(response.point_rows());
  std::vector<double> weights;
  for (const Member& member : response.members()) weights.push_back(member.weight);

  const Axis member = hdf5::axis(group, "member", counting(static_cast<Index>(weights.size())),
                                 {"1", "process of the stack"});
  hdf5::write(group, "weights", Axes{&member}, std::span<const double>(weights),
              {"1", "of the members, sum 1"});
  const Axis train = hdf5::axis(group, "train_run", runs, {"1", "runs it was made from"});
  const LeaveOneOut loo = response.leave_one_out();
  const Vector deviation = loo.variance.cwiseSqrt();
  hdf5::write(group, "loo_mean", Axes{&train}, view(loo.mean),
              {unit, "predicted for the run by the model without it"});
  hdf5::write(group, "loo_deviation", Axes{&train}, view(deviation),
              {unit, "standard deviation of that prediction of an observation"});
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const Handle inner = hdf5::create_group(group, "member_" + std::to_string(k));
    const Member& its = response.members()[k];
    write_member(inner, its, features_of(seen_by(its.kind, domain)), points, with_factor);
  }
}

}  // namespace

void write_model(const Handle& models, std::size_t number, const Surrogate& surrogate,
                 const std::vector<Index>& ids, bool with_factor) {
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "%06zu", number);
  const Handle group = hdf5::create_group(models, name.data());
  hdf5::attribute(group, "runs", static_cast<std::uint64_t>(surrogate.size()));
  for (std::size_t j = 0; j < surrogate.outputs().size(); ++j) {
    const Output& output = surrogate.outputs()[j];
    const Handle inner = hdf5::create_group(group, output.name);
    write_response(inner, surrogate[static_cast<Index>(j)], surrogate.domain(), ids, output.unit,
                   with_factor);
  }
}

}  // namespace sonde
