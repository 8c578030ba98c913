#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.hpp"
#include "oracle/extraction.hpp"
#include "oracle/file.hpp"
#include "oracle/number.hpp"
#include "oracle/run_record.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

using Json = nlohmann::json;

// JSON has no word for NaN or infinity, yet programs write NaN, -Infinity, nan, inf: as strings.
std::string with_words_quoted(std::string_view text) {
  std::string quoted;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t end = i;
    if (text[i] == '"') {
      for (++end; end < text.size() && text[end] != '"'; ++end)
        if (text[end] == '\\') ++end;
      end = std::min(end + 1, text.size());
    } else if (is_letter(text[i]) ||
               (text[i] == '-' && i + 1 < text.size() && is_letter(text[i + 1]))) {
      for (++end; end < text.size() && is_letter(text[end]); ++end) {
      }
    }
    const std::string_view piece = text.substr(i, std::max<std::size_t>(end - i, 1));
    const bool number = text[i] != '"' && end > i && number_in(piece);
    quoted += number ? "\"" + std::string(piece) + "\"" : std::string(piece);
    i += piece.size() - 1;
  }
  return quoted;
}

// Discarded where it is no JSON.
Json parsed(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json::parse(with_words_quoted(text), nullptr, false) : json;
}

Reading reading_of(const Json& value) {
  if (value.is_number()) return {.text = value.dump(), .number = value.get<double>()};
  if (!value.is_string())
    return {.problem =
                concat("expected a number, got ", value.is_null() ? "null" : value.type_name())};
  const auto text = value.get<std::string>();
  return {.text = text, .number = number_in(text)};
}

std::string keys_of(const Json& object) {
  std::string names;
  for (const auto& [key, value] : object.items()) names += (names.empty() ? "" : ", ") + key;
  return names.empty() ? "nothing" : printable(names);
}

struct Line {
  Json json;  // an object with one of the wanted members; discarded where there is no such line
  std::string problem;
};

// The last line of standard output that is a JSON object with "y" or "failed".
Line last_answer(const RunOutput& output) {
  std::string text;
  if (const std::string unread = output.whole(run_files::standard_output, text); !unread.empty())
    return {Json(Json::value_t::discarded), unread};
  bool last = true;
  std::string_view rest(text);
  while (!rest.empty()) {
    const bool ended = rest.back() == '\n';
    if (ended) rest.remove_suffix(1);
    const std::size_t before = rest.rfind('\n');
    std::string_view line = before == std::string_view::npos ? rest : rest.substr(before + 1);
    rest = rest.substr(0, rest.size() - line.size());
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    line.remove_prefix(first);
    if (line.front() == '{') {
      Json json = parsed(line);
      if (json.is_object() && (json.contains("y") || json.contains("failed")))
        return {std::move(json), ""};
      // An older line is not the answer where the newest was cut off.
      if (json.is_discarded() && last && !ended)
        return {std::move(json),
                "the last line of standard output is cut off: " + printable(line, 60)};
    }
    last = false;
  }
  return {Json(Json::value_t::discarded),
          R"(standard output has no line of the form {"y": {...}})"};
}

}  // namespace

std::string told_failure(const RunOutput& output) {
  const Line line = last_answer(output);
  if (!line.problem.empty() || !line.json.contains("failed")) return "";
  const Json& reason = line.json.at("failed");
  if (reason.is_boolean() && !reason.get<bool>()) return "";
  if (reason.is_null()) return "";
  const std::string words = reason.is_string() ? printable(reason.get<std::string>()) : "";
  return words.empty() ? "the simulator says that it failed" : words;
}

Reading json_line_value(const RunOutput& output, const std::string& member,
                        const std::string& name) {
  const Line line = last_answer(output);
  if (!line.problem.empty()) return {.problem = line.problem};
  const auto object = line.json.find(member);
  if (object == line.json.end() || !object->is_object())
    return {.problem = concat("the line on standard output has no object \"", member, "\"")};
  const auto value = object->find(name);
  if (value == object->end())
    return {.problem = concat("\"", member, "\" on standard output has no '", name, "', it has ",
                              keys_of(*object))};
  Reading reading = reading_of(*value);
  if (!reading.problem.empty()) reading.problem = "'" + name + "': " + reading.problem;
  return reading;
}

Reading json_value(const RunOutput& output, const Extraction& from) {
  std::string text;
  if (const std::string unread = output.whole(from.file, text); !unread.empty())
    return {.problem = unread};
  const Json json = parsed(text);
  if (json.is_discarded()) return {.problem = "'" + from.file + "' is no whole JSON document"};
  const Json* value = nullptr;
  try {
    value = &json.at(Json::json_pointer(from.path));
  } catch (const Json::exception&) {
    return {.problem = "'" + from.file + "' has nothing at '" + from.path + "'"};
  }
  Reading reading = reading_of(*value);
  if (!reading.problem.empty())
    reading.problem = "'" + from.file + "', '" + from.path + "': " + reading.problem;
  return reading;
}

void check_json_pointer(const std::string& path, const std::string& where) {
  try {
    static_cast<void>(Json::json_pointer(path));
  } catch (const Json::exception&) {
    throw StudyError(
        concat(where, ": expected a JSON pointer such as /forces/0/drag, got '", path, "'"));
  }
}

}  // namespace sonde
