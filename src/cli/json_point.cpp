#include "cli/json_point.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/nearest_name.hpp"
#include "cli/exit_status.hpp"
#include "run/csv.hpp"

namespace sonde::cli {

JsonValue json_number(double number) {
  return std::isfinite(number) ? JsonValue(number) : JsonValue(nullptr);
}

JsonValue json_point(const std::vector<Parameter>& parameters, VectorView x) {
  JsonValue point = JsonValue::object();
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

double json_coordinate(const JsonValue& value, const Parameter& parameter) {
  const bool text = parameter.scale == Scale::Choice;
  require<UsageError>(text ? value.is_string() : value.is_number(), "expected ",
                      text ? "one of its texts" : "a number", " for '", parameter.name, "', got ",
                      json_text(value));
  if (!text) return value.get<double>();
  const auto found =
      std::find(parameter.labels.begin(), parameter.labels.end(), value.get<std::string>());
  require<UsageError>(found != parameter.labels.end(), json_text(value), " is no value of '",
                      parameter.name, "'", suggestion(value.get<std::string>(), parameter.labels));
  return static_cast<double>(found - parameter.labels.begin());
}

std::string json_query(const std::vector<Parameter>& parameters, const Query& query) {
  return json_text({{"id", query.id}, {"x", json_point(parameters, query.x)}, {"why", query.why}});
}

JsonValue json_answers(const std::vector<Output>& outputs, VectorView y) {
  JsonValue values = json_values(outputs, y);
  for (std::size_t j = 0; j < outputs.size(); ++j) {
    const double value = y[static_cast<Index>(j)];
    if (outputs[j].is_class() && !std::isnan(value))
      values[outputs[j].name] = format_value(value, outputs[j]);
  }
  return values;
}

double json_answer(const JsonValue& value, const Output& output) {
  const bool text = output.is_class();
  require<UsageError>(text ? value.is_string() : value.is_number(), "expected ",
                      expected_of(output), " for '", output.name, "', got ",
                      value.is_null() ? "nothing" : json_text(value));
  if (!text) return value.get<double>();
  const std::optional<double> number = class_called(value.get<std::string>(), output);
  require<UsageError>(number.has_value(), json_text(value), " is no value of '", output.name, "'",
                      suggestion(value.get<std::string>(), output.values));
  return *number;
}

JsonValue json_values(const std::vector<Output>& outputs, VectorView y) {
  JsonValue values = JsonValue::object();
  for (std::size_t j = 0; j < outputs.size(); ++j)
    values[outputs[j].name] = json_number(y[static_cast<Index>(j)]);
  return values;
}

}  // namespace sonde::cli
