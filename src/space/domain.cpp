#include "sonde/space/domain.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "sonde/base/error.hpp"
#include "space/axis.hpp"

namespace sonde {

using space::Axis;

struct Domain::State {
  std::vector<Parameter> parameters;
  std::vector<Constraint> constraints;
  std::vector<Axis> axes;
};

namespace {

void check_shape(Index got, std::size_t dim) {
  require(got == static_cast<Index>(dim), "Domain: a point needs ", dim, " coordinates, got ", got);
}

void check_names(const std::vector<Parameter>& parameters) {
  std::set<std::string> seen;
  for (const Parameter& parameter : parameters) {
    require(!parameter.name.empty(), "Domain: a parameter has no name. Give each one of its own.");
    require(seen.insert(parameter.name).second, "Domain: two parameters are named '",
            parameter.name, "'. Give each a name of its own.");
  }
}

// f applied to each coordinate of a point with its axis.
template <class F>
Vector along_axes(const std::vector<Axis>& axes, VectorView x, F f) {
  check_shape(x.size(), axes.size());
  Vector result(x.size());
  for (Index i = 0; i < x.size(); ++i) result[i] = f(axes[static_cast<std::size_t>(i)], x[i]);
  return result;
}

template <class F>
Points along_axes_of_rows(const std::vector<Axis>& axes, PointsView x, F f) {
  check_shape(x.cols(), axes.size());
  Points result(x.rows(), x.cols());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < x.cols(); ++j) {
      result(i, j) = f(axes[static_cast<std::size_t>(j)], x(i, j));
    }
  }
  return result;
}

// A constraint seen from the unit cube. Integers and choices are not rounded: the search climbs
// along the relaxed coordinate, where value and gradient agree.
ScalarField in_unit_cube(const Constraint& constraint, const std::vector<Axis>& axes) {
  const auto relaxed = [](const Axis& axis, double u) { return axis.relaxed(u); };
  const auto value = [constraint, axes, relaxed](VectorView u) {
    return constraint.excess(along_axes(axes, u, relaxed)) - constraint.tolerance;
  };
  const auto rows = [constraint, axes, relaxed](PointsView u) -> Vector {
    return constraint.excess.on_rows(along_axes_of_rows(axes, u, relaxed)).array() -
           constraint.tolerance;
  };
  if (!constraint.excess.has_gradient()) return ScalarField(value).with_rows(rows);
  const auto value_and_gradient = [constraint, axes, relaxed, value](VectorView u,
                                                                     VectorOut gradient) {
    if (gradient.size() == 0) return value(u);
    const Vector x = along_axes(axes, u, relaxed);
    const double excess = constraint.excess(x, gradient);
    for (Index i = 0; i < x.size(); ++i) {
      gradient[i] /= axes[static_cast<std::size_t>(i)].unit_slope(x[i]);
    }
    return excess - constraint.tolerance;
  };
  return ScalarField(value_and_gradient).with_rows(rows);
}

}  // namespace

Parameter Parameter::linear(std::string name, double lower, double upper, std::string unit) {
  return {std::move(name), Scale::Linear, lower, upper, std::move(unit)};
}

Parameter Parameter::log(std::string name, double lower, double upper, std::string unit) {
  return {std::move(name), Scale::Log, lower, upper, std::move(unit)};
}

Parameter Parameter::integer(std::string name, int lower, int upper, std::string unit) {
  return {std::move(name), Scale::Integer, static_cast<double>(lower), static_cast<double>(upper),
          std::move(unit)};
}

std::optional<double> class_called(std::string_view name, const Output& output) {
  const auto found = std::find(output.values.begin(), output.values.end(), name);
  if (found == output.values.end()) return std::nullopt;
  return static_cast<double>(found - output.values.begin());
}

bool is_no_class(double value, const Output& output) noexcept {
  const auto count = static_cast<double>(output.values.size());
  return output.is_class() && !(value >= 0.0 && value < count && value == std::floor(value));
}

Parameter Parameter::choice(std::string name, std::vector<std::string> labels) {
  const double last = static_cast<double>(labels.size()) - 1.0;
  return {std::move(name), Scale::Choice, 0.0, last, "1", std::move(labels)};
}

