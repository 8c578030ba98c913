#include "base/json_text.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "sonde/base/error.hpp"

namespace sonde {

JsonValue parsed_json(std::string_view text) {
  return JsonValue::parse(text, nullptr, /*allow_exceptions=*/false);
}

JsonValue parsed_json(std::string_view text, int deepest) {
  try {
    return recorded_json(text, deepest);
  } catch (const StoreError&) {
    return JsonValue(JsonValue::value_t::discarded);
  }
}

JsonValue recorded_json(std::string_view text, int deepest) {
  const auto shallow = [deepest](int depth, JsonValue::parse_event_t, const JsonValue&) {
    require<StoreError>(depth <= deepest, "brackets are nested deeper than ", deepest);
    return true;
  };
  try {
    return JsonValue::parse(text, shallow);
  } catch (const JsonValue::exception& failure) {
    throw StoreError(failure.what());
  }
}

std::int64_t whole(const JsonValue& json) {
  return json.get_ref<const JsonValue::number_integer_t&>();
}

std::vector<std::int64_t> whole_numbers(const JsonValue& list) {
  std::vector<std::int64_t> numbers;
  for (const JsonValue& json : list.get_ref<const JsonValue::array_t&>())
    numbers.push_back(whole(json));
  return numbers;
}

std::optional<std::string> key_that_stands_twice(std::string_view text, int deepest) {
  using Seen = JsonValue::parse_event_t;
  std::optional<std::string> twice;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto look = [&](int depth, Seen seen, const JsonValue& value) {
    require<StoreError>(depth <= deepest, "brackets are nested deeper than ", deepest);
    if (seen == Seen::object_start) keys.emplace_back();
    if (seen == Seen::object_end) keys.pop_back();
    if (seen == Seen::key && !keys.back().insert(value.get<std::string>()).second && !twice)
      twice = value.get<std::string>();
    return true;
  };
  try {
    const JsonValue document = JsonValue::parse(text, look);
  } catch (const JsonValue::exception&) {
    return std::nullopt;
  } catch (const StoreError&) {
    return std::nullopt;
  }
  return twice;
}

std::string json_text(const JsonValue& json, int indent) {
  return json.dump(indent, ' ', false, JsonValue::error_handler_t::replace);
}

std::string json_quoted(const std::string& text) {
  return json_text(text);
}

std::string json_quoted(const std::vector<std::string>& texts) {
  return json_text(texts);
}

bool is_utf8(const std::string& text) try {
  static_cast<void>(JsonValue(text).dump());
  return true;
} catch (const JsonValue::exception&) {
  return false;
}

}  // namespace sonde
