#include <algorithm>
#include <utility>

#include "efficiency/functions.hpp"
#include "sonde/base/error.hpp"

namespace sonde::efficiency {
namespace {

Function of_suite(const std::string& name) {
  const std::vector<Function> all = suite();
  return *std::find_if(all.begin(), all.end(), [&](const Function& f) { return f.name == name; });
}

/// Of (d) natural units in `parameters`, each along a straight line.
Vector unit(const std::vector<Parameter>& parameters, VectorView x) {
  Vector u(x.size());
  for (Index k = 0; k < x.size(); ++k) {
    const Parameter& p = parameters[static_cast<std::size_t>(k)];
    u[k] = (x[k] - p.lower) / (p.upper - p.lower);
  }
  return u;
}

/// The radius of the hole in six steps, its length in whole metres, and one of four rocks.
Function mixed() {
  const Function borehole = of_suite("borehole");
  std::vector<Parameter> parameters = borehole.domain.parameters();
  parameters[0] = Parameter::integer("rw", 0, 5);
  parameters[6] = Parameter::integer("L", 1120, 1680, "m");
  parameters[7] = Parameter::choice("rock", {"clay", "sand", "granite", "chalk"});
  return {"borehole mixed", Domain(std::move(parameters)), [value = borehole.value](VectorView x) {
            constexpr double conductivity[] = {10300.0, 12045.0, 9855.0, 11500.0};
            Vector at = x;
            at[0] = 0.05 + 0.02 * x[0];
            at[7] = conductivity[static_cast<std::size_t>(x[7])];
            return value(at);
          }};
}

/// Ten inputs of which the sum is small: one in a hundred uniform points of the box.
Function corner() {
  const Function wing = of_suite("wing_weight");
  const std::vector<Parameter> parameters = wing.domain.parameters();
  return {"wing_weight 1 %",
          Domain(parameters,
                 {{"sum", [parameters](VectorView x) { return unit(parameters, x).sum() - 2.9; }}}),
          wing.value};
}

/// Three inputs that add up to the same but for a hundredth of a range.
Function thin() {
  const Function otl = of_suite("otl_circuit");
  const std::vector<Parameter> parameters = otl.domain.parameters();
  const auto off = [parameters](VectorView x) { return unit(parameters, x).head(3).sum() - 1.5; };
  return {"otl_circuit thin",
          Domain(parameters, {{"above", [off](VectorView x) { return off(x) - 0.005; }},
                              {"below", [off](VectorView x) { return -off(x) - 0.005; }}}),
          otl.value};
}

/// Five inputs that matter, ten that do not.
Function idle() {
  const Function friedman = of_suite("friedman");
  std::vector<Parameter> parameters = friedman.domain.parameters();
  const auto d = static_cast<Index>(parameters.size());
  while (parameters.size() < 15)
    parameters.push_back(Parameter::linear(concat("idle", parameters.size()), 0.0, 1.0));
  return {"friedman 5 of 15", Domain(std::move(parameters)),
          [value = friedman.value, d](VectorView x) { return value(x.head(d)); }};
}

/// Every input uniform in its logarithm.
Function logarithmic() {
  const Function borehole = of_suite("borehole");
  std::vector<Parameter> parameters = borehole.domain.parameters();
  for (Parameter& parameter : parameters) parameter.scale = Scale::Log;
  return {"borehole log", Domain(std::move(parameters)), borehole.value};
}

}  // namespace

std::vector<Function> odd() {
  return {mixed(), corner(), thin(), idle(), logarithmic()};
}

}  // namespace sonde::efficiency