Domain::Domain(std::vector<Parameter> parameters, std::vector<Constraint> constraints) {
  require(!parameters.empty(), "Domain: expected at least one parameter, got none");
  check_names(parameters);
  State state{std::move(parameters), std::move(constraints), {}};
  for (const Parameter& parameter : state.parameters) state.axes.emplace_back(parameter);
  for (const Constraint& constraint : state.constraints) {
    require(!std::isnan(constraint.tolerance), "Domain: the tolerance of constraint '",
            constraint.name, "' is not a number");
  }
  state_ = std::make_shared<const State>(std::move(state));
}

Index Domain::dim() const noexcept {
  return static_cast<Index>(state_->parameters.size());
}

const std::vector<Parameter>& Domain::parameters() const noexcept {
  return state_->parameters;
}

const std::vector<Constraint>& Domain::constraints() const noexcept {
  return state_->constraints;
}

Vector Domain::to_unit(VectorView x) const {
  return along_axes(state_->axes, x, [](const Axis& axis, double v) { return axis.to_unit(v); });
}

Vector Domain::from_unit(VectorView u) const {
  return along_axes(state_->axes, u, [](const Axis& axis, double v) { return axis.from_unit(v); });
}

Points Domain::rows_to_unit(PointsView x) const {
  return along_axes_of_rows(state_->axes, x,
                            [](const Axis& axis, double v) { return axis.to_unit(v); });
}

Points Domain::rows_from_unit(PointsView u) const {
  return along_axes_of_rows(state_->axes, u,
                            [](const Axis& axis, double v) { return axis.from_unit(v); });
}

Vector Domain::unit_slope(VectorView x) const {
  return along_axes(state_->axes, x, [](const Axis& axis, double v) { return axis.unit_slope(v); });
}

Vector Domain::from_quantiles(VectorView u) const {
  return along_axes(state_->axes, u,
                    [](const Axis& axis, double v) { return axis.from_quantile(v); });
}

Domain Domain::narrowed(double margin) const {
  require(margin >= 0.0 && margin < 0.5, "Domain: expected a margin in [0, 0.5), got ", margin);
  if (margin == 0.0) return *this;
  std::vector<Parameter> narrow = parameters();
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    if (narrow[i].discrete()) continue;
    narrow[i].lower = state_->axes[i].from_unit(margin);
    narrow[i].upper = state_->axes[i].from_unit(1.0 - margin);
  }
  return Domain(std::move(narrow), constraints());
}

std::vector<Violation> Domain::violations(VectorView x) const {
  check_shape(x.size(), state_->axes.size());
  std::vector<Violation> found;
  for (std::size_t i = 0; i < state_->axes.size(); ++i) {
    const double outside = state_->axes[i].outside(x[static_cast<Index>(i)]);
    if (!(outside == 0.0)) found.push_back({state_->parameters[i].name, outside});
  }
  for (const Constraint& constraint : state_->constraints) {
    const double excess = constraint.excess(x);
    if (!(excess <= constraint.tolerance)) {
      found.push_back({constraint.name, excess - constraint.tolerance});
    }
  }
  return found;
}

bool Domain::admits(VectorView x) const {
  check_shape(x.size(), state_->axes.size());
  for (Index i = 0; i < x.size(); ++i) {
    if (!(state_->axes[static_cast<std::size_t>(i)].outside(x[i]) == 0.0)) return false;
  }
  return std::all_of(state_->constraints.begin(), state_->constraints.end(),
                     [&](const Constraint& c) { return c.excess(x) <= c.tolerance; });
}

std::vector<bool> Domain::rows_admitted(PointsView x) const {
  check_shape(x.cols(), state_->axes.size());
  std::vector<bool> admitted(static_cast<std::size_t>(x.rows()), true);
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < x.cols(); ++j) {
      if (state_->axes[static_cast<std::size_t>(j)].outside(x(i, j)) == 0.0) continue;
      admitted[static_cast<std::size_t>(i)] = false;
    }
  }
  for (const Constraint& constraint : state_->constraints) {
    const Vector excess = constraint.excess.on_rows(x);
    for (Index i = 0; i < x.rows(); ++i) {
      if (!(excess[i] <= constraint.tolerance)) admitted[static_cast<std::size_t>(i)] = false;
    }
  }
  return admitted;
}

std::vector<ScalarField> Domain::unit_constraints() const {
  std::vector<ScalarField> fields;
  for (const Constraint& constraint : state_->constraints) {
    fields.push_back(in_unit_cube(constraint, state_->axes));
  }
  return fields;
}

}  // namespace sonde
