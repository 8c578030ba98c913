#pragma once

#include <string>
#include <vector>

#include "base/json_text.hpp"
#include "sonde/base/types.hpp"
#include "sonde/oracle/oracle.hpp"
#include "sonde/space/domain.hpp"

namespace sonde::cli {

/// {name: value}, a Choice by its label. \param x (d)
JsonValue json_point(const std::vector<Parameter>& parameters, VectorView x);
/// {"id":..,"x":{name: value},"why":..} in one line
std::string json_query(const std::vector<Parameter>& parameters, const Query& query);
/// {name: value}, null where it is not finite. \param y (m)
JsonValue json_values(const std::vector<Output>& outputs, VectorView y);
/// The same of what was answered: a class by its name. \param y (m)
JsonValue json_answers(const std::vector<Output>& outputs, VectorView y);
/// The value that it says: of classes its name. \throws UsageError where it is none
double json_answer(const JsonValue& value, const Output& output);
/// The coordinate that it says. \throws UsageError where it is none
double json_coordinate(const JsonValue& value, const Parameter& parameter);
JsonValue json_number(double number);  ///< null where it is not finite

}  // namespace sonde::cli
