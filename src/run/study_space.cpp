#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <string_view>

#include "run/study_sections.hpp"

namespace sonde {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::size_t most_variables = 1000;

// What a formula understands already; see Expression.
constexpr std::array reserved{"sin",  "cos",   "tan",   "asin", "acos",  "atan", "sinh",
                              "cosh", "tanh",  "exp",   "log",  "log10", "log2", "sqrt",
                              "cbrt", "abs",   "floor", "ceil", "round", "sign", "min",
                              "max",  "hypot", "atan2", "pow",  "clamp", "pi",   "e"};

// What a table of runs says of each beside its inputs and outputs.
constexpr std::array<std::string_view, 5> result_columns{"id", "status", "seconds", "why",
                                                         "message"};

std::pair<double, double> bounds_of(TomlReader& reader) {
  const TomlValue& value = reader.needed("bounds", "bounds = [lower, upper]");
  const bool two_numbers = value.type == TomlValue::Type::Array && value.items.size() == 2 &&
                           value.items[0].is_number() && value.items[1].is_number();
  if (!two_numbers)
    reader.refuse(value.at, "bounds", "expected two numbers, got " + described(value));
  const double lower = value.items[0].number;
  const double upper = value.items[1].number;
  if (!std::isfinite(lower) || !std::isfinite(upper))
    reader.refuse(value.at, "bounds", "expected two finite numbers, got " + described(value));
  if (!std::isfinite(upper - lower))
    reader.refuse(value.at, "bounds",
                  "expected bounds whose difference has a place in double precision, got " +
                      described(value));
  if (!(lower < upper))
    reader.refuse(value.at, "bounds",
                  "expected lower < upper, got " + described(value) +
                      (lower > upper ? fmt::format(". Write [{}, {}]", upper, lower)
                                     : ". A fixed value is a constant: [constants]"));
  return {lower, upper};
}

std::optional<TruncatedNormal> distribution_of(TomlReader& reader) {
  std::optional<TomlReader> dist = reader.table("dist");
  if (!dist) return std::nullopt;
  dist->needed("type", "type = \"truncnormal\" or \"uniform\"");
  const std::string type = *dist->word("type", {"truncnormal", "uniform"});
  std::optional<TruncatedNormal> distribution;
  if (type == "truncnormal") {
    dist->needed("mean", "a number");
    dist->needed("sd", "a number above 0");
    distribution = TruncatedNormal{*dist->number("mean"), *dist->positive("sd")};
  }
  dist->done();
  return distribution;
}

Parameter choice_of(TomlReader& reader, const std::string& name) {
  const std::vector<std::string> labels = labels_of(reader);
  if (const TomlValue* bounds = reader.find("bounds"))
    reader.refuse(bounds->at, "bounds",
                  "a variable has either bounds or values, this one has both");
  return Parameter::choice(name, labels);
}

Parameter numeric_of(TomlReader& reader, const std::string& name, const std::string& unit) {
  const auto [lower, upper] = bounds_of(reader);
  const Position at = reader.find("bounds")->at;
  const std::string scale = reader.word("scale", {"linear", "log"}).value_or("linear");
  const bool integer = reader.flag("integer").value_or(false);
  Parameter parameter{name, Scale::Linear, lower, upper, unit};
  if (scale == "log") {
    if (lower <= 0.0)
      reader.refuse(at, "bounds",
                    fmt::format("expected a lower bound above 0 on a log scale, got {}", lower));
    if (integer)
      reader.refuse(reader.find("integer")->at, "integer",
                    "expected a linear scale of an integer, got a log scale");
    parameter.scale = Scale::Log;
  }
  if (integer) {
    if (lower != std::round(lower) || upper != std::round(upper))
      reader.refuse(at, "bounds",
                    fmt::format("expected whole bounds of an integer, got [{}, {}]", lower, upper));
    if (std::max(std::abs(lower), std::abs(upper)) > 1e9)
      reader.refuse(at, "bounds", "expected bounds of an integer within 1e9 of 0");
    parameter.scale = Scale::Integer;
  }
  parameter.distribution = distribution_of(reader);
  if (parameter.distribution) {
    try {
      Domain({parameter});
    } catch (const ArgumentError& failure) {
      reader.refuse(reader.find("dist")->at, "dist", failure.what());
    }
  }
  return parameter;
}

void read_variables(TomlReader& root, StudyBuilder& builder) {
  const TomlValue& value = root.needed("variables", "a table [variables.NAME] for each variable");
  std::optional<TomlReader> variables = root.table("variables");
  if (value.entries.empty())
    root.refuse(value.at, "variables", "expected a table [variables.NAME] for each variable");
  if (value.entries.size() > most_variables)
    root.refuse(
        value.at, "variables",
        fmt::format("expected at most {} of them, got {}", most_variables, value.entries.size()));
  for (const TomlValue::Entry& entry : value.entries) {
    builder.names.add_column(*variables, entry);
    TomlReader reader = *variables->table(entry.key);
    const std::string unit = reader.text("unit").value_or("1");
    const bool categorical = reader.find("values") != nullptr;
    builder.study.parameters.push_back(categorical ? choice_of(reader, entry.key)
                                                   : numeric_of(reader, entry.key, unit));
    reader.done();
  }
}

void read_constants(TomlReader& root, StudyBuilder& builder) {
  std::optional<TomlReader> constants = root.table("constants");
  if (!constants) return;
  for (const TomlValue::Entry& entry : constants->value().entries) {
    builder.names.add(*constants, entry);
    double number = 0.0;
    if (entry.value.type == TomlValue::Type::Table) {
      TomlReader reader = *constants->table(entry.key);
      reader.needed("value", "a number");
      number = *reader.number("value");
      reader.text("unit");
      reader.done();
    } else {
      number = *constants->number(entry.key);
    }
    builder.study.constants.emplace_back(entry.key, number);
  }
}

void read_derived(TomlReader& root, StudyBuilder& builder) {
  std::optional<TomlReader> derived = root.table("derived");
  if (!derived) return;
  for (const TomlValue::Entry& entry : derived->value().entries) {
    builder.names.add(*derived, entry);
    const std::string formula = *derived->text(entry.key);
    builder.study.derived.emplace_back(
        entry.key, compiled(*derived, entry.key, entry.value, input_symbols(builder.study)));
    builder.derived_formulas.emplace_back(entry.key, formula);
  }
}

void add_constraint(const TomlReader& reader, const TomlValue::Entry& entry,
                    const TomlValue& formula, double tolerance, Study& study) {
  const Expression condition = compiled(reader, entry.key, formula, input_symbols(study));
  if (!condition.is_condition())
    reader.refuse(formula.at, entry.key,
                  "expected a condition such as \"a + b <= 3\", got " + described(formula));
  for (const ScalarField& excess : inequalities(condition))
    study.constraints.push_back({entry.key, excess, tolerance});
  study.formulas.emplace_back(entry.key, formula.text);
}

void read_constraints(TomlReader& root, StudyBuilder& builder) {
  std::optional<TomlReader> constraints = root.table("constraints");
  if (!constraints) return;
  for (const TomlValue::Entry& entry : constraints->value().entries) {
    if (!well_formed_name(entry.key))
      constraints->refuse(entry.at, entry.key,
                          "expected a name of letters, digits and _, not longer than 64");
    if (entry.value.type != TomlValue::Type::Table) {
      constraints->text(entry.key);
      add_constraint(*constraints, entry, entry.value, 0.0, builder.study);
      continue;
    }
    TomlReader reader = *constraints->table(entry.key);
    const TomlValue& formula = reader.needed("expr", "a condition in quotes");
    reader.text("expr");
    const double tolerance = reader.number("tol").value_or(0.0);
    if (tolerance < 0.0)
      reader.refuse(reader.find("tol")->at, "tol",
                    fmt::format("expected a number from 0 on, got {}", tolerance));
    reader.done();
    add_constraint(*constraints, entry, formula, tolerance, builder.study);
  }
}

}  // namespace

