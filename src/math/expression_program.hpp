#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/math/expression.hpp"

namespace sonde {

/// What a node of a formula does with its operands.
enum class Op : std::uint8_t {
  // clang-format off
  Constant, Variable,
  Add, Subtract, Multiply, Divide, Power, Negate,
  Less, LessEqual, Equal, NotEqual, And, Or, Not, Select,
  Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Exp, Log, Log10, Log2, Sqrt, Cbrt,
  Abs, Floor, Ceil, Round, Sign, Min, Max, Hypot, Atan2,
  // Fields of inequalities: at most zero where the comparison holds, +infinity where it has a NaN.
  ExcessLess, ExcessLessEqual, Distance, Refusal,
  // clang-format on
};

/// One step of a formula; operands are earlier steps.
struct Node {
  Op op = Op::Constant;
  bool truth = false;  ///< its value is a truth value: 1 or 0
  int a = -1;
  int b = -1;
  int c = -1;
  Index variable = -1;
  double value = 0.0;  ///< of a constant
};

inline constexpr std::size_t max_characters = 4096;
inline constexpr int max_levels = 200;
inline constexpr std::size_t max_nodes = 10000;

/// The steps of a formula in an order in which they can be done, the last being its value.
class Tape {
 public:
  explicit Tape(Index variables) : variables_(variables) {}

  Index variables() const { return variables_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int i) const { return nodes_[static_cast<std::size_t>(i)]; }
  int root() const { return static_cast<int>(nodes_.size()) - 1; }
  bool full() const { return nodes_.size() >= max_nodes; }

  int constant(double value);
  int variable(Index index);
  /// Folded to a constant where all operands are.
  int step(Op op, int a, int b = -1, int c = -1);
  /// All steps of another tape over the same variables; the place of its value.
  int inlined(const Tape& other);
  /// What the step `root` needs, and no more.
  Tape reduced_to(int root) const;

  double value(VectorView x) const;
  double value_and_gradient(VectorView x, VectorOut gradient) const;  ///< reverse mode
  Vector rows(PointsView x) const;

  std::vector<bool> uses() const;
  /// Whether the step has slopes to climb by: nothing below it jumps. \pre root() is the value
  bool smooth(int step) const;

 private:
  int push(const Node& node);

  Index variables_;
  std::vector<Node> nodes_;
  std::vector<int> known_variables_;
};

struct Expression::Program {
  std::string text;
  Tape tape;
};

/// Derived quantities by name, compiled.
using DerivedTapes = std::vector<std::pair<std::string_view, const Tape*>>;

/// \throws StudyError with a caret under the place.
Tape parse_formula(std::string_view text, const Symbols& symbols, const DerivedTapes& derived);

}  // namespace sonde
