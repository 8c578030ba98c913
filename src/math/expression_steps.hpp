#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "math/expression_program.hpp"

namespace sonde {

/// a - b below zero or NaN are what the comparison says: infinite sides have no difference.
inline double excess(bool holds, double a, double b) {
  const double difference = a - b;
  if (!std::isnan(difference)) return difference;
  return holds ? 0.0 : std::numeric_limits<double>::infinity();
}

/// A strict comparison is broken where both sides are equal, however little.
inline double strict_excess(bool holds, double a, double b) {
  const double difference = excess(holds, a, b);
  return !holds && difference == 0.0 ? std::numeric_limits<double>::min() : difference;
}

inline double power(double a, double b) {
  return b == 2.0 ? a * a : std::pow(a, b);
}

inline double sign(double a) {
  return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a;
}

/// Calls visit with the function f(a, b, c) that the step computes. The one table of what
/// operators mean: points and rows both use it, so that their values are the same to the last bit.
template <class Visit>
auto with_function_of(Op op, Visit visit) {
  // clang-format off
  switch (op) {
    case Op::Add: return visit([](double a, double b, double) { return a + b; });
    case Op::Subtract: return visit([](double a, double b, double) { return a - b; });
    case Op::Multiply: return visit([](double a, double b, double) { return a * b; });
    case Op::Divide: return visit([](double a, double b, double) { return a / b; });
    case Op::Power: return visit([](double a, double b, double) { return power(a, b); });
    case Op::Negate: return visit([](double a, double, double) { return -a; });
    case Op::Less: return visit([](double a, double b, double) { return a < b ? 1.0 : 0.0; });
    case Op::LessEqual: return visit([](double a, double b, double) { return a <= b ? 1.0 : 0.0; });
    case Op::Equal: return visit([](double a, double b, double) { return a == b ? 1.0 : 0.0; });
    case Op::NotEqual: return visit([](double a, double b, double) { return a != b ? 1.0 : 0.0; });
    case Op::And: return visit([](double a, double b, double) { return a * b; });
    case Op::Or: return visit([](double a, double b, double) { return std::max(a, b); });
    case Op::Not: return visit([](double a, double, double) { return 1.0 - a; });
    case Op::Select: return visit([](double a, double b, double c) { return a != 0.0 ? b : c; });
    case Op::Sin: return visit([](double a, double, double) { return std::sin(a); });
    case Op::Cos: return visit([](double a, double, double) { return std::cos(a); });
    case Op::Tan: return visit([](double a, double, double) { return std::tan(a); });
    case Op::Asin: return visit([](double a, double, double) { return std::asin(a); });
    case Op::Acos: return visit([](double a, double, double) { return std::acos(a); });
    case Op::Atan: return visit([](double a, double, double) { return std::atan(a); });
    case Op::Sinh: return visit([](double a, double, double) { return std::sinh(a); });
    case Op::Cosh: return visit([](double a, double, double) { return std::cosh(a); });
    case Op::Tanh: return visit([](double a, double, double) { return std::tanh(a); });
    case Op::Exp: return visit([](double a, double, double) { return std::exp(a); });
    case Op::Log: return visit([](double a, double, double) { return std::log(a); });
    case Op::Log10: return visit([](double a, double, double) { return std::log10(a); });
    case Op::Log2: return visit([](double a, double, double) { return std::log2(a); });
    case Op::Sqrt: return visit([](double a, double, double) { return std::sqrt(a); });
    case Op::Cbrt: return visit([](double a, double, double) { return std::cbrt(a); });
    case Op::Abs: return visit([](double a, double, double) { return std::abs(a); });
    case Op::Floor: return visit([](double a, double, double) { return std::floor(a); });
    case Op::Ceil: return visit([](double a, double, double) { return std::ceil(a); });
    case Op::Round: return visit([](double a, double, double) { return std::round(a); });
    case Op::Sign: return visit([](double a, double, double) { return sign(a); });
    // NaN on either side stays NaN, unlike std::fmin.
    case Op::Min: return visit([](double a, double b, double) { return a < b || std::isnan(a) ? a : b; });
    case Op::Max: return visit([](double a, double b, double) { return a > b || std::isnan(a) ? a : b; });
    case Op::Hypot: return visit([](double a, double b, double) { return std::hypot(a, b); });
    case Op::Atan2: return visit([](double a, double b, double) { return std::atan2(a, b); });
    case Op::ExcessLess: return visit([](double a, double b, double) { return strict_excess(a < b, a, b); });
    case Op::ExcessLessEqual: return visit([](double a, double b, double) { return excess(a <= b, a, b); });
    case Op::Distance: return visit([](double a, double b, double) { return std::abs(excess(a == b, a, b)); });
    case Op::Refusal: return visit([](double a, double, double) { return a != 0.0 ? 0.0 : 1.0; });
    case Op::Constant:
    case Op::Variable: break;
  }
  // clang-format on
  return visit([](double a, double, double) { return a; });
}

/// Slopes of a step's value in its operands.
struct Slopes {
  double a = 0.0;
  double b = 0.0;
};
/// \param v the step's value at a, b. At kinks: one of the one-sided slopes.
Slopes slopes_of(Op op, double a, double b, double v);

}  // namespace sonde
