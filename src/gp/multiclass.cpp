#include "sonde/gp/multiclass.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sonde/base/error.hpp"
#include "sonde/math/normal.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

constexpr Index members = 64;            // of a committee, half of them the others' opposites
constexpr Index reference_points = 512;  // stand for the domain
constexpr double none = -std::numeric_limits<double>::infinity();

// (members, latents) standard normal: points of an additive recurrence by the roots of
// t^(latents + 1) = t + 1, which fill the cube evenly. \see Roberts (2018), "R sequence"
Matrix committee_draws(Index latents) {
  double root = 2.0;
  for (int i = 0; i < 60; ++i) root = std::pow(1.0 + root, 1.0 / static_cast<double>(latents + 1));
  Matrix z(members, latents);
  for (Index l = 0; l < latents; ++l) {
    const double step = std::pow(root, -static_cast<double>(l + 1));
    for (Index q = 0; q < members / 2; ++q) {
      const double u = 0.5 + step * static_cast<double>(q + 1);
      const double p = u - std::floor(u);
      z(q, l) = normal_quantile(std::min(std::max(p, 1e-9), 1.0 - 1e-9));
      z(q + members / 2, l) = -z(q, l);
    }
    z.col(l) /= std::sqrt(z.col(l).squaredNorm() / static_cast<double>(members));
  }
  return z;
}

double log_pdf(double z) {
  return -0.5 * z * z - 0.918938533204672742;
}

// log of what is proportional to Phi(f_k) / Phi(-f_k), and -infinity for classes never seen.
Vector log_probabilities(const Vector& f, const std::vector<Index>& seen, Index classes) {
  Vector log_p = Vector::Constant(classes, none);
  if (f.size() == 1) {
    log_p[seen[0]] = normal_log_cdf(f[0]);
    log_p[seen[1]] = normal_log_cdf(-f[0]);
    return log_p;
  }
  Vector own(f.size());
  for (Index l = 0; l < f.size(); ++l) own[l] = normal_log_cdf(f[l]) - normal_log_cdf(-f[l]);
  const double most = own.maxCoeff();
  const double log_sum = most + std::log((own.array() - most).exp().sum());
  for (Index l = 0; l < f.size(); ++l) log_p[seen[static_cast<std::size_t>(l)]] = own[l] - log_sum;
  return log_p;
}

}  // namespace

Matrix probabilities_of(MatrixView log_p) {
  return log_p.unaryExpr([](double one) { return std::exp(one); });
}

struct MulticlassClassifier::State {
  Index classes;
  std::vector<Index> seen;          // classes that were seen, rising
  std::vector<Classifier> latents;  // one a class seen; of two the first's alone
  Points x;                         // (n, d) rows it was fitted to
  Matrix draws;

  // (n, classes) of latents with these means and variances, (n, latents) each.
  Matrix mean_probability(const Matrix& mean, const Matrix& variance) const {
    Matrix p = Matrix::Zero(mean.rows(), classes);
    for (Index i = 0; i < mean.rows(); ++i) {
      const Vector sd = variance.row(i).transpose().cwiseMax(0.0).cwiseSqrt();
      for (Index q = 0; q < draws.rows(); ++q) {
        const Vector f = mean.row(i).transpose() + sd.cwiseProduct(draws.row(q).transpose());
        p.row(i) += probabilities_of(log_probabilities(f, seen, classes)).transpose();
      }
    }
    return p / static_cast<double>(draws.rows());
  }

  template <class F>
  Matrix probability_by(Index rows, F marginals_of) const {
    const auto count = static_cast<Index>(latents.size());
    Matrix mean(rows, count), variance(rows, count);
    for (Index l = 0; l < count; ++l) {
      const Marginals its = marginals_of(latents[static_cast<std::size_t>(l)]);
      mean.col(l) = its.mean;
      variance.col(l) = its.variance;
    }
    return mean_probability(mean, variance);
  }
};

MulticlassClassifier::MulticlassClassifier(std::shared_ptr<const State> state)
    : state_(std::move(state)) {}

MulticlassClassifier MulticlassClassifier::fit(const Domain& domain, PointsView x, VectorView y,
                                               Index classes, ClassifierOptions options) {
  require(x.cols() == domain.dim() && x.rows() == y.size(), "multiclass: expected points of ",
          domain.dim(), " parameters and a class each, got ", x.rows(), " x ", x.cols(), " and ",
          y.size(), " classes");
  std::vector<bool> there(static_cast<std::size_t>(std::max<Index>(classes, 0)), false);
  for (const double one : y) {
    require(one >= 0.0 && one < static_cast<double>(classes) && one == std::floor(one),
            "multiclass: expected the number of a class, 0 to ", classes - 1, ", got ", one);
    there[static_cast<std::size_t>(one)] = true;
  }
  std::vector<Index> seen;
  for (std::size_t k = 0; k < there.size(); ++k)
    if (there[k]) seen.push_back(static_cast<Index>(k));
  require(seen.size() >= 2, "multiclass: expected runs of two classes or more, got ", seen.size());
  options.certain = true;
  State state{classes, seen, {}, x, {}};
  const std::size_t count = seen.size() == 2 ? 1 : seen.size();
  for (std::size_t l = 0; l < count; ++l) {
    std::vector<bool> its;
    for (const double one : y) its.push_back(static_cast<Index>(one) == seen[l]);
    state.latents.push_back(Classifier::fit(domain, x, its, options));
  }
  state.draws = committee_draws(static_cast<Index>(count));
  return MulticlassClassifier(std::make_shared<const State>(std::move(state)));
}

