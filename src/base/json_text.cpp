#include "base/json_text.hpp"

#include <nlohmann/json.hpp>

namespace sonde {

JsonValue parsed_json(std::string_view text) {
  return JsonValue::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string json_text(const JsonValue& json, int indent) {
  return json.dump(indent, ' ', false, JsonValue::error_handler_t::replace);
}

std::string json_quoted(const std::string& text) {
  return json_text(text);
}

bool is_utf8(const std::string& text) try {
  static_cast<void>(JsonValue(text).dump());
  return true;
} catch (const JsonValue::exception&) {
  return false;
}

}  // namespace sonde
