#include "serve/surrogate_models.hpp"

#include <algorithm>
#include <cmath>

#include "sonde/base/error.hpp"

namespace sonde::serve {
namespace {

double deviation(const LocalMarginal& marginal) {
  return std::sqrt(std::max(0.0, marginal.variance));
}

}  // namespace

Index Model::inputs() const {
  return surrogate_.domain().dim();
}

std::vector<Index> Model::output_sizes() const {
  const auto m = static_cast<Index>(surrogate_.outputs().size());
  return kind_ == Kind::MeanAndSd ? std::vector<Index>{m, m} : std::vector<Index>{m};
}

bool Model::is_mean(std::size_t output) const {
  return kind_ == Kind::Mean || (kind_ == Kind::MeanAndSd && output == 0);
}

std::string Model::objection(VectorView x) const {
  const std::vector<Parameter>& parameters = surrogate_.domain().parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& p = parameters[i];
    const double value = x[static_cast<Index>(i)];
    if (!std::isfinite(value)) return concat("'", p.name, "': expected a finite number");
    if (p.scale == Scale::Log && !(value > 0.0))
      return concat("'", p.name, "': expected a number above 0, its scale is log; got ", value);
    const auto labels = static_cast<double>(p.labels.size());
    if (p.scale == Scale::Choice && !(value >= 0.0 && value < labels && value == std::floor(value)))
      return concat("'", p.name, "': expected the number of a label, 0 to ", p.labels.size() - 1,
                    "; got ", value);
  }
  return "";
}

std::vector<Vector> Model::evaluate(VectorView x) const {
  const auto m = static_cast<Index>(surrogate_.outputs().size());
  std::vector<Vector> values(output_sizes().size(), Vector(m));
  for (Index j = 0; j < m; ++j) {
    const LocalMarginal marginal = surrogate_[j].predict_at(x);
    for (std::size_t k = 0; k < values.size(); ++k)
      values[k][j] = is_mean(k) ? marginal.mean : deviation(marginal);
  }
  return values;
}

Matrix Model::jacobian(VectorView x, std::size_t output) const {
  const auto m = static_cast<Index>(surrogate_.outputs().size());
  Matrix slopes(m, inputs());
  for (Index j = 0; j < m; ++j) {
    const LocalMarginal marginal = surrogate_[j].predict_at(x);
    const double sd = deviation(marginal);
    if (is_mean(output)) {
      slopes.row(j) = marginal.mean_gradient.transpose();
    } else if (sd > 0.0) {
      slopes.row(j) = marginal.variance_gradient.transpose() / (2.0 * sd);
    } else {
      slopes.row(j).setZero();
    }
  }
  return slopes;
}

std::vector<Model> surrogate_models(const Surrogate& surrogate) {
  return {Model("mean", Model::Kind::Mean, surrogate), Model("sd", Model::Kind::Sd, surrogate),
          Model("mean_sd", Model::Kind::MeanAndSd, surrogate)};
}

}  // namespace sonde::serve
