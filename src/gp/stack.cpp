#include "gp/stack.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "gp/transform.hpp"
#include "sonde/base/error.hpp"

namespace sonde::stack {
namespace {

constexpr double not_fitted = -1.0;     // in place of a weight
constexpr Index all_kinds_up_to = 200;  // points; of more, only what weighs most is fitted
constexpr double least_weight = 0.02;   // of a member that is kept
constexpr std::size_t most_leaders = 3;
constexpr double telling = 1.2;  // a logarithm over a smaller ratio is a straight line

/// What a process of this kind sees.
struct Training {
  Points features;  // (m, p)
  Vector z;         // (m), mean 0 and variance 1; means of replicates
  Standard standard;
  Noise noise;  // of which the variance is still to be found
};

/// Of z = (T(y) - shift) / scale at each observation.
struct Transformed {
  Vector z;      // (n)
  Vector noise;  // (n) variance where it is known, or empty
};

Transformed transformed(const MemberKind& kind, const Observed& observed) {
  Transformed seen{Vector(observed.y.size()), observed.noise_sd};
  for (Index i = 0; i < seen.z.size(); ++i) {
    const double y = observed.y[i];
    seen.z[i] = transform::forward(kind.transform, y);
    if (seen.noise.size() == 0) continue;
    const double sd = seen.noise[i] * std::exp(transform::log_slope(kind.transform, y));
    seen.noise[i] = sd * sd;
  }
  return seen;
}

/// The mean of each point's observations, weighted by what is known of their noise, and what is
/// left of that.
struct Averages {
  Vector z;       // (m)
  Vector weight;  // (m) sum of weights: number of observations, or sum of 1 / variance
  double scatter = 0.0;
};

Averages averages(const Transformed& seen, const std::vector<Index>& place, Index points) {
  Averages means{Vector::Zero(points), Vector::Zero(points)};
  const auto weight_of = [&](Index i) { return seen.noise.size() > 0 ? 1.0 / seen.noise[i] : 1.0; };
  for (Index i = 0; i < seen.z.size(); ++i) {
    const Index p = place[static_cast<std::size_t>(i)];
    means.weight[p] += weight_of(i);
    means.z[p] += (seen.z[i] - means.z[p]) * weight_of(i) / means.weight[p];
  }
  for (Index i = 0; i < seen.z.size(); ++i) {
    const double off = seen.z[i] - means.z[place[static_cast<std::size_t>(i)]];
    means.scatter += off * off;
  }
  return means;
}

Training training_for(const Features& features, const MemberKind& kind, const Observed& observed) {
  const Transformed seen = transformed(kind, observed);
  const Index points = observed.x.rows();
  Averages means = averages(seen, observed.place, points);
  const Standard standard = standard_of(means.z);
  const double unit = 1.0 / (standard.scale * standard.scale);
  Noise noise;
  if (seen.noise.size() > 0) {
    noise.known = unit * means.weight.cwiseInverse();
    noise.further = unit * seen.noise.mean();
  } else if (points < seen.z.size()) {
    noise.share = means.weight.cwiseInverse();
    noise.scatter = unit * means.scatter;
    noise.scatter_freedom = static_cast<double>(seen.z.size() - points);
  }
  if (standard.varies) {
    means.z = (means.z.array() - standard.shift) / standard.scale;
  } else {
    means.z.setZero();
  }
  return {features.rows(observed.x), std::move(means.z), standard, std::move(noise)};
}

// Parameters of the kernel: its variance, the lengths, the shares of an ANOVA form.
Index kernel_parameters(const MemberKind& kind, Index features) {
  return 1 + (kind.form == Form::Anova ? 2 : 1) * features;
}

Kernel kernel_of(const MemberKind& kind, Index features, VectorView log_parameters) {
  const Vector ones = Vector::Ones(features);
  const Kernel of_one = kind.form == Form::Anova          ? anova(kind.family, ones, ones)
                        : kind.family == Family::Matern32 ? matern32(ones, kind.form)
                        : kind.family == Family::Matern52 ? matern52(ones, kind.form)
                                                          : squared_exponential(ones);
  return (1.0 * of_one).with(log_parameters);
}

/// On log variance, log lengths in the unit cube, log shares, log noise variance of standardised z.
///
/// Points of the unit cube lie sqrt(d) apart, so lengths go with that. Measured on eight functions
/// of 2 to 10 inputs (borehole, wing weight, piston, ...), 15 to 100 uniform points, product and
/// radial form: means of the log length from -0.35 to 1 above log(d) / 2, and standard deviations
/// from 1 to 2.5, make 10 % of difference in the error; longer ones cost calibration at few points.
/// The noise prior lets deterministic simulators be interpolated, and data with noise say so.
LogPrior prior_of(const MemberKind& kind, Index features) {
  const bool product = kind.form == Form::Product && kind.family != Family::SquaredExponential;
  const double d = static_cast<double>(features);
  const Index kernel = kernel_parameters(kind, features);
  LogPrior prior{Vector(kernel + 1), Vector(kernel + 1)};
  prior.mean[0] = 0.0;
  prior.sd[0] = 2.0;
  prior.mean.segment(1, features).setConstant((product ? 0.2 : 0.0) + 0.5 * std::log(d));
  prior.sd.segment(1, features).setConstant(1.5);
  if (kind.form == Form::Anova) {
    prior.mean.segment(1, features).setConstant(-0.35);
    prior.sd.segment(1, features).setConstant(1.0);
    prior.mean.segment(1 + features, features).setConstant(std::log(0.3));
    prior.sd.segment(1 + features, features).setConstant(1.5);
  }
  prior.mean[kernel] = std::log(1e-6);
  prior.sd[kernel] = 3.0;
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
  return {1.0,
          std::move(process),
          kind,
          training.standard.shift,
          training.standard.scale,
          std::move(parameters)};
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

/// The parameters as they were given to the kernel: made from them again, it is the same to the
/// bit.
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

/// (m) ln p(y of a point | those of all others), in the output's unit. Of replicates: of their mean
/// z, where ln |dz/dy| is a mean too.
Vector log_densities(const Member& member, const Observed& observed) {
  const LeaveOneOut left = member.process.leave_one_out();
  const Index points = member.process.size();
  const Averages slopes = averages({observed.y.unaryExpr([&](double y) {
                                      return transform::log_slope(member.kind.transform, y);
                                    }),
                                    Vector()},
                                   observed.place, points);
  Vector density(points);
  for (Index i = 0; i < points; ++i) {
    const double sd = std::sqrt(std::max(left.variance[i], 1e-24));
    const double off = (member.process.y()[i] - left.mean[i]) / sd;
    density[i] = -0.5 * off * off - std::log(sd * member.z_scale) -
                 0.5 * std::log(2.0 * std::numbers::pi) + slopes.z[i];
  }
  return density;
}

bool has_telling_logarithms(const Domain& domain, const Observed& observed) {
  for (Index j = 0; j < domain.dim(); ++j) {
    const Parameter& parameter = domain.parameters()[static_cast<std::size_t>(j)];
    if (parameter.scale == Scale::Linear && parameter.lower > 0.0 &&
        parameter.upper > telling * parameter.lower && observed.x.col(j).minCoeff() > 0.0)
      return true;
  }
  return false;
}

bool can_see(const MemberKind& kind, const Observed& observed) {
  return kind.transform == Transform::None || observed.y.minCoeff() > 0.0;
}

// Places of the kinds that have something of their own to say about these observations.
std::vector<std::size_t> telling_kinds(const Domain& domain, const Observed& observed,
                                       const std::vector<MemberKind>& stack) {
  const bool logs = has_telling_logarithms(domain, observed);
  const bool transforms =
      observed.y.minCoeff() > 0.0 && observed.y.maxCoeff() > telling * observed.y.minCoeff();
  std::vector<std::size_t> kinds;
  for (std::size_t k = 0; k < stack.size(); ++k) {
    if (stack[k].log_inputs && !logs) continue;
    if (stack[k].transform != Transform::None && !transforms) continue;
    kinds.push_back(k);
    if (!observed.standard.varies) break;
  }
  require(!kinds.empty(), "Surrogate: the stack has no kind without transform and logarithms");
  return kinds;
}

// A row of parameters(): a block a kind, its weight first.
class Blocks {
 public:
  Blocks(const Domain& domain, const std::vector<MemberKind>& kinds) {
    const Index features = Features(domain, false).size();
    for (const MemberKind& kind : kinds) {
      first_.push_back(values_.size());
      size_.push_back(kernel_parameters(kind, features) + 1);
      values_.conservativeResize(values_.size() + 1 + size_.back());
    }
    values_.setZero();
    for (const Index first : first_) values_[first] = not_fitted;
  }
  Blocks(const Domain& domain, const std::vector<MemberKind>& kinds, const Vector& row)
      : Blocks(domain, kinds) {
    if (row.size() == 0) return;
    require(row.size() == values_.size(), "Surrogate: expected ", values_.size(),
            " parameters an output, got ", row.size());
    values_ = row;
  }

  bool has(std::size_t kind) const { return values_[first_[kind]] != not_fitted; }
  double weight(std::size_t kind) const { return has(kind) ? values_[first_[kind]] : 0.0; }
  Vector parameters(std::size_t kind) const {
    return values_.segment(first_[kind] + 1, size_[kind]);
  }
  std::optional<Vector> known(std::size_t kind) const {
    return has(kind) ? std::optional<Vector>(parameters(kind)) : std::nullopt;
  }
  void set(std::size_t kind, double weight, const Vector& parameters) {
    values_[first_[kind]] = weight;
    values_.segment(first_[kind] + 1, size_[kind]) = parameters;
  }
  const Vector& values() const { return values_; }

 private:
  std::vector<Index> first_;  // of each kind
  std::vector<Index> size_;   // without the weight
  Vector values_;
};

// Those that weigh most, and one that sees any y.
std::vector<std::size_t> leaders(const Blocks& blocks, const std::vector<std::size_t>& kinds,
                                 const std::vector<MemberKind>& stack) {
  std::vector<std::size_t> ranked = kinds;
  std::stable_sort(ranked.begin(), ranked.end(), [&](std::size_t a, std::size_t b) {
    return blocks.weight(a) > blocks.weight(b);
  });
  std::vector<std::size_t> chosen(
      ranked.begin(),
      ranked.begin() + static_cast<std::ptrdiff_t>(std::min(most_leaders, ranked.size())));
  std::erase_if(chosen, [&](std::size_t k) { return blocks.weight(k) < least_weight; });
  const auto plain = [&](std::size_t k) { return stack[k].transform == Transform::None; };
  if (std::none_of(chosen.begin(), chosen.end(), plain))
    chosen.push_back(*std::find_if(ranked.begin(), ranked.end(), plain));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

// The observations of the first points.
Observed first_of(const Observed& observed, Index points) {
  Observed first{{}, {}, {}, observed.x.topRows(points), {}, {}, {}};
  std::vector<Index> taken;
  for (std::size_t i = 0; i < observed.place.size(); ++i) {
    if (observed.place[i] < points) taken.push_back(static_cast<Index>(i));
  }
  for (const Index i : taken) {
    first.rows.push_back(observed.rows[static_cast<std::size_t>(i)]);
    first.place.push_back(observed.place[static_cast<std::size_t>(i)]);
  }
  first.y = observed.y(taken);
  if (observed.noise_sd.size() > 0) first.noise_sd = observed.noise_sd(taken);
  first.standard = standard_of(first.y);
  return first;
}

// Members of these kinds, with the weights that the observations give them.
std::vector<std::pair<std::size_t, Member>> fitted_members(const Domain& domain,
                                                           const Observed& observed,
                                                           const ModelOptions& options,
                                                           const std::vector<std::size_t>& kinds,
                                                           const Blocks& start, const Rng& rng) {
  std::vector<std::pair<std::size_t, Member>> members;
  for (const std::size_t k : kinds) {
    const MemberKind& kind = options.stack[k];
    try {
      members.emplace_back(k, fitted_member(kind, Features(domain, kind.log_inputs), observed,
                                            options, start.known(k), rng.child("kind", k)));
    } catch (const NumericalError&) {
      if (members.empty() && k == kinds.back()) throw;
    }
  }
  if (members.size() == 1) return members;
  Matrix densities(observed.x.rows(), static_cast<Index>(members.size()));
  for (std::size_t i = 0; i < members.size(); ++i)
    densities.col(static_cast<Index>(i)) = log_densities(members[i].second, observed);
  const Vector weight = weights(densities);
  for (std::size_t i = 0; i < members.size(); ++i)
    members[i].second.weight = weight[static_cast<Index>(i)];
  return members;
}

// Without the light ones; the weights of the others sum to 1.
Stack kept(std::vector<std::pair<std::size_t, Member>> members, Blocks blocks) {
  double sum = 0.0;
  for (auto& [kind, member] : members) {
    if (member.weight < least_weight) member.weight = 0.0;
    sum += member.weight;
  }
  Stack stack;
  for (auto& [kind, member] : members) {
    member.weight /= sum;
    blocks.set(kind, member.weight, member.log_parameters);
    if (member.weight > 0.0) stack.members.push_back(std::move(member));
  }
  stack.parameters = blocks.values();
  return stack;
}

}  // namespace

Standard standard_of(const Vector& values) {
  constexpr double rounding = 1e-13;
  constexpr double least = 1.0 / largest_value;
  // Values of any size: they are divided by the largest before they are squared.
  const double largest = values.cwiseAbs().maxCoeff();
  const double unit = largest > 0.0 ? largest : 1.0;
  const Vector v = values / unit;
  const double mean = v.mean();
  const double sd = std::sqrt((v.array() - mean).square().mean());
  const bool varies = sd > rounding && sd * unit > least;
  return {mean * unit, std::max((varies ? sd : 1e-9) * unit, least), varies};
}

Observed observed(const Domain& domain, const Output& output, const Dataset& data, Index column) {
  Observed found;
  for (Index i = 0; i < data.size(); ++i) {
    if (!std::isnan(data.y(i, column))) found.rows.push_back(i);
  }
  const Index n = static_cast<Index>(found.rows.size());
  require(n >= 2, "Surrogate: output '", output.name, "' has ", n,
          " observations; a fit takes two or more");
  found.y = data.y.col(column)(found.rows);
  if (data.noise_sd.size() > 0) found.noise_sd = data.noise_sd.col(column)(found.rows);
  for (Index i = 0; i < n; ++i) {
    const Index row = found.rows[static_cast<std::size_t>(i)];
    require(std::isfinite(found.y[i]), "Surrogate: output '", output.name, "' is ", found.y[i],
            " in row ", row, "; leave out what failed as NaN");
    require(
        found.noise_sd.size() == 0 || (std::isfinite(found.noise_sd[i]) && found.noise_sd[i] > 0.0),
        "Surrogate: expected a noise of output '", output.name, "' above zero in row ", row,
        ", got ", found.noise_sd.size() == 0 ? 0.0 : found.noise_sd[i]);
  }
  const Points x = data.x(found.rows, Eigen::all);
  found.place = replicates(domain.rows_to_unit(x));
  std::vector<Index> firsts;
  for (std::size_t i = 0; i < found.place.size(); ++i) {
    if (found.place[i] < static_cast<Index>(firsts.size())) continue;
    firsts.push_back(static_cast<Index>(i));
    found.point_rows.push_back(found.rows[i]);
  }
  found.x = x(firsts, Eigen::all);
  found.standard = standard_of(found.y);
  require<NumericalError>(found.standard.scale <= largest_value, "Surrogate: output '", output.name,
                          "' varies by ", found.standard.scale,
                          ", the square of which has no place in double precision. Choose another "
                          "unit.");
  return found;
}

std::vector<Index> replicates(PointsView unit) {
  constexpr double rounding = 1e-9;  // of an input's range
  // Along the first input only those within reach are compared.
  std::vector<Index> order(static_cast<std::size_t>(unit.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return unit(a, 0) < unit(b, 0); });
  std::vector<Index> first(order.size());  // earliest row that each repeats: itself, mostly
  std::iota(first.begin(), first.end(), Index{0});
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i; j-- > 0 && unit(order[i], 0) - unit(order[j], 0) <= rounding;) {
      const double apart = (unit.row(order[i]) - unit.row(order[j])).cwiseAbs().maxCoeff();
      if (apart > rounding) continue;
      const Index earliest = std::min(first[static_cast<std::size_t>(order[i])],
                                      first[static_cast<std::size_t>(order[j])]);
      first[static_cast<std::size_t>(order[i])] = earliest;
      first[static_cast<std::size_t>(order[j])] = earliest;
    }
  }
  std::vector<Index> place(order.size());
  Index points = 0;
  for (std::size_t i = 0; i < place.size(); ++i) {
    const auto of = static_cast<std::size_t>(first[i]);
    place[i] = of == i ? points++ : place[of];
  }
  return place;
}

Vector prior_deviations(const MemberKind& kind, Index features) {
  return prior_of(kind, features).sd.head(kernel_parameters(kind, features));
}

Vector weights(const Matrix& log_densities) {
  constexpr int most_rounds = 500;
  const auto count = static_cast<double>(log_densities.cols());
  const double n = static_cast<double>(log_densities.rows());
  // Each row over its largest: only ratios count.
  const Matrix densities =
      (log_densities.colwise() - log_densities.rowwise().maxCoeff()).array().exp();
  Vector w = Vector::Constant(log_densities.cols(), 1.0 / count);
  for (int round = 0; round < most_rounds; ++round) {
    const Vector mixture = densities * w;
    const Vector responsible = w.cwiseProduct(densities.transpose() * mixture.cwiseInverse());
    const Vector next = (responsible.array() + 1.0 / count) / (n + 1.0);
    const double moved = (next - w).cwiseAbs().maxCoeff();
    w = next;
    if (moved < 1e-6) break;
  }
  return w / w.sum();
}

Stack fitted(const Domain& domain, const Observed& observed, const ModelOptions& options,
             const Vector& start, Rng rng) {
  std::vector<std::size_t> kinds = telling_kinds(domain, observed, options.stack);
  Blocks begin(domain, options.stack, start);
  if (observed.x.rows() > all_kinds_up_to && kinds.size() > 1) {
    const bool weighed = std::any_of(kinds.begin(), kinds.end(),
                                     [&](std::size_t k) { return begin.weight(k) > 0.0; });
    if (!weighed) {
      const Stack few =
          fitted(domain, first_of(observed, all_kinds_up_to), options, Vector(), rng.child("few"));
      begin = Blocks(domain, options.stack, few.parameters);
    }
    kinds = leaders(begin, kinds, options.stack);
  }
  return kept(fitted_members(domain, observed, options, kinds, begin, rng),
              Blocks(domain, options.stack));
}

Stack conditioned(const Domain& domain, const Observed& observed, const ModelOptions& options,
                  const Vector& parameters) {
  const Blocks blocks(domain, options.stack, parameters);
  Stack stack{{}, blocks.values()};
  const auto take = [&](std::size_t k, double weight) {
    const MemberKind& kind = options.stack[k];
    stack.members.push_back(conditioned_member(kind, Features(domain, kind.log_inputs), observed,
                                               blocks.parameters(k)));
    stack.members.back().weight = weight;
  };
  double unseen = 0.0;
  for (std::size_t k = 0; k < options.stack.size(); ++k) {
    if (!(blocks.weight(k) > 0.0)) continue;
    if (can_see(options.stack[k], observed)) {
      take(k, blocks.weight(k));
    } else {
      unseen += blocks.weight(k);
    }
  }
  // What came since the fit may be beyond all of them.
  for (std::size_t k = 0; k < options.stack.size() && stack.members.empty(); ++k) {
    if (!blocks.has(k) || !can_see(options.stack[k], observed)) continue;
    take(k, 1.0);
    unseen = 0.0;
  }
  require(!stack.members.empty(),
          "Surrogate: expected parameters of a kind of the stack, got none");
  if (unseen > 0.0) {
    for (Member& member : stack.members) member.weight /= 1.0 - unseen;
  }
  return stack;
}

}  // namespace sonde::stack
