#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "math/expression_program.hpp"

namespace sonde {

/// A function that a formula may call, and how many arguments it takes.
struct Function {
  std::string_view name;
  Op op;
  int fewest;
  int most;
};
inline constexpr int many = 100;

inline constexpr std::array<Function, 26> function_table = {{
    {"sin", Op::Sin, 1, 1},     {"cos", Op::Cos, 1, 1},        {"tan", Op::Tan, 1, 1},
    {"asin", Op::Asin, 1, 1},   {"acos", Op::Acos, 1, 1},      {"atan", Op::Atan, 1, 1},
    {"sinh", Op::Sinh, 1, 1},   {"cosh", Op::Cosh, 1, 1},      {"tanh", Op::Tanh, 1, 1},
    {"exp", Op::Exp, 1, 1},     {"log", Op::Log, 1, 1},        {"log10", Op::Log10, 1, 1},
    {"log2", Op::Log2, 1, 1},   {"sqrt", Op::Sqrt, 1, 1},      {"cbrt", Op::Cbrt, 1, 1},
    {"abs", Op::Abs, 1, 1},     {"floor", Op::Floor, 1, 1},    {"ceil", Op::Ceil, 1, 1},
    {"round", Op::Round, 1, 1}, {"sign", Op::Sign, 1, 1},      {"min", Op::Min, 2, many},
    {"max", Op::Max, 2, many},  {"hypot", Op::Hypot, 2, many}, {"atan2", Op::Atan2, 2, 2},
    {"pow", Op::Power, 2, 2},   {"clamp", Op::Max, 3, 3},
}};

inline const Function* function_named(std::string_view name) {
  const auto found = std::find_if(function_table.begin(), function_table.end(),
                                  [&](const Function& f) { return f.name == name; });
  return found == function_table.end() ? nullptr : &*found;
}

}  // namespace sonde
