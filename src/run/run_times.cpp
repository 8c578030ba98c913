#include "run/run_times.hpp"

#include <algorithm>
#include <cmath>

#include "run/campaign_state.hpp"
#include "sonde/gp/surrogate.hpp"
#include "sonde/math/normal.hpp"

// What a run at a point is expected to take.

namespace sonde {
namespace {

constexpr Index most_runs_timed = 200;
constexpr int rounds = 2;
constexpr std::size_t enough = 4;  // runs to tell anything

// By a limit, before it came to its end.
bool was_ended(const Answer& answer) {
  return answer.status == Answer::Status::TimedOut || answer.kind == "cpu limit" ||
         answer.kind == "out of memory" || answer.kind == "file limit";
}

// E(z | z > bound) of a normal z.
double beyond(double bound, double mean, double sd) {
  const double u = (bound - mean) / sd;
  return mean + sd * std::exp(std::log(normal_pdf(u)) - normal_log_cdf(-u));
}

Surrogate fitted(const Domain& domain, const Points& x, const Vector& z, Rng rng) {
  ModelOptions options;
  options.stack = {{.form = Form::Anova, .linear = true}};
  options.parameter_uncertainty = false;
  return Surrogate::fit(domain, {{"log seconds", "1"}}, {x, z}, options, Matrix(), rng);
}

}  // namespace

ScalarField log_seconds(const Domain& domain, PointsView x, VectorView seconds,
                        const std::vector<bool>& ended, Rng rng) {
  const Index n = std::min(most_runs_timed, x.rows());
  const Index first = x.rows() - n;
  const Points at = x.bottomRows(n);
  const Vector bound = seconds.tail(n).array().log();
  Vector z = bound;
  std::vector<Index> whole, bounds;
  for (Index i = 0; i < n; ++i)
    (ended[static_cast<std::size_t>(first + i)] ? bounds : whole).push_back(i);
  const auto raise = [&](Index i, double mean, double variance) {
    z[i] = beyond(bound[i], mean, std::sqrt(variance));
  };
  if (!bounds.empty() && whole.size() >= enough) {
    // By those alone that came to their end.
    const Points beside = at(bounds, Eigen::all);
    const Marginals foretold =
        fitted(domain, at(whole, Eigen::all), z(whole), rng)[0].predict(beside);
    for (std::size_t k = 0; k < bounds.size(); ++k)
      raise(bounds[k], foretold.mean[static_cast<Index>(k)],
            foretold.variance[static_cast<Index>(k)]);
  }
  Surrogate surrogate = fitted(domain, at, z, rng);
  for (int round = 0; !bounds.empty() && round < rounds; ++round) {
    // What is foretold of each by all others: its own value is only a bound.
    const LeaveOneOut left = surrogate[0].leave_one_out();
    for (const Index i : bounds) raise(i, left.mean[i], left.variance[i]);
    surrogate = fitted(domain, at, z, rng);
  }
  const Response response = surrogate[0];
  // Of a lognormal number.
  return ScalarField([response](VectorView point, VectorOut gradient) {
           const LocalMarginal its = response.predict_at(point);
           if (gradient.size() > 0) gradient = its.mean_gradient + 0.5 * its.variance_gradient;
           return its.mean + 0.5 * its.variance;
         })
      .with_rows([response](PointsView points) {
        const Marginals its = response.predict(points);
        return Vector(its.mean + 0.5 * its.variance);
      });
}

Surrogate Campaign::State::with_costs(Surrogate surrogate) {
  if (options.importance) surrogate = surrogate.with_importance(*options.importance);
  if (!options.worth_per_second) return surrogate;
  if (!timed || timed->answered != answered) {
    std::vector<Index> rows;
    for (std::size_t id = 0; id < queries.size(); ++id)
      if (answers[id] && answers[id]->seconds > 0.0 &&
          (answers[id]->status == Answer::Status::Ok || was_ended(*answers[id])))
        rows.push_back(static_cast<Index>(id));
    timed = Timed{answered, std::nullopt};
    if (rows.size() >= enough) {
      Points x(static_cast<Index>(rows.size()), domain.dim());
      Vector seconds(x.rows());
      std::vector<bool> ended;
      for (Index i = 0; i < x.rows(); ++i) {
        const auto id = static_cast<std::size_t>(rows[static_cast<std::size_t>(i)]);
        x.row(i) = queries[id].x;
        seconds[i] = answers[id]->seconds;
        ended.push_back(was_ended(*answers[id]));
      }
      timed->log_seconds =
          log_seconds(domain, x, seconds, ended, root.child("seconds", rows.size()));
    }
  }
  return timed->log_seconds ? surrogate.with_log_cost(*timed->log_seconds) : surrogate;
}

}  // namespace sonde
