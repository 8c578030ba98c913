#include "sonde/base/scalar_field.hpp"

#include "sonde/base/error.hpp"

namespace sonde {

bool ScalarField::has_gradient() const noexcept {
  return static_cast<bool>(state_->value_and_gradient);
}

double ScalarField::operator()(VectorView x) const {
  if (state_->value) return state_->value(x);
  Vector none(0);
  return state_->value_and_gradient(x, none);
}

double ScalarField::operator()(VectorView x, VectorOut gradient) const {
  if (gradient.size() == 0) return (*this)(x);
  require(has_gradient(), "ScalarField: a gradient was asked of a function that has none");
  return state_->value_and_gradient(x, gradient);
}

Vector ScalarField::on_rows(PointsView x) const {
  if (state_->rows) return state_->rows(x);
  Vector values(x.rows());
  for (Index i = 0; i < x.rows(); ++i) values[i] = (*this)(x.row(i).transpose());
  return values;
}

ScalarField ScalarField::with_rows(Rows rows) const {
  State state = *state_;
  state.rows = std::move(rows);
  return ScalarField(std::make_shared<const State>(std::move(state)));
}

}  // namespace sonde
