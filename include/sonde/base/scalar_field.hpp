#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <utility>

#include "sonde/base/types.hpp"

namespace sonde {

/// A real function of a point, with its gradient where it has one.
///
/// Built from any callable: `double(VectorView x)`, or `double(VectorView x, VectorOut gradient)`
/// where `gradient` is empty when the caller wants the value alone. Must be callable from several
/// threads at once. An immutable value, cheap to copy.
class ScalarField {
 public:
  using Value = std::function<double(VectorView)>;
  using ValueAndGradient = std::function<double(VectorView, VectorOut)>;
  using Rows = std::function<Vector(PointsView)>;

  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, ScalarField> && std::invocable<F&, VectorView>)
      ScalarField(F value)  // NOLINT(google-explicit-constructor): any callable is a field
      : state_(std::make_shared<const State>(State{Value(std::move(value)), {}, {}})) {}

  template <class F>
  requires std::invocable<F&, VectorView, VectorOut> ScalarField(
      F value_and_gradient)  // NOLINT(google-explicit-constructor)
      : state_(std::make_shared<const State>(
            State{{}, ValueAndGradient(std::move(value_and_gradient)), {}})) {}

  bool has_gradient() const noexcept;

  double operator()(VectorView x) const;  ///< (d)
  /// Value, and the gradient (d) written where `gradient` is not empty. \pre has_gradient()
  double operator()(VectorView x, VectorOut gradient) const;

  Vector on_rows(
      PointsView x) const;  ///< (n, d) -> (n). One call a row, unless `rows` knew better.

  /// The same function, told a cheaper way to evaluate many points at once.
  ScalarField with_rows(Rows rows) const;

 private:
  struct State {
    Value value;
    ValueAndGradient value_and_gradient;
    Rows rows;
  };
  explicit ScalarField(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace sonde
