#include "sonde/export/c99.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "export/c99_core.hpp"
#include "export/c99_tables.hpp"

namespace sonde {

namespace {

constexpr char at_sign = '\x01';  // stands for an @ that is no prefix

/// As a comment may hold it: one line that does not end it.
std::string in_comment(const std::string& text) {
  std::string clean;
  for (const char c : text) {
    const char last = clean.empty() ? ' ' : clean.back();
    if ((last == '*' && c == '/') || (last == '/' && c == '*') || (last == '?' && c == '?'))
      clean += ' ';
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    clean += control ? ' ' : c == '@' ? at_sign : c;
  }
  return clean;
}

std::string capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// What is called of each output: the functions begin with these.
std::vector<std::string> function_names(const Surrogate& surrogate, const std::string& prefix) {
  const std::string large = capitals(prefix);
  std::set<std::string> taken = {prefix + "_trust",      large + "_INSIDE",        large + "_EDGE",
                                 large + "_INPUTS",      large + "_EXTRAPOLATION", large + "_H",
                                 large + "_DECLARATIONS"};
  std::vector<std::string> names;
  for (const Output& output : surrogate.outputs()) {
    const std::string stem = prefix + "_" + c99_identifier(output.name);
    for (int attempt = 1;; ++attempt) {
      const std::string name = attempt == 1 ? stem : fmt::format("{}_{}", stem, attempt);
      std::set<std::string> wanted = {name};
      for (const char* tail : {"_mean", "_sd", "_gradient", "_trust"}) wanted.insert(name + tail);
      if (std::any_of(wanted.begin(), wanted.end(),
                      [&](const std::string& one) { return taken.contains(one); }))
        continue;
      taken.merge(wanted);
      names.push_back(name);
      break;
    }
  }
  return names;
}

std::string of_unit(const std::string& unit) {
  return unit.empty() || unit == "1" ? "" : ", " + unit;
}

std::string input_line(std::size_t place, const Parameter& parameter) {
  std::string line = fmt::format("x[{}] {}", place, parameter.name);
  if (parameter.scale == Scale::Choice) {
    line += ", a choice:";
    for (std::size_t k = 0; k < parameter.labels.size(); ++k)
      line += fmt::format("{} {} {}", k > 0 ? "," : "", k, parameter.labels[k]);
  } else {
    line += fmt::format("{}, {} to {}{}", of_unit(parameter.unit), parameter.lower, parameter.upper,
                        parameter.scale == Scale::Integer ? ", whole" : "");
  }
  return " *   " + in_comment(line) + "\n";
}

/// How the file is used.
std::string head(const Surrogate& surrogate, const C99Options& options,
                 const std::vector<std::string>& names) {
  std::string text = "/* ";
  if (!options.title.empty())
    text += in_comment(options.title) + ": a";
  else
    text += "A";
  text += fmt::format(R"( surrogate of {} runs, made by Sonde.
 *
 *   cc -std=c99 -O2 -c THIS_FILE, then link with -lm
 *
 * Define @@_DECLARATIONS before an #include of it to have the declarations alone. For example
 *
 *   double x[@@_INPUTS] = {{...}}, mean, sd, slope[@@_INPUTS];
 *   enum @_trust trust = {name}(x, &mean, &sd, slope, 0);
 *
 * writes what is not given as 0: mean, standard deviation of the noise-free value, and the
 * gradients of both. {name}_mean, _sd, _gradient and _trust give one of these. The functions
 * are thread-safe, allocate nothing and know no error; where an input is not a number, nor is the
 * answer.
 *
 * Inputs, in this order, in these units:
)",
                      surrogate.size(), fmt::arg("name", names.front()));
  const std::vector<Parameter>& parameters = surrogate.domain().parameters();
  for (std::size_t j = 0; j < parameters.size(); ++j) text += input_line(j, parameters[j]);
  text += " *\n * Outputs:\n";
  for (std::size_t j = 0; j < names.size(); ++j) {
    const Output& output = surrogate.outputs()[j];
    text += fmt::format(" *   {}{}: {}()\n", in_comment(output.name),
                        in_comment(of_unit(output.unit)), names[j]);
  }
  std::set<std::string> constraints;
  for (const Constraint& constraint : surrogate.domain().constraints())
    constraints.insert(in_comment(constraint.name));
  if (!constraints.empty()) text += " *\n * Known constraints, which are not checked here:\n";
  for (const std::string& constraint : constraints) text += " *   " + constraint + "\n";
  return text + R"( *
 * Trust: @@_INSIDE the region that was sampled, where a point is supported at least as well as
 * nine runs in ten are by all the others; @@_EDGE of it, as well as all are; @@_EXTRAPOLATION
 * beyond, or outside of the bounds.
 */
)";
}

