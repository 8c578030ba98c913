#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sonde/base/scalar_field.hpp"
#include "sonde/base/types.hpp"

namespace sonde {

class Expression;

/// The names that a formula may use.
struct Symbols {
  std::vector<std::string> variables;  ///< (d) in the order of the points' columns
  /// (d) or empty: labels of a categorical variable; its value is the index of its label, and
  /// `material == "CFRP"` compares with that index.
  std::vector<std::vector<std::string>> labels;
  std::vector<std::pair<std::string, double>> constants;
  std::vector<std::pair<std::string, Expression>> derived;  ///< over the same variables
};

/// A formula, compiled once, evaluated often. Immutable, cheap to copy, safe between threads.
///
/// `+ - * / ^ ( )`, comparisons and chains of them (1 where they hold, else 0), `&& || !`, `? :`,
/// the functions sin cos tan asin acos atan sinh cosh tanh exp log log10 log2 sqrt cbrt abs floor
/// ceil round sign min max hypot atan2 pow clamp, the constants pi and e (unless a name of yours).
/// `^` binds tighter than unary minus and to the right. No assignment, no loops; at most 4,096
/// characters, 200 levels, 10,000 nodes. Evaluation never throws: what is undefined is NaN or
/// infinite, as in IEEE 754. Beside && || ! and before ? stand conditions, never plain numbers.
class Expression {
 public:
  /// \throws StudyError with the formula, a caret under the place, and what was expected there; an
  ///   unknown name is answered with the nearest known one.
  Expression(std::string_view text, const Symbols& symbols);

  const std::string& text() const noexcept;

  double operator()(VectorView x) const;                      ///< (d), O(nodes)
  double operator()(VectorView x, VectorOut gradient) const;  ///< exact gradient, reverse mode
  Vector on_rows(PointsView x) const;                         ///< (n, d) -> (n), vectorised

  /// Whether each variable stands in the formula. (d)
  std::vector<bool> uses() const;
  /// Whether the value is a truth value: a comparison, or a combination of such.
  bool is_condition() const noexcept;
  /// Whether it has a gradient almost everywhere that a search may climb: no ?:, ||, !, floor...
  bool is_smooth() const noexcept;

  ScalarField field() const;  ///< with gradient and row path

 private:
  friend std::vector<ScalarField> inequalities(const Expression& condition);
  struct Program;
  std::shared_ptr<const Program> program_;
};

/// The condition as fields that are at most zero where it holds, together: one for each comparison
/// of a chain or an `&&` of chains (`a <= b` gives a - b, with gradient and row path; without where
/// a side jumps). A part of another form (`||`, `!`, `?:`, `!=`) gives a field without gradient: 0
/// where it holds, else 1. `<` is broken, if by next to nothing, where both sides are equal.
/// `==` gives |a - b|. NaN on either side counts as violated: the field is +infinity there.
///
/// \throws StudyError where the formula is no condition.
std::vector<ScalarField> inequalities(const Expression& condition);

}  // namespace sonde
