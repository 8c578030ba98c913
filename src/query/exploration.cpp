#include "sonde/query/exploration.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include "gp/response_state.hpp"
#include "query/asked.hpp"
#include "query/integrated.hpp"
#include "query/success.hpp"
#include "query/weighing.hpp"
#include "sonde/base/error.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/space/design.hpp"

namespace sonde::criteria {
namespace {

/// One part of a worth: value and slope (natural units), which is not wanted where it is empty.
using Portion = std::function<double(VectorView x, VectorOut gradient)>;

Acquisition summed(std::vector<Portion> parts) {
  return Acquisition([parts = std::move(parts)](VectorView x, VectorOut gradient) {
    double worth = 0.0;
    Vector slope(gradient.size());
    if (gradient.size() > 0) gradient.setZero();
    for (const Portion& part : parts) {
      worth += part(x, slope);
      if (gradient.size() > 0) gradient += slope;
    }
    return worth;
  });
}

/// A part for each output of the surrogate, weighed by where runs bring it, and by how much places
/// count.
Criterion by_output(std::string name,
                    std::function<Portion(const Surrogate&, Index output, Rng rng)> make) {
  return {std::move(name), [make = std::move(make)](const Surrogate& surrogate, Rng rng) {
            const auto sum = [&](const Surrogate& its) {
              std::vector<Portion> parts;
              for (Index j = 0; j < static_cast<Index>(its.outputs().size()); ++j)
                parts.push_back(make(its, j, rng.child("output", static_cast<std::uint64_t>(j))));
              return summed(std::move(parts));
            };
            return query::where_it_counts(query::where_outputs_arrive(surrogate, sum), surrogate);
          }};
}

double square_distance(VectorView a, VectorView b) {
  return (a - b).squaredNorm();
}

/// In the features of one member.
class KernelDistance {
 public:
  KernelDistance(const Member& member, const Domain& domain)
      : features_(domain, member.kind.log_inputs),
        process_(member.process),
        variance_(process_.kernel()->variance(process_.x())),
        unit_(member.weight / variance_.maxCoeff()) {}

  double operator()(VectorView x, VectorOut gradient) const {
    const Vector at = features_.point(x);
    const Kernel& kernel = process_.kernel();
    const Points row = at.transpose();
    const double own = kernel->variance(row)[0];
    const Vector between = kernel->covariance(row, process_.x()).row(0).transpose();
    Index nearest = 0;
    const double distance = (own + variance_.array() - 2.0 * between.array()).minCoeff(&nearest);
    if (gradient.size() > 0) {
      const Matrix one = Matrix::Ones(1, 1);
      // k(x, x) changes with both of its arguments.
      const Vector slope =
          2.0 * (kernel->input_gradient(at, row, one) -
                 kernel->input_gradient(at, process_.x().middleRows(nearest, 1), one));
      gradient = unit_ * features_.chained(x, slope);
    }
    return unit_ * std::max(0.0, distance);
  }

 private:
  Features features_;
  GaussianProcess process_;
  Vector variance_;  // k(x_i, x_i)
  double unit_;
};

/// Of a response, at the point that is nearest in the unit cube.
class SteepAndUncertain {
 public:
  SteepAndUncertain(const Domain& domain, const Response& response, double unit)
      : domain_(domain),
        response_(response),
        known_(domain.rows_to_unit(response.known())),
        value_(response.predict(response.known()).mean),
        unit_(unit) {}

  double operator()(VectorView x, VectorOut gradient) const {
    const Vector u = domain_.to_unit(x);
    Index nearest = 0;
    double least = square_distance(u, known_.row(0).transpose());
    for (Index i = 1; i < known_.rows(); ++i) {
      const double distance = square_distance(u, known_.row(i).transpose());
      if (distance < least) {
        least = distance;
        nearest = i;
      }
    }
    const LocalMarginal at = response_.predict_at(x);
    const double off = at.mean - value_[nearest];
    if (gradient.size() > 0)
      gradient = (2.0 * off * at.mean_gradient + at.variance_gradient) / unit_;
    return (off * off + at.variance) / unit_;
  }

 private:
  Domain domain_;
  Response response_;
  Points known_;  // unit cube
  Vector value_;
  double unit_;
};

/// By one member, in its own scale, which drops out.
class Information {
 public:
  Information(const Member& member, const Domain& domain, PointsView reference)
      : features_(domain, member.kind.log_inputs),
        known_(member.process),
        rest_(rest_of(member.process, features_.rows(reference))),
        noise_(std::max(known_.noise_variance(), least * prior_variance(known_))) {}

  double operator()(VectorView x, VectorOut gradient) const {
    const Vector at = features_.point(x);
    const LocalMarginal here = known_.predict_at(at);
    const LocalMarginal there = rest_.predict_at(at);
    const double with = here.variance + noise_, without = there.variance + noise_;
    if (gradient.size() > 0)
      gradient =
          features_.chained(x, here.variance_gradient / with - there.variance_gradient / without);
    return std::log(with / without);
  }

 private:
  // So that a logarithm of what is known to the last bit is finite.
  static constexpr double least = 1e-9;

