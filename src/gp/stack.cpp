#include "gp/stack.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "gp/cross_validation.hpp"
#include "gp/member.hpp"
#include "gp/response_state.hpp"
#include "sonde/base/error.hpp"
#include "sonde/base/parallel.hpp"

namespace sonde::stack {
namespace {

constexpr double not_fitted = -1.0;     // in place of a weight
constexpr Index all_kinds_up_to = 100;  // points; of more, only what weighs most is fitted
constexpr Index fewest_to_refit = 6;    // points, in folds; of fewer nothing is left to fit to
constexpr double least_weight = 0.02;   // of a member that is kept
constexpr std::size_t most_leaders = 3;
constexpr std::size_t most_bent = 2;
constexpr double telling = 1.2;  // a logarithm over a smaller ratio is a straight line

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
    if (!observed.standard.varies || observed.of_classes) break;
  }
  require(!kinds.empty(), "Surrogate: the stack has no kind without transform and logarithms");
  return kinds;
}

// A row of parameters(): a block a kind, its weight and calibration first.
class Blocks {
 public:
  Blocks(const Domain& domain, const std::vector<MemberKind>& kinds) {
    const Index features = Features(domain, false).size();
    for (const MemberKind& kind : kinds) {
      first_.push_back(values_.size());
      size_.push_back(kernel_parameters(kind, features) + 1);
      values_.conservativeResize(values_.size() + 2 + size_.back());
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
  double calibration(std::size_t kind) const {
    return has(kind) ? std::exp(values_[first_[kind] + 1]) : 1.0;
  }
  Vector parameters(std::size_t kind) const {
    return values_.segment(first_[kind] + 2, size_[kind]);
  }
  std::optional<Vector> known(std::size_t kind) const {
    return has(kind) ? std::optional<Vector>(parameters(kind)) : std::nullopt;
  }
  void set(std::size_t kind, double weight, double calibration, const Vector& parameters) {
    values_[first_[kind]] = weight;
    values_[first_[kind] + 1] = std::log(calibration);
    values_.segment(first_[kind] + 2, size_[kind]) = parameters;
  }
  const Vector& values() const { return values_; }

 private:
  std::vector<Index> first_;  // of each kind
  std::vector<Index> size_;   // without weight and calibration
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

using Fitted = std::pair<std::size_t, Member>;  // with the place of its kind

// Members of these kinds, in their order; those without a factor are left out.
std::vector<Fitted> fitted_members(const Domain& domain, const Observed& observed,
                                   const ModelOptions& options,
                                   const std::vector<std::size_t>& kinds, const Blocks& start,
                                   const Rng& rng) {
  const int threads = options.fit.optimize.threads;
  ModelOptions of_one = options;
  if (kinds.size() > 1) of_one.fit.optimize.threads = 1;
  std::vector<std::optional<Member>> found(kinds.size());
  std::vector<std::exception_ptr> failures(kinds.size());
  parallel_for(static_cast<Index>(kinds.size()), threads, [&](Index i) {
    const auto place = static_cast<std::size_t>(i);
    const std::size_t k = kinds[place];
    const MemberKind& kind = options.stack[k];
    const Features features(domain, kind.log_inputs);
    const auto points = static_cast<double>(observed.x.rows());
    try {
      Member member =
          fitted_member(kind, features, observed, of_one, start.known(k), rng.child("kind", k));
      if (points > all_kinds_up_to && start.calibration(k) > 1.0) {
        const double factor = std::pow(start.calibration(k), all_kinds_up_to / points);
        member = inflated(member, features, observed, options, factor);
        member.calibration = start.calibration(k);
      }
      found[place] = std::move(member);
    } catch (const NumericalError&) {
      failures[place] = std::current_exception();
    }
  });
  std::vector<Fitted> members;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (found[i]) members.emplace_back(kinds[i], std::move(*found[i]));
  }
  if (members.empty() && !kinds.empty()) std::rethrow_exception(failures.back());
  return members;
}

// Which of them may weigh. In z a transform can foretell well what in y it misses by far: where y
// comes near zero its logarithm goes to any depth, and a mean is then ruled by the few largest.
std::vector<std::size_t> believable(const std::vector<Fitted>& members,
                                    const std::vector<LeftOut>& left) {
  constexpr double most = 1.1;  // times the error of the best without a transform
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].second.kind.transform == Transform::None) best = std::min(best, left[i].error);
  }
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].second.kind.transform == Transform::None || left[i].error <= most * best)
      places.push_back(i);
  }
  return places;
}

// The places of fitted kinds, and what each foretells of points left out.
struct Judged {
  std::vector<Fitted> members;
  std::vector<LeftOut> left;
};

// In folds they are calibrated as well, and those without a factor in a fold are left out: what
// leave-one-out says of them would be too good beside the others.
Judged judged(const Domain& domain, const Observed& observed, const ModelOptions& options,
              std::vector<Fitted> members, bool in_folds, const Rng& rng) {
  std::vector<std::optional<LeftOut>> left(members.size());
  ModelOptions of_one = options;
  of_one.fit.optimize.threads = 1;
  parallel_for(static_cast<Index>(members.size()), options.fit.optimize.threads, [&](Index i) {
    const auto place = static_cast<std::size_t>(i);
    Member& member = members[place].second;
    if (!in_folds) {
      left[place] = left_out(member, observed);
      return;
    }
    try {
      Calibrated found =
          cross_validated(member, Features(domain, member.kind.log_inputs), observed, of_one, rng);
      member = std::move(found.member);
      left[place] = std::move(found.left);
    } catch (const NumericalError&) {
    }
  });
  Judged all;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!left[i]) continue;
    all.members.push_back(std::move(members[i]));
    all.left.push_back(std::move(*left[i]));
  }
  return all;
}

