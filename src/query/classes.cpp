#include "sonde/query/classes.hpp"

#include <cmath>
#include <numbers>

#include "query/weighing.hpp"
#include "sonde/base/error.hpp"
#include "sonde/query/exploration.hpp"

namespace sonde::criteria {
namespace {

// A number of what the members of a committee say, log_p (q, classes), with slopes in it.
struct OfVotes {
  double value;
  Matrix by_log_p;
};
using Weighing = OfVotes (*)(const Matrix& log_p);

// p ln p, and its slope in ln p, where p may be 0.
double p_log_p(double p) {
  return p > 0.0 ? p * std::log(p) : 0.0;
}

// Entropy in bits of the mean of these rows, and its slopes in ln p.
OfVotes entropy_of_mean(const Matrix& p) {
  const auto members = static_cast<double>(p.rows());
  const Vector mean = p.colwise().sum() / members;
  OfVotes its{0.0, Matrix::Zero(p.rows(), p.cols())};
  for (Index k = 0; k < p.cols(); ++k) {
    if (!(mean[k] > 0.0)) continue;
    its.value -= p_log_p(mean[k]) / std::numbers::ln2;
    its.by_log_p.col(k) = -(std::log(mean[k]) + 1.0) / (members * std::numbers::ln2) * p.col(k);
  }
  return its;
}

OfVotes entropy_of(const Matrix& log_p) {
  return entropy_of_mean(probabilities_of(log_p));
}

OfVotes information_of(const Matrix& log_p) {
  const Matrix p = probabilities_of(log_p);
  const double scale = static_cast<double>(p.rows()) * std::numbers::ln2;
  OfVotes its = entropy_of_mean(p);
  for (Index q = 0; q < p.rows(); ++q) {
    for (Index k = 0; k < p.cols(); ++k) {
      if (!(p(q, k) > 0.0)) continue;
      its.value += p(q, k) * log_p(q, k) / scale;
      its.by_log_p(q, k) += p(q, k) * (log_p(q, k) + 1.0) / scale;
    }
  }
  return its;
}

// The most likely class of the mean, and the next.
struct Likely {
  Index first = 0;
  Index second = 0;
};
Likely likely_of(const Vector& mean) {
  Likely its;
  mean.maxCoeff(&its.first);
  Vector others = mean;
  others[its.first] = -1.0;
  others.maxCoeff(&its.second);
  return its;
}

OfVotes less_than_sure(const Matrix& log_p, bool beside_the_next) {
  const Matrix p = probabilities_of(log_p);
  const auto members = static_cast<double>(p.rows());
  const Vector mean = p.colwise().sum() / members;
  const Likely likely = likely_of(mean);
  OfVotes its{1.0 - mean[likely.first], Matrix::Zero(p.rows(), p.cols())};
  its.by_log_p.col(likely.first) = -p.col(likely.first) / members;
  if (beside_the_next) {
    its.value += mean[likely.second];
    its.by_log_p.col(likely.second) = p.col(likely.second) / members;
  }
  return its;
}

OfVotes margin_of(const Matrix& log_p) {
  return less_than_sure(log_p, true);
}

OfVotes least_confidence_of(const Matrix& log_p) {
  return less_than_sure(log_p, false);
}

OfVotes votes_of(const Matrix& log_p) {
  constexpr double sharpness = 10.0;
  Matrix votes = Matrix::Zero(log_p.rows(), log_p.cols());
  for (Index q = 0; q < log_p.rows(); ++q) {
    const double most = log_p.row(q).maxCoeff();
    votes.row(q) = probabilities_of(sharpness * (log_p.row(q).array() - most).matrix());
    votes.row(q) /= votes.row(q).sum();
  }
  OfVotes its = entropy_of_mean(votes);  // slopes in ln votes
  const Vector sums = its.by_log_p.rowwise().sum();
  its.by_log_p = sharpness * (its.by_log_p - sums.asDiagonal() * votes);
  return its;
}

Criterion of_classes(std::string name, Weighing weighing) {
  const auto prepare = [weighing](const Surrogate& surrogate, Rng rng) -> Acquisition {
    if (!surrogate.classes(0)) return core_set().prepare(surrogate, rng);
    const MulticlassClassifier classifier = *surrogate.classes(0);
    return query::where_it_counts(
        Acquisition([classifier, weighing](VectorView x, VectorOut gradient) {
          const ClassCommittee committee = classifier.committee_at(x);
          const OfVotes its = weighing(committee.log_p);
          if (gradient.size() > 0) gradient = committee.gradient(its.by_log_p);
          return its.value;
        }),
        surrogate);
  };
  return {name, prepare, [name](const Surrogate& surrogate) {
            return surrogate.classes(0) ? name : core_set().name;
          }};
}

}  // namespace

Criterion class_information() {
  return of_classes("class information", information_of);
}

Criterion class_entropy() {
  return of_classes("class entropy", entropy_of);
}

Criterion class_margin() {
  return of_classes("class margin", margin_of);
}

Criterion class_least_confidence() {
  return of_classes("class least confidence", least_confidence_of);
}

Criterion class_votes() {
  return of_classes("class votes", votes_of);
}

std::vector<std::string> names_of_classes() {
  return {"class information", "class entropy", "class margin", "class least confidence",
          "class votes"};
}

Criterion named_of_classes(std::string_view name) {
  for (const Criterion& one : {class_information(), class_entropy(), class_margin(),
                               class_least_confidence(), class_votes()})
    if (name == one.name) return one;
  throw ArgumentError(
      concat("criteria: expected 'class information', 'class entropy', "
             "'class margin', 'class least confidence' or 'class votes', got '",
             name, "'"));
}

}  // namespace sonde::criteria
