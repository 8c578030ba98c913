#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// JSON as text. Its reader and its writer take long to compile: here they are compiled once.
namespace sonde {

using JsonValue = nlohmann::ordered_json;  ///< members stay in their order

/// Discarded where the text is no JSON document.
JsonValue parsed_json(std::string_view text);
/// Also where brackets are nested deeper: of a text that somebody else wrote.
JsonValue parsed_json(std::string_view text, int deepest);
/// Of a record that we wrote. \throws StoreError where the text is no JSON document, or has
/// brackets nested deeper.
JsonValue recorded_json(std::string_view text, int deepest);
/// In one line, or indented. What is no UTF-8 is replaced.
std::string json_text(const JsonValue& json, int indent = -1);
/// The first key that an object of a JSON text has twice, of which a reader keeps one silently.
/// Nothing where there is none, or the text is no document, or nested deeper.
std::optional<std::string> key_that_stands_twice(std::string_view text, int deepest);
/// As a JSON string, in quotes; as a list of these.
std::string json_quoted(const std::string& text);
std::string json_quoted(const std::vector<std::string>& texts);

/// A whole number. \throws nlohmann::json::exception where it is none: a fraction, and 1e300, have
/// no conversion.
std::int64_t whole(const JsonValue& json);
std::vector<std::int64_t> whole_numbers(const JsonValue& list);  ///< likewise

bool is_utf8(const std::string& text);

}  // namespace sonde