// The weights that the observations give them.
void weigh(Judged& judged, const Observed& observed) {
  std::vector<Fitted>& members = judged.members;
  if (members.size() == 1) return;
  const std::vector<std::size_t> places = believable(members, judged.left);
  Matrix densities(observed.x.rows(), static_cast<Index>(places.size()));
  for (std::size_t i = 0; i < places.size(); ++i)
    densities.col(static_cast<Index>(i)) = judged.left[places[i]].log_density;
  const Vector weight = weights(densities);
  for (Fitted& one : members) one.second.weight = 0.0;
  for (std::size_t i = 0; i < places.size(); ++i)
    members[places[i]].second.weight = weight[static_cast<Index>(i)];
}

bool is_bent(const MemberKind& bent, const MemberKind& straight) {
  return bent.warped && !straight.warped && bent.family == straight.family &&
         bent.form == straight.form && bent.transform == straight.transform &&
         bent.log_inputs == straight.log_inputs && bent.trend == straight.trend &&
         bent.linear == straight.linear;
}

// Its parameters, with bends that leave the inputs straight.
Vector with_bends(const Vector& parameters, Index features) {
  const Index kernel = parameters.size() - 1;
  Vector all(parameters.size() + features);
  all << parameters.head(kernel), Vector::Zero(features), parameters[kernel];
  return all;
}

// The places of the first so many kinds by weight.
std::vector<std::size_t> heaviest(const std::vector<Fitted>& members, std::size_t count) {
  std::vector<std::size_t> ranked(members.size());
  std::iota(ranked.begin(), ranked.end(), std::size_t{0});
  std::stable_sort(ranked.begin(), ranked.end(), [&](std::size_t a, std::size_t b) {
    return members[a].second.weight > members[b].second.weight;
  });
  ranked.resize(std::min(count, ranked.size()));
  return ranked;
}

// Those kinds that are another of them, bent; the others stay in `kinds`.
std::vector<std::size_t> split_bent(std::vector<std::size_t>& kinds,
                                    const std::vector<MemberKind>& stack) {
  std::vector<std::size_t> bent;
  const std::vector<std::size_t> all = kinds;
  std::erase_if(kinds, [&](std::size_t k) {
    const bool found = std::any_of(
        all.begin(), all.end(), [&](std::size_t other) { return is_bent(stack[k], stack[other]); });
    if (found) bent.push_back(k);
    return found;
  });
  return bent;
}

// Of the bent kinds those worth a fit, which begins at the straight one where nothing is known.
std::vector<std::size_t> worth_bending(const std::vector<Fitted>& straight,
                                       const std::vector<std::size_t>& bent,
                                       const std::vector<MemberKind>& stack, Index features,
                                       Blocks& begin) {
  std::vector<std::size_t> worth;
  for (const std::size_t place : heaviest(straight, most_bent)) {
    const auto& [kind, member] = straight[place];
    for (const std::size_t k : bent) {
      if (!is_bent(stack[k], stack[kind])) continue;
      worth.push_back(k);
      if (!begin.has(k))
        begin.set(k, 0.0, member.calibration, with_bends(member.log_parameters, features));
    }
  }
  std::sort(worth.begin(), worth.end());
  return worth;
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
    blocks.set(kind, member.weight, member.calibration, member.log_parameters);
    if (member.weight > 0.0) stack.members.push_back(std::move(member));
  }
  stack.parameters = blocks.values();
  return stack;
}

}  // namespace

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
      std::vector<Index> first(all_kinds_up_to);
      std::iota(first.begin(), first.end(), Index{0});
      const Stack few = fitted(domain, only(observed, first), options, Vector(), rng.child("few"));
      begin = Blocks(domain, options.stack, few.parameters);
    }
    kinds = leaders(begin, kinds, options.stack);
  }
  const std::vector<std::size_t> bent = split_bent(kinds, options.stack);
  const Index points = observed.x.rows();
  bool in_folds = observed.standard.varies && options.stack.size() > 1 && !observed.of_classes &&
                  points >= fewest_to_refit && points <= all_kinds_up_to;
  const auto judge = [&](std::vector<Fitted> members) {
    return judged(domain, observed, options, std::move(members), in_folds, rng.child("judged"));
  };
  const std::vector<Fitted> straight = fitted_members(domain, observed, options, kinds, begin, rng);
  Judged all = judge(straight);
  if (all.members.empty()) {
    in_folds = false;
    all = judge(straight);
  }
  weigh(all, observed);
  if (observed.standard.varies && !bent.empty()) {
    const std::vector<std::size_t> worth =
        worth_bending(all.members, bent, options.stack, Features(domain, false).size(), begin);
    Judged further = judge(fitted_members(domain, observed, options, worth, begin, rng));
    std::move(further.members.begin(), further.members.end(), std::back_inserter(all.members));
    std::move(further.left.begin(), further.left.end(), std::back_inserter(all.left));
    weigh(all, observed);
  }
  return kept(std::move(all.members), Blocks(domain, options.stack));
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
    stack.members.back().calibration = blocks.calibration(k);
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