std::vector<std::string> labels_of(TomlReader& reader) {
  const TomlValue& value = reader.needed("values", "an array of texts");
  const std::vector<std::string> labels = *reader.texts("values");
  if (labels.size() < 2)
    reader.refuse(value.at, "values", "expected two texts or more, got " + described(value));
  std::vector<std::string> sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end())
    reader.refuse(value.at, "values", "'" + *twice + "' stands twice in it");
  if (sorted.front().empty()) reader.refuse(value.at, "values", "expected no empty text in it");
  return labels;
}

bool well_formed_name(const std::string& name) {
  if (name.empty() || name.size() > longest_name) return false;
  const auto letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_';
  };
  if (!letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || std::isdigit(static_cast<unsigned char>(c));
  });
}

void StudyNames::add(const TomlReader& reader, const TomlValue::Entry& entry) {
  if (!well_formed_name(entry.key))
    reader.refuse(
        entry.at, entry.key,
        "expected a name of letters, digits and _, not a digit first, not longer than 64");
  if (std::find(reserved.begin(), reserved.end(), entry.key) != reserved.end())
    reader.refuse(entry.at, entry.key,
                  "the name '" + entry.key + "' has a meaning in formulas. Choose another one");
  std::string low = entry.key;
  for (char& c : low) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& [name, path] : taken_) {
    if (name == low)
      reader.refuse(entry.at, entry.key,
                    "the name is taken by " + path + "; names differ by more than their case");
  }
  taken_.emplace_back(low, reader.path(entry.key));
}

void StudyNames::add_column(const TomlReader& reader, const TomlValue::Entry& entry,
                            std::initializer_list<std::string_view> taken) {
  add(reader, entry);
  const auto is = [&](std::string_view name) { return name == entry.key; };
  if (std::any_of(result_columns.begin(), result_columns.end(), is) ||
      std::any_of(taken.begin(), taken.end(), is))
    reader.refuse(
        entry.at, entry.key,
        "the name '" + entry.key + "' is taken by a column of the results. Choose another one");
}

Symbols input_symbols(const Study& study) {
  Symbols symbols;
  for (const Parameter& parameter : study.parameters) {
    symbols.variables.push_back(parameter.name);
    symbols.labels.push_back(parameter.labels);
  }
  symbols.constants = study.constants;
  symbols.derived = study.derived;
  return symbols;
}

Expression compiled(const TomlReader& reader, std::string_view key, const TomlValue& formula,
                    const Symbols& symbols) {
  try {
    return Expression(formula.text, symbols);
  } catch (const StudyError& failure) {
    // The formula with a caret below: on lines of their own.
    reader.refuse(formula.at, key, std::string("\n") + failure.what());
  }
}

void read_space(TomlReader& root, StudyBuilder& builder) {
  read_variables(root, builder);
  read_constants(root, builder);
  read_derived(root, builder);
  read_constraints(root, builder);
}

}  // namespace sonde