Index MulticlassClassifier::classes() const noexcept {
  return state_->classes;
}

Matrix MulticlassClassifier::probability(PointsView x) const {
  return state_->probability_by(x.rows(),
                                [&](const Classifier& latent) { return latent.latent(x); });
}

Matrix MulticlassClassifier::leave_one_out() const {
  return state_->probability_by(
      state_->x.rows(), [&](const Classifier& latent) { return latent.leave_one_out(state_->x); });
}

ClassCommittee MulticlassClassifier::committee_at(VectorView x) const {
  ClassCommittee committee;
  committee.draws = state_->draws;
  for (const Classifier& latent : state_->latents) committee.latents.push_back(latent.latent_at(x));
  const Index count = state_->draws.cols();
  committee.log_p.resize(state_->draws.rows(), state_->classes);
  committee.values.resize(state_->draws.rows(), count);
  committee.seen = state_->seen;
  for (Index q = 0; q < state_->draws.rows(); ++q) {
    for (Index l = 0; l < count; ++l) {
      const LocalMarginal& f = committee.latents[static_cast<std::size_t>(l)];
      committee.values(q, l) = f.mean + std::sqrt(f.variance) * state_->draws(q, l);
    }
    committee.log_p.row(q) =
        log_probabilities(committee.values.row(q).transpose(), state_->seen, state_->classes)
            .transpose();
  }
  return committee;
}

Vector ClassCommittee::gradient(MatrixView by_log_p) const {
  Vector slope = Vector::Zero(latents.front().mean_gradient.size());
  const Index count = draws.cols();
  Vector by_mean = Vector::Zero(count), by_sd = Vector::Zero(count);
  for (Index q = 0; q < draws.rows(); ++q) {
    double sum = 0.0;
    for (const Index k : seen) sum += by_log_p(q, k);
    for (Index l = 0; l < count; ++l) {
      const double f = values(q, l);
      const double hazard = std::exp(log_pdf(f) - normal_log_cdf(f));
      const double other = std::exp(log_pdf(f) - normal_log_cdf(-f));
      double by_f = 0.0;
      if (count == 1) {
        by_f = hazard * by_log_p(q, seen[0]) - other * by_log_p(q, seen[1]);
      } else {
        const Index k = seen[static_cast<std::size_t>(l)];
        by_f = (hazard + other) * (by_log_p(q, k) - std::exp(log_p(q, k)) * sum);
      }
      by_mean[l] += by_f;
      by_sd[l] += by_f * draws(q, l);
    }
  }
  for (Index l = 0; l < count; ++l) {
    const LocalMarginal& f = latents[static_cast<std::size_t>(l)];
    const double sd = std::max(std::sqrt(f.variance), 1e-9);
    slope += by_mean[l] * f.mean_gradient + by_sd[l] / (2.0 * sd) * f.variance_gradient;
  }
  return slope;
}

MulticlassClassifier MulticlassClassifier::supposing(PointsView x) const {
  State grown = *state_;
  for (Classifier& latent : grown.latents) latent = latent.supposing(x);
  return MulticlassClassifier(std::make_shared<const State>(std::move(grown)));
}

ClassScores class_scores(MatrixView p, VectorView truth) {
  require(p.rows() == truth.size(), "class_scores: expected as many rows as classes, got ",
          p.rows(), " and ", truth.size());
  ClassScores scores;
  double wrong = 0.0;
  for (Index i = 0; i < p.rows(); ++i) {
    if (std::isnan(truth[i])) continue;
    Index likely = 0;
    const double most = p.row(i).maxCoeff(&likely);
    const auto k = static_cast<Index>(truth[i]);
    require(k >= 0 && k < p.cols(), "class_scores: expected a class below ", p.cols(), ", got ",
            truth[i]);
    if (k != likely) wrong += 1.0;
    scores.expected += 1.0 - most;
    scores.log_score += std::log(std::max(p(i, k), 1e-300));
    ++scores.n;
  }
  if (scores.n == 0) {
    scores.upper = 1.0;
    return scores;
  }
  const auto n = static_cast<double>(scores.n);
  scores.wrong = wrong / n;
  scores.expected /= n;
  scores.log_score /= n;
  constexpr double z2 = 1.959963984540054 * 1.959963984540054;
  const double middle = (wrong + 0.5 * z2) / (n + z2);
  const double half = std::sqrt(z2 * (wrong * (n - wrong) / n + 0.25 * z2)) / (n + z2);
  scores.lower = wrong > 0.0 ? middle - half : 0.0;
  scores.upper = wrong < n ? middle + half : 1.0;
  return scores;
}

double expected_misclassification(const Domain& domain, const MulticlassClassifier& classifier) {
  const Matrix p = classifier.probability(design::reference(domain, reference_points, Rng(0)));
  return (1.0 - p.rowwise().maxCoeff().array()).mean();
}

}  // namespace sonde
