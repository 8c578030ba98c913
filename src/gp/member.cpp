#include "gp/member.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gp/transform.hpp"

namespace sonde::stack {
namespace {

/// What a process of this kind sees.
struct Training {
  Points features;  // (m, p)
  Vector z;         // (m) means of replicates; all observations have mean 0 and variance 1
  Standard standard;
  Noise noise;  // of which the variance is still to be found
  double top;   // z of what is far above all y
};

double top_of(Transform transform, const Vector& y) {
  constexpr double far = 4.0;
  return transform == Transform::None ? std::numeric_limits<double>::max()
                                      : transform::forward(transform, far * y.maxCoeff());
}

Training training_for(const Features& features, const MemberKind& kind, const Observed& observed) {
  const Transformed seen = transformed(kind, observed);
  const Index points = observed.x.rows();
  Averages means = averages(seen, observed.place, points);
  const Standard standard = standard_of(seen.z);
  const double unit = 1.0 / (standard.scale * standard.scale);
  Noise noise;
  if (seen.noise.size() > 0) {
    noise.known = unit * means.weight.cwiseInverse();
    noise.further = unit * seen.noise.mean();
  } else if (points < seen.z.size()) {
    noise.share = means.weight.cwiseInverse();
    if (const auto& varying = observed.varying_noise(kind.transform)) {
      const Vector shares = varying->on_rows(observed.x);
      noise.share.array() *= shares.array();
      means.scatter.array() /= shares.array();
    }
    noise.scatter = unit * means.scatter.sum();
    noise.scatter_freedom = static_cast<double>(seen.z.size() - points);
  }
  if (standard.varies) {
    means.z = (means.z.array() - standard.shift) / standard.scale;
  } else {
    means.z.setZero();
  }
  return {features.rows(observed.x), std::move(means.z), standard, std::move(noise),
          top_of(kind.transform, observed.y)};
}

Kernel kernel_of(const MemberKind& kind, Index features, VectorView log_parameters) {
  const Vector ones = Vector::Ones(features);
  const Kernel of_one = kind.form == Form::Anova          ? anova(kind.family, ones, ones)
                        : kind.family == Family::Matern32 ? matern32(ones, kind.form)
                        : kind.family == Family::Matern52 ? matern52(ones, kind.form)
                                                          : squared_exponential(ones);
  const Kernel sum = kind.linear ? of_one + linear(1.0, Vector::Constant(features, 0.5)) : of_one;
  const Kernel seen = kind.warped ? warped(sum, Vector::Zero(features)) : sum;
  return (1.0 * seen).with(log_parameters);
}

/// On log variance, log lengths in the unit cube, log shares, the log variance of slopes, bends,
/// log noise variance of standardised z.
///
/// Points of the unit cube lie sqrt(d) apart, so lengths go with that. Measured on eight functions
/// of 2 to 10 inputs (borehole, wing weight, piston, ...), 15 to 100 uniform points, product and
/// radial form: means of the log length from -0.35 to 1 above log(d) / 2, and standard deviations
/// from 1 to 2.5, make 10 % of difference in the error; longer ones cost calibration at few points.
///
/// Of the ANOVA form an input that does not matter, or is a straight line, has any length above 1,
/// so the prior falls slowly there: on borehole, wing weight, OTL circuit, piston, Friedman and the
/// environmental model, 12 to 40 uniform runs, 0.81 of the error with 1 on both sides. A straight
/// line beside it: 0.94 of that.
/// Bends: standard deviations from 0.3 to 1 make 3 % of difference.
/// The noise prior lets deterministic simulators be interpolated, and data with noise say so.
LogPrior prior_of(const MemberKind& kind, Index features) {
  const bool product = kind.form == Form::Product && kind.family != Family::SquaredExponential;
  const double d = static_cast<double>(features);
  const Index kernel = kernel_parameters(kind, features);
  LogPrior prior{Vector(kernel + 1), Vector(kernel + 1), Vector()};
  prior.mean[0] = 0.0;
  prior.sd[0] = 2.0;
  prior.mean.segment(1, features).setConstant((product ? 0.2 : 0.0) + 0.5 * std::log(d));
  prior.sd.segment(1, features).setConstant(1.5);
  Index next = 1 + features;
  if (kind.form == Form::Anova) {
    prior.mean.segment(1, features).setConstant(-0.35);
    prior.sd.segment(1, features).setConstant(1.0);
    prior.mean.segment(next, features).setConstant(std::log(0.3));
    prior.sd.segment(next, features).setConstant(2.5);
    next += features;
  }
  if (kind.linear) {
    prior.mean[next] = std::log(0.05);
    prior.sd[next++] = 2.0;
  }
  if (kind.warped) {
    prior.mean.segment(next, features).setZero();
    prior.sd.segment(next, features).setConstant(0.7);
  }
  prior.mean[kernel] = std::log(1e-6);
  prior.sd[kernel] = 3.0;
  prior.sd_above = prior.sd;
  if (kind.form == Form::Anova) prior.sd_above.segment(1, features).setConstant(4.0);
  return prior;
}

/// The variance of the noise as the process sees it, where there is nothing to find.
std::optional<double> noise_of(const MemberKind& kind, const Training& training,
                               const Observed& observed, const ModelOptions& options) {
  if (training.noise.known.size() > 0) return options.fit.min_noise;
  if (std::isnan(options.noise_sd)) return std::nullopt;
  double slope = 0.0;
  for (const double y : observed.y) slope += std::exp(transform::log_slope(kind.transform, y));
  slope /= static_cast<double>(observed.y.size());
  const double sd = options.noise_sd * slope / training.standard.scale;
  return std::max(sd * sd, options.fit.min_noise);
}

Member member_of(const MemberKind& kind, const Training& training, GaussianProcess process,
                 Vector parameters) {
  return {
      1.0,          std::move(process),   kind, training.standard.shift, training.standard.scale,
      training.top, std::move(parameters)};
}

}  // namespace

Index kernel_parameters(const MemberKind& kind, Index features) {
  const Index each = (kind.form == Form::Anova ? 2 : 1) + (kind.warped ? 1 : 0);
  return 1 + each * features + (kind.linear ? 1 : 0);
}

Member fitted_member(const MemberKind& kind, const Features& features, const Observed& observed,
                     const ModelOptions& options, const std::optional<Vector>& start, Rng rng) {
  const Training training = training_for(features, kind, observed);
  const Index p = training.features.cols();
  const LogPrior prior = prior_of(kind, p);
  FitOptions search = options.fit;
  search.trend = kind.trend;
  search.noise = noise_of(kind, training, observed, options);
  const Vector& from = start ? *start : prior.mean;
  const Kernel kernel = kernel_of(kind, p, from.head(from.size() - 1));
  Noise noise = training.noise;
  noise.variance = std::exp(from[from.size() - 1]);
  Fit found = fit(kernel, prior, std::move(noise), training.features, training.z, search, rng);
  return member_of(kind, training, std::move(found.process), std::move(found.evidence.x));
}

Member conditioned_member(const MemberKind& kind, const Features& features,
                          const Observed& observed, const Vector& parameters) {
  Training training = training_for(features, kind, observed);
  const Index p = training.features.cols();
  const Index kernel_size = parameters.size() - 1;
  const Kernel kernel = kernel_of(kind, p, parameters.head(kernel_size));
  training.noise.variance = std::exp(parameters[kernel_size]);
  return member_of(
      kind, training,
      GaussianProcess(kernel, training.noise, training.features, training.z, kind.trend),
      parameters);
}

Vector prior_mean(const MemberKind& kind, Index features) {
  return prior_of(kind, features).mean;
}

Vector prior_deviations(const MemberKind& kind, Index features, const Vector& log_parameters) {
  const LogPrior prior = prior_of(kind, features);
  const Index p = kernel_parameters(kind, features);
  return (log_parameters.head(p).array() > prior.mean.head(p).array())
      .select(prior.sd_above.head(p), prior.sd.head(p));
}

}  // namespace sonde::stack
