#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "sonde/base/types.hpp"
#include "sonde/space/domain.hpp"

namespace sonde::cli {

/// {name: value}, a Choice by its label. \param x (d)
nlohmann::ordered_json json_point(const std::vector<Parameter>& parameters, VectorView x);
/// {name: value}, null where it is not finite. \param y (m)
nlohmann::ordered_json json_values(const std::vector<Output>& outputs, VectorView y);
nlohmann::ordered_json json_number(double number);  ///< null where it is not finite

}  // namespace sonde::cli
