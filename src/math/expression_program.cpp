#include "math/expression_program.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "math/expression_steps.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

Slopes power_slopes(double a, double b, double v) {
  // By std::pow, not v / a: exact for negative bases and whole exponents, and at a = 0.
  const double in_base = b == 0.0 ? 0.0 : b * power(a, b - 1.0);
  const double in_exponent = a == 0.0 && b > 0.0 ? 0.0 : v * std::log(a);
  return {in_base, in_exponent};
}

Slopes hypot_slopes(double a, double b, double v) {
  if (v == 0.0) return {1.0, 1.0};
  return {a / v, b / v};
}

Slopes atan2_slopes(double a, double b) {
  const double h = std::hypot(a, b);
  return {b / h / h, -a / h / h};
}

double side(double difference) {
  return difference >= 0.0 ? 1.0 : -1.0;
}

bool jumps(Op op) {
  switch (op) {
    case Op::Floor:
    case Op::Ceil:
    case Op::Round:
    case Op::Sign:
    case Op::Select:
    case Op::Less:
    case Op::LessEqual:
    case Op::Equal:
    case Op::NotEqual:
    case Op::And:
    case Op::Or:
    case Op::Not:
    case Op::Refusal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Slopes slopes_of(Op op, double a, double b, double v) {
  // clang-format off
  switch (op) {
    case Op::Add: return {1.0, 1.0};
    case Op::Subtract:
    case Op::ExcessLess:
    case Op::ExcessLessEqual: return {1.0, -1.0};
    case Op::Distance: return {side(a - b), -side(a - b)};
    case Op::Multiply: return {b, a};
    case Op::Divide: return {1.0 / b, -v / b};
    case Op::Power: return power_slopes(a, b, v);
    case Op::Negate: return {-1.0};
    case Op::Sin: return {std::cos(a)};
    case Op::Cos: return {-std::sin(a)};
    case Op::Tan: return {1.0 + v * v};
    case Op::Asin: return {1.0 / std::sqrt((1.0 - a) * (1.0 + a))};
    case Op::Acos: return {-1.0 / std::sqrt((1.0 - a) * (1.0 + a))};
    case Op::Atan: return {1.0 / (1.0 + a * a)};
    case Op::Sinh: return {std::cosh(a)};
    case Op::Cosh: return {std::sinh(a)};
    case Op::Tanh: return {(1.0 - v) * (1.0 + v)};
    case Op::Exp: return {v};
    case Op::Log: return {1.0 / a};
    case Op::Log10: return {std::numbers::log10e / a};
    case Op::Log2: return {std::numbers::log2e / a};
    case Op::Sqrt: return {0.5 / v};
    case Op::Cbrt: return {1.0 / (3.0 * v * v)};
    case Op::Abs: return {side(a)};
    case Op::Min: return a < b ? Slopes{1.0, 0.0} : Slopes{0.0, 1.0};
    case Op::Max: return a > b ? Slopes{1.0, 0.0} : Slopes{0.0, 1.0};
    case Op::Hypot: return hypot_slopes(a, b, v);
    case Op::Atan2: return atan2_slopes(a, b);
    default: return {};
  }
  // clang-format on
}

int Tape::push(const Node& node) {
  nodes_.push_back(node);
  return root();
}

int Tape::constant(double value) {
  Node node;
  node.value = value;
  return push(node);
}

int Tape::variable(Index index) {
  known_variables_.resize(static_cast<std::size_t>(variables_), -1);
  int& known = known_variables_[static_cast<std::size_t>(index)];
  if (known < 0) {
    Node node;
    node.op = Op::Variable;
    node.variable = index;
    known = push(node);
  }
  return known;
}

int Tape::step(Op op, int a, int b, int c) {
  Node made;
  made.op = op;
  made.a = a;
  made.b = b < 0 ? a : b;
  made.c = c < 0 ? a : c;
  const bool branches = op == Op::Select && node(b).truth && node(c).truth;
  made.truth = branches || (op >= Op::Less && op <= Op::Not);
  const auto constant_value = [&](int i) { return node(i).op == Op::Constant; };
  if (constant_value(made.a) && constant_value(made.b) && constant_value(made.c)) {
    const double va = node(made.a).value, vb = node(made.b).value, vc = node(made.c).value;
    made.value = with_function_of(op, [&](auto f) { return f(va, vb, vc); });
    made.op = Op::Constant;
    made.a = made.b = made.c = -1;
  }
  return push(made);
}

int Tape::inlined(const Tape& other) {
  require(other.variables_ == variables_, "Expression: a derived quantity is over ",
          other.variables_, " variables, the formula over ", variables_);
  std::vector<int> place;
  for (Node node : other.nodes_) {
    if (node.op == Op::Variable) {
      place.push_back(variable(node.variable));
      continue;
    }
    for (int* operand : {&node.a, &node.b, &node.c}) {
      if (*operand >= 0) *operand = place[static_cast<std::size_t>(*operand)];
    }
    place.push_back(push(node));
  }
  return place.back();
}

Tape Tape::reduced_to(int root) const {
  std::vector<int> place(nodes_.size(), -1);
  std::vector<bool> needed(nodes_.size(), false);
  needed[static_cast<std::size_t>(root)] = true;
  for (int i = root; i >= 0; --i) {
    if (!needed[static_cast<std::size_t>(i)]) continue;
    for (const int operand : {node(i).a, node(i).b, node(i).c}) {
      if (operand >= 0) needed[static_cast<std::size_t>(operand)] = true;
    }
  }
  Tape reduced(variables_);
  for (int i = 0; i <= root; ++i) {
    if (!needed[static_cast<std::size_t>(i)]) continue;
    Node kept = node(i);
    for (int* operand : {&kept.a, &kept.b, &kept.c}) {
      if (*operand >= 0) *operand = place[static_cast<std::size_t>(*operand)];
    }
    place[static_cast<std::size_t>(i)] = reduced.push(kept);
  }
  return reduced;
}

std::vector<bool> Tape::uses() const {
  std::vector<bool> used(static_cast<std::size_t>(variables_), false);
  for (const Node& node : nodes_) {
    if (node.op == Op::Variable) used[static_cast<std::size_t>(node.variable)] = true;
  }
  return used;
}

bool Tape::smooth(int step) const {
  std::vector<bool> needed(nodes_.size(), false);
  needed[static_cast<std::size_t>(step)] = true;
  for (int i = step; i >= 0; --i) {
    if (!needed[static_cast<std::size_t>(i)]) continue;
    if (jumps(node(i).op)) return false;
    for (const int operand : {node(i).a, node(i).b, node(i).c}) {
      if (operand >= 0) needed[static_cast<std::size_t>(operand)] = true;
    }
  }
  return true;
}

}  // namespace sonde