  static double prior_variance(const GaussianProcess& process) {
    return process.kernel()->variance(process.x()).maxCoeff();
  }

  static GaussianProcess rest_of(const GaussianProcess& process, Points reference) {
    const Index rows = reference.rows();
    return GaussianProcess(process.kernel(), Noise(prior_variance(process)), std::move(reference),
                           Vector::Zero(rows), process.trend());
  }

  Features features_;
  GaussianProcess known_;
  GaussianProcess rest_;
  double noise_;
};

/// What the reference points bring to the error, and what is left of it.
struct Reference {
  Response response;
  Points x;
  Vector share;  // of the mean: weights / spread
  Vector variance;
  double noise_variance;

  Vector reduction(PointsView at) const {
    const Matrix between = response.covariance(x, at);
    const Vector own = response.predict(at).variance;
    Vector worth(at.rows());
    for (Index i = 0; i < at.rows(); ++i) {
      const auto left =
          (variance.array() - between.col(i).array().square() / (own[i] + noise_variance))
              .cwiseMax(0.0);
      worth[i] = share.dot((variance.array().sqrt() - left.sqrt()).matrix());
    }
    return worth;
  }
};

}  // namespace

Criterion core_set() {
  return by_output("core set", [](const Surrogate& surrogate, Index output, Rng) -> Portion {
    std::vector<KernelDistance> members;
    for (const Member& member : surrogate[output].members())
      members.emplace_back(member, surrogate.domain());
    return [members = std::move(members)](VectorView x, VectorOut gradient) {
      double distance = 0.0;
      Vector slope(gradient.size());
      if (gradient.size() > 0) gradient.setZero();
      for (const KernelDistance& member : members) {
        distance += member(x, slope);
        if (gradient.size() > 0) gradient += slope;
      }
      return distance;
    };
  });
}

Criterion global_fit() {
  return by_output("global fit", [](const Surrogate& surrogate, Index output, Rng) -> Portion {
    const double unit = query::units_of(surrogate)[static_cast<std::size_t>(output)];
    return SteepAndUncertain(surrogate.domain(), surrogate[output], unit);
  });
}

Criterion mutual_information(Index reference_points) {
  require(reference_points > 0,
          "criteria: mutual information needs at least one reference point, got ",
          reference_points);
  return by_output(
      "mutual information",
      [reference_points](const Surrogate& surrogate, Index output, Rng rng) -> Portion {
        const Points reference =
            design::reference(surrogate.domain(), reference_points, rng.child("reference"));
        const Surrogate leading = surrogate.leading();
        return Information(leading[output].members().front(), surrogate.domain(), reference);
      });
}

Criterion model_change() {
  const auto share = [](const Surrogate& surrogate, Index output, Rng) -> Portion {
    const Response response = surrogate[output];
    const double noise = response.noise_sd() * response.noise_sd() + 1e-300;
    return [response, noise](VectorView x, VectorOut gradient) {
      Vector slope(gradient.size());
      const double doubt = response.disagreement(x, slope);
      const LocalMarginal at = response.predict_at(x);
      const double all = at.variance + noise;
      if (gradient.size() > 0) gradient = (slope - doubt / all * at.variance_gradient) / all;
      return doubt / all;
    };
  };
  const Criterion its = by_output("model change", share);
  return {its.name,
          [its](const Surrogate& surrogate, Rng rng) {
            return query::doubts_itself(surrogate) ? its.prepare(surrogate, rng)
                                                   : integrated_variance().prepare(surrogate, rng);
          },
          [](const Surrogate& surrogate) {
            return std::string(query::doubts_itself(surrogate) ? "model change"
                                                               : "integrated variance");
          }};
}

Criterion expected_error_reduction(Index reference_points) {
  require(reference_points > 0,
          "criteria: expected error reduction needs at least one reference point, got ",
          reference_points);
  const auto prepare = [reference_points](const Surrogate& surrogate, Rng rng) {
    const Points x =
        design::reference(surrogate.domain(), reference_points, rng.child("reference"));
    const std::vector<double> units = query::units_of(surrogate);
    auto parts = std::make_shared<std::vector<Reference>>();
    for (std::size_t j = 0; j < units.size(); ++j) {
      const Response& response = surrogate[static_cast<Index>(j)];
      Vector weights = query::importance(surrogate, static_cast<Index>(j), x);
      weights /= weights.sum() * std::sqrt(units[j]);
      const double noise = response.noise_sd();
      parts->push_back(
          {response, x, weights, response.predict(x).variance, noise * noise + 1e-300});
    }
    const auto rows = [parts](PointsView at) {
      Vector worth = Vector::Zero(at.rows());
      for (const Reference& part : *parts) worth += part.reduction(at);
      return worth;
    };
    return Acquisition([rows](VectorView at) { return rows(at.transpose())[0]; }).with_rows(rows);
  };
  return {"expected error reduction", [prepare](const Surrogate& surrogate, Rng rng) {
            return query::where_outputs_arrive(
                surrogate, [&](const Surrogate& its) { return prepare(its, rng); });
          }};
}

}  // namespace sonde::criteria
