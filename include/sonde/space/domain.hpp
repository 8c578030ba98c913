#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sonde/base/scalar_field.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

enum class Scale { Linear, Log, Integer, Choice };

/// A normal distribution cut at the bounds; mean and sd in the parameter's unit (of a Log parameter
/// too). Says where accuracy matters.
struct TruncatedNormal {
  double mean;
  double sd;
};

/// One input of the simulator. Bounds are in `unit`; a Log parameter has lower > 0; the value of a
/// Choice is the index of its label, an Integer's bounds are whole.
struct Parameter {
  std::string name;
  Scale scale = Scale::Linear;
  double lower = 0.0;
  double upper = 1.0;
  std::string unit = "1";
  std::vector<std::string> labels{};              ///< of a Choice, else empty
  std::optional<TruncatedNormal> distribution{};  ///< none: uniform along the scale

  static Parameter linear(std::string name, double lower, double upper, std::string unit = "1");
  static Parameter log(std::string name, double lower, double upper, std::string unit = "1");
  static Parameter integer(std::string name, int lower, int upper, std::string unit = "1");
  static Parameter choice(std::string name, std::vector<std::string> labels);

  bool discrete() const noexcept { return scale == Scale::Integer || scale == Scale::Choice; }
};

/// Of an output: larger ones have no square in double precision, and so no variance.
constexpr double largest_value = 1e140;

/// One number that a simulation gives, or which of several named regimes it is in.
struct Output {
  std::string name;
  std::string unit = "1";
  /// Of an output of classes, two or more: the value of a run is the index of its class.
  std::vector<std::string> values{};

  bool is_class() const noexcept { return !values.empty(); }
};
/// The number of the class of that name; nothing: there is none.
std::optional<double> class_called(std::string_view name, const Output& output);
/// Whether it is an output of classes, and the number that of none of them.
bool is_no_class(double value, const Output& output) noexcept;

/// A known, cheap condition on a query: excess(x) <= tolerance, x in natural units.
struct Constraint {
  std::string name;
  ScalarField excess;
  double tolerance = 0.0;
};

struct Violation {
  std::string name;  ///< of the parameter or the constraint
  double excess;     ///< beyond what is tolerated, in its own unit
};

/// A box of parameters, cut by constraints. Immutable, cheap to copy.
///
/// Coordinates are in natural units everywhere, except where a name says `unit`: there they are in
/// the unit cube, in which each parameter runs from 0 to 1 along its scale. from_unit rounds what
/// is Integer or Choice, and never leaves the box; from_quantiles gives each level an equal share.
class Domain {
 public:
  /// \throws ArgumentError where a bound is not finite, lower >= upper, a Log bound is <= 0, an
  ///   Integer bound is not whole, a Choice has fewer than two labels, a name is empty or stands
  ///   twice.
  explicit Domain(std::vector<Parameter> parameters, std::vector<Constraint> constraints = {});

  Index dim() const noexcept;
  const std::vector<Parameter>& parameters() const noexcept;
  const std::vector<Constraint>& constraints() const noexcept;

  Vector to_unit(VectorView x) const;         ///< (d) -> (d)
  Vector from_unit(VectorView u) const;       ///< (d) -> (d), inverse of to_unit
  Points rows_to_unit(PointsView x) const;    ///< (n, d) -> (n, d)
  Points rows_from_unit(PointsView u) const;  ///< (n, d) -> (n, d)
  Vector unit_slope(VectorView x) const;      ///< (d), du_i/dx_i at x
  /// (d) -> (d): quantiles of the input distribution, natural units; uniform u become its draws.
  Vector from_quantiles(VectorView u) const;

  /// What x breaks, box first; empty where x is admissible. NaN is never admissible, nor is a
  /// fractional Integer or Choice.
  std::vector<Violation> violations(VectorView x) const;
  bool admits(VectorView x) const;                      ///< violations(x).empty(), sooner
  std::vector<bool> rows_admitted(PointsView x) const;  ///< (n, d) -> (n), by the row paths

  /// The same without `margin` (in [0, 0.5)) of each continuous range at both of its ends;
  /// integers, choices and constraints stay.
  Domain narrowed(double margin) const;

  /// The constraints as fields of the unit cube, less their tolerances: at most zero where they
  /// hold. With gradient where the constraint has one; integers and choices are not rounded.
  std::vector<ScalarField> unit_constraints() const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace sonde
