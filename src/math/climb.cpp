#include "math/climb.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>
#include <utility>

#include "sonde/base/error.hpp"

namespace sonde::math {
namespace {

using Clock = std::chrono::steady_clock;
using Nlopt = std::unique_ptr<std::remove_pointer_t<nlopt_opt>, decltype(&nlopt_destroy)>;

constexpr Index max_slsqp_dim = 30;  // its steps cost O(n^3) with a large constant
constexpr unsigned lbfgs_memory = 10;
constexpr int max_attempts = 3;
constexpr double nearly_inside = 1e-6;  // excess in scaled units

Termination termination_of(nlopt_result result) {
  switch (result) {
    case NLOPT_SUCCESS:
    case NLOPT_STOPVAL_REACHED:
    case NLOPT_FTOL_REACHED:
    case NLOPT_XTOL_REACHED:
      return Termination::Converged;
    case NLOPT_MAXEVAL_REACHED:
      return Termination::OutOfEvaluations;
    case NLOPT_MAXTIME_REACHED:
      return Termination::OutOfTime;
    default:
      return Termination::Stalled;
  }
}

}  // namespace

Vector Problem::narrowed(const Vector& x) const {
  Vector z(dim());
  for (Index k = 0; k < dim(); ++k) {
    const Index i = free[static_cast<std::size_t>(k)];
    z[k] = std::clamp((x[i] - lower[i]) / (upper[i] - lower[i]), 0.0, 1.0);
  }
  return z;
}

Vector Problem::widened(const Vector& z, Vector x) const {
  for (Index k = 0; k < dim(); ++k) {
    const Index i = free[static_cast<std::size_t>(k)];
    x[i] = std::clamp(lower[i] + z[k] * (upper[i] - lower[i]), lower[i], upper[i]);
    if (z[k] >= 1.0) x[i] = upper[i];
  }
  return x;
}

Vector Problem::slope(const Vector& gradient) const {
  Vector result(dim());
  for (Index k = 0; k < dim(); ++k) {
    const Index i = free[static_cast<std::size_t>(k)];
    const double slope = gradient[i] * (upper[i] - lower[i]);
    result[k] = std::isfinite(slope) ? slope : 0.0;
  }
  return result;
}

Vector Problem::excess(const Vector& x) const {
  Vector result(constraints());
  for (Index c = 0; c < constraints(); ++c) {
    result[c] = at_most_zero[static_cast<std::size_t>(c)](x);
  }
  return result;
}

bool Problem::admits(const Vector& excess) const {
  return std::all_of(excess.begin(), excess.end(), [](double e) { return e <= 0.0; });
}

nlopt_algorithm Problem::algorithm() const {
  if (!gradients) return NLOPT_LN_COBYLA;
  if (at_most_zero.empty()) return NLOPT_LD_LBFGS;
  return dim() <= max_slsqp_dim ? NLOPT_LD_SLSQP : NLOPT_AUGLAG;
}

Climb::Climb(const Problem& problem, Vector start)
    : problem_(problem),
      start_(std::move(start)),
      start_z_(problem.narrowed(start_)),
      best_z_(start_z_) {
  best_.x = start_;
}

void Climb::measure(const Vector& x, bool sloped) {
  ++best_.evaluations;
  const Index d = x.size();
  look_.sloped = sloped;
  look_.excess.resize(problem_.constraints());
  if (!sloped) {
    look_.value = problem_.f(x);
    look_.excess = problem_.excess(x);
    return;
  }
  Vector gradient = Vector::Zero(d);
  look_.value = problem_.f(x, gradient);
  look_.gradient = problem_.slope(gradient);
  look_.excess_gradient.resize(problem_.dim(), problem_.constraints());
  for (Index c = 0; c < problem_.constraints(); ++c) {
    gradient.setZero();
    look_.excess[c] = problem_.at_most_zero[static_cast<std::size_t>(c)](x, gradient);
    look_.excess_gradient.col(c) = problem_.slope(gradient);
  }
}

void Climb::look(const Vector& z, bool sloped) {
  if (look_.z.size() == z.size() && look_.z == z && (look_.sloped || !sloped)) return;
  look_.z.resize(0);  // not a look while it may still throw
  const Vector x = z == start_z_ ? start_ : problem_.widened(z, start_);
  measure(x, sloped);
  look_.z = z;
  if (!std::isfinite(look_.value)) return;
  if (look_.value > best_.value && problem_.admits(look_.excess)) {
    best_.value = look_.value;
    best_.x = x;
    best_z_ = z;
  }
  const bool scaled = excess_scale_.size() > 0;
  if (scaled && look_.value > outside_value_ &&
      (look_.excess.array() * excess_scale_.array() < nearly_inside).all()) {
    outside_value_ = look_.value;
    outside_z_ = z;
  }
}

// Largest slope 1 where the attempt begins: SLSQP gives up on large gradients, and tolerances need
// a unit.
void Climb::rescale() {
  const auto inverse = [](double size) {
    return std::isfinite(size) && size > 0.0 ? 1.0 / std::clamp(size, 1e-250, 1e250) : 1.0;
  };
  const bool sloped = look_.sloped && problem_.dim() > 0;
  double size = sloped ? look_.gradient.lpNorm<Eigen::Infinity>() : 0.0;
  if (!(size > 0.0)) size = std::abs(look_.value);
  scale_ = inverse(size);
  excess_scale_.resize(problem_.constraints());
  margin_.resize(problem_.constraints());
  for (Index c = 0; c < problem_.constraints(); ++c) {
    double slope = sloped ? look_.excess_gradient.col(c).lpNorm<Eigen::Infinity>() : 0.0;
    if (!(slope > 0.0)) slope = std::abs(look_.excess[c]);
    excess_scale_[c] = inverse(slope);
    // Half of the room there is, for what is thinner than the margin; none says nothing.
    const double room = -excess_scale_[c] * look_.excess[c];
    margin_[c] = room > 1e-12 ? std::min(0.5 * room, 1e-8) : 1e-9;
  }
  seen_ = false;
}

bool Climb::spent() {
  if (stopped_) return true;
  if (best_.evaluations >= problem_.options.max_evaluations) {
    stopped_ = Termination::OutOfEvaluations;
  }
  const std::chrono::duration<double> passed = Clock::now() - begin_;
  if (passed.count() > problem_.options.max_seconds) stopped_ = Termination::OutOfTime;
  return stopped_.has_value();
}

// Not finite: above all that was seen, but not so far that a line search would overflow.
double Climb::descent() {
  const double value = -scale_ * look_.value;
  if (!std::isfinite(value)) return seen_ ? highest_ + (highest_ - lowest_) + 1.0 : 1.0;
  lowest_ = seen_ ? std::min(lowest_, value) : value;
  highest_ = seen_ ? std::max(highest_, value) : value;
  seen_ = true;
  return value;
}

// Runs what may throw below a C library: keeps the exception, and stops NLopt.
template <class F>
void Climb::guarded(F act) noexcept {
  try {
    act();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  if (failure_ || stopped_) nlopt_force_stop(running_);
}

double Climb::objective(unsigned n, const double* z, double* gradient, void* self) {
  Climb& climb = *static_cast<Climb*>(self);
  double result = climb.seen_ ? climb.highest_ : 1.0;
  if (gradient != nullptr) std::fill_n(gradient, n, 0.0);
  climb.guarded([&] {
    const Vector here = Eigen::Map<const Vector>(z, n).cwiseMax(0.0).cwiseMin(1.0);
    const bool known = climb.look_.z.size() == here.size() && climb.look_.z == here;
    if (climb.failure_ || (!known && climb.spent())) return;
    climb.look(here, gradient != nullptr);
    result = climb.descent();
    if (gradient == nullptr || !std::isfinite(climb.look_.value)) return;
    Eigen::Map<Vector>(gradient, n) = -climb.scale_ * climb.look_.gradient;
  });
  return result;
}

void Climb::constraints(unsigned m, double* result, unsigned n, const double* z, double* gradient,
                        void* self) {
  Climb& climb = *static_cast<Climb*>(self);
  std::fill_n(result, m, 1.0);
  if (gradient != nullptr) std::fill_n(gradient, m * n, 0.0);
  climb.guarded([&] {
    const Vector here = Eigen::Map<const Vector>(z, n).cwiseMax(0.0).cwiseMin(1.0);
    const bool known = climb.look_.z.size() == here.size() && climb.look_.z == here;
    if (climb.failure_ || (!known && climb.spent())) return;
    climb.look(here, gradient != nullptr);
    for (unsigned c = 0; c < m; ++c) {
      const double excess = climb.excess_scale_[c] * climb.look_.excess[c] + climb.margin_[c];
      result[c] = std::isfinite(excess) ? excess : 1.0;
      if (gradient == nullptr) continue;
      // NLopt wants (m, n) row by row: one constraint after the other.
      Eigen::Map<Vector>(gradient + std::size_t{c} * n, n) =
          climb.excess_scale_[c] * climb.look_.excess_gradient.col(c);
    }
  });
}

void Climb::configure(nlopt_opt opt) const {
  const OptimizeOptions& options = problem_.options;
  const auto remaining = std::max(1, options.max_evaluations - best_.evaluations + 1);
  nlopt_set_lower_bounds1(opt, 0.0);
  nlopt_set_upper_bounds1(opt, 1.0);
  nlopt_set_xtol_rel(opt, options.x_tolerance);
  nlopt_set_xtol_abs1(opt, options.x_tolerance);
  nlopt_set_ftol_rel(opt, options.f_tolerance);
  // The relative tolerance never speaks where the maximum is 0.
  nlopt_set_ftol_abs(opt, 1e-6 * options.f_tolerance);
  nlopt_set_maxeval(opt, remaining);
  nlopt_set_vector_storage(opt, lbfgs_memory);  // the default takes 10 MB worth of vectors
  if (std::isfinite(options.max_seconds)) {
    const std::chrono::duration<double> passed = Clock::now() - begin_;
    nlopt_set_maxtime(opt, std::max(1e-3, options.max_seconds - passed.count()));
  }
}

nlopt_result Climb::attempt(Vector& z) {
  const auto n = static_cast<unsigned>(problem_.dim());
  const Nlopt opt(nlopt_create(problem_.algorithm(), n), nlopt_destroy);
  require<NumericalError>(opt != nullptr, "maximize: no memory for ", n, " dimensions");
  configure(opt.get());
  nlopt_set_min_objective(opt.get(), objective, this);
  if (problem_.constraints() > 0) {
    const Vector tolerance = Vector::Zero(problem_.constraints());
    nlopt_add_inequality_mconstraint(opt.get(), static_cast<unsigned>(problem_.constraints()),
                                     constraints, this, tolerance.data());
  }
  if (problem_.algorithm() == NLOPT_AUGLAG) {
    const Nlopt inner(nlopt_create(NLOPT_LD_LBFGS, n), nlopt_destroy);
    require<NumericalError>(inner != nullptr, "maximize: no memory for ", n, " dimensions");
    configure(inner.get());
    nlopt_set_local_optimizer(opt.get(), inner.get());
  }
  if (!problem_.gradients) nlopt_set_initial_step1(opt.get(), 0.1);
  running_ = opt.get();
  double value = 0.0;
  const nlopt_result result = nlopt_optimize(opt.get(), z.data(), &value);
  running_ = nullptr;
  return result;
}

// A climb along a constraint may end outside by rounding: go back towards the best admissible
// point, by as little as it takes.
void Climb::come_inside() {
  if (!(outside_value_ > best_.value)) return;
  if (best_.evaluations >= problem_.options.max_evaluations) return;
  for (double step = 1e-9; step <= 0.011; step *= 10.0) {
    const Vector inside = outside_z_ + step * (best_z_ - outside_z_);
    if (!problem_.admits(problem_.excess(problem_.widened(inside, start_)))) continue;
    look(inside, false);
    return;
  }
}

Maximum Climb::run() {
  look(start_z_, problem_.gradients);
  if (problem_.dim() == 0) {
    best_.termination = Termination::Converged;
    return best_;
  }
  // An attempt that stalls goes on from the best point with a scale from there.
  for (int tried = 0; tried < max_attempts && !spent(); ++tried) {
    const double before = best_.value;
    Vector z = best_z_;
    if (tried > 0) look(z, problem_.gradients);
    rescale();
    const nlopt_result result = attempt(z);
    if (failure_) std::rethrow_exception(failure_);
    best_.termination = termination_of(result);
    come_inside();
    if (best_.termination != Termination::Stalled || !(best_.value > before)) break;
  }
  if (stopped_) best_.termination = *stopped_;
  return best_;
}

}  // namespace sonde::math
