#include "cli/json_point.hpp"

#include <cmath>

#include "run/csv.hpp"

namespace sonde::cli {

using nlohmann::ordered_json;

ordered_json json_number(double number) {
  return std::isfinite(number) ? ordered_json(number) : ordered_json(nullptr);
}

ordered_json json_point(const std::vector<Parameter>& parameters, VectorView x) {
  ordered_json point = ordered_json::object();
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const double value = x[static_cast<Index>(j)];
    switch (parameters[j].scale) {
      case Scale::Choice:
        point[parameters[j].name] = format_value(value, parameters[j]);
        break;
      case Scale::Integer:
        point[parameters[j].name] = static_cast<long long>(value);
        break;
      case Scale::Linear:
      case Scale::Log:
        point[parameters[j].name] = json_number(value);
    }
  }
  return point;
}

ordered_json json_values(const std::vector<Output>& outputs, VectorView y) {
  ordered_json values = ordered_json::object();
  for (std::size_t j = 0; j < outputs.size(); ++j)
    values[outputs[j].name] = json_number(y[static_cast<Index>(j)]);
  return values;
}

}  // namespace sonde::cli