std::string declarations(const Surrogate& surrogate, const std::vector<std::string>& names) {
  std::string text = fmt::format(R"(#ifndef @@_H
#define @@_H
#ifdef __cplusplus
extern "C" {{
#endif

enum {{ @@_INPUTS = {} }};
enum @_trust {{ @@_INSIDE, @@_EDGE, @@_EXTRAPOLATION }};
)",
                                 surrogate.domain().dim());
  for (const std::string& name : names) {
    text += fmt::format(R"(
enum @_trust {0}(const double *x, double *mean, double *sd, double *mean_gradient,
    double *sd_gradient);
double {0}_mean(const double *x);
double {0}_sd(const double *x);
void {0}_gradient(const double *x, double *gradient);
enum @_trust {0}_trust(const double *x);
)",
                        name);
  }
  return text + R"(
#ifdef __cplusplus
}
#endif
#endif

)";
}

std::string sizes_and_bounds(const Surrogate& surrogate) {
  const c99::Extent extent = c99::extent_of(surrogate);
  std::string text = fmt::format(R"(
enum {{ @@__FEATURES = {}, @@__POINTS = {}, @@__TERMS = {}, @@__PROCESSES = {} }};

static const double @__bounds[@@_INPUTS][2] = {{
)",
                                 extent.features, extent.points, extent.terms, extent.processes);
  for (const Parameter& parameter : surrogate.domain().parameters())
    text += fmt::format("  {{{}, {}}},\n", c99::literal(parameter.lower),
                        c99::literal(parameter.upper));
  return text + "};\n";
}

std::string functions(Index output, const std::string& name) {
  return fmt::format(R"(
enum @_trust {0}(const double *x, double *mean, double *sd, double *mean_gradient,
    double *sd_gradient) {{
  double deviation;
  const double doubt =
      @__mixed(&@__response_{1}, x, mean, sd ? sd : &deviation, mean_gradient, sd_gradient);
  return @__judged(&@__response_{1}, x, doubt);
}}

double {0}_mean(const double *x) {{
  double mean;
  @__mixed(&@__response_{1}, x, &mean, 0, 0, 0);
  return mean;
}}

double {0}_sd(const double *x) {{
  double sd;
  @__mixed(&@__response_{1}, x, 0, &sd, 0, 0);
  return sd;
}}

void {0}_gradient(const double *x, double *gradient) {{
  @__mixed(&@__response_{1}, x, 0, 0, gradient, 0);
}}

enum @_trust {0}_trust(const double *x) {{
  return {0}(x, 0, 0, 0, 0);
}}
)",
                     name, output);
}

/// @ becomes the prefix, @@ the prefix in capitals.
std::string with_prefix(std::string_view text, const std::string& prefix) {
  const std::string large = capitals(prefix);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '@') {
      const bool twice = i + 1 < text.size() && text[i + 1] == '@';
      result += twice ? large : prefix;
      i += twice ? 1 : 0;
    } else {
      result += text[i] == at_sign ? '@' : text[i];
    }
  }
  return result;
}

}  // namespace

std::string export_c99(const Surrogate& surrogate, const C99Options& options) {
  const std::string prefix = c99_identifier(options.name);
  const std::vector<std::string> names = function_names(surrogate, prefix);
  std::string text = head(surrogate, options, names) + declarations(surrogate, names) +
                     "#ifndef @@_DECLARATIONS\n\n#include <math.h>\n" +
                     std::string(c99::core_types) + sizes_and_bounds(surrogate);
  for (std::size_t j = 0; j < names.size(); ++j) {
    text += fmt::format("\n/* {} */\n", in_comment(surrogate.outputs()[j].name)) +
            c99::tables(surrogate, static_cast<Index>(j));
  }
  text += c99::core_functions;
  for (std::size_t j = 0; j < names.size(); ++j) text += functions(static_cast<Index>(j), names[j]);
  return with_prefix(text + "\n#endif\n", prefix);
}

std::string c99_identifier(std::string_view text) {
  std::string identifier;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter)
      identifier += c;
    else if (!identifier.empty() && identifier.back() != '_')
      identifier += '_';
  }
  while (!identifier.empty() && identifier.back() == '_') identifier.pop_back();
  if (identifier.empty()) return "surrogate";
  return identifier.front() <= '9' ? "n" + identifier : identifier;
}

}  // namespace sonde
