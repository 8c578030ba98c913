#include "oracle/umbridge_protocol.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "oracle/file.hpp"

namespace sonde {
namespace {

using Way = UmbridgeFailure::Way;

constexpr int deepest_answer = 32;
constexpr std::size_t most_vectors = 100'000;
constexpr Index longest_vector = 10'000'000;

[[noreturn]] void wrong(const std::string& words) {
  throw UmbridgeFailure(Way::Lasting, "output missing", words);
}

UmbridgeFailure failure_of(const http::HttpError& failure) {
  using Kind = http::HttpError::Kind;
  switch (failure.kind()) {
    case Kind::Unreachable:
      return {Way::Unreachable, "unreachable", failure.what()};
    case Kind::Lost:
      return {Way::Transient, "lost", failure.what()};
    case Kind::TimedOut:
      return {Way::TimedOut, "timeout", "no answer"};
    case Kind::Stopped:
      return {Way::Stopped, "", failure.what()};
    case Kind::Malformed:
    case Kind::TooLarge:
      break;
  }
  return {Way::Lasting, "output missing", concat("the answer cannot be taken: ", failure.what())};
}

http::Response answered(const Asking& asking, const http::Request& request) {
  try {
    return asking.client.ask(request, asking.timeout_seconds, asking.stop);
  } catch (const http::HttpError& failure) {
    throw failure_of(failure);
  }
}

// The words for a NaN that may begin at `at`, or 0: how many characters.
std::size_t word_for_nan(std::string_view text) {
  for (const std::string_view word : {"Infinity", "infinity", "inf", "Inf", "NaN", "nan"}) {
    if (!text.starts_with(word)) continue;
    const bool ends = text.size() == word.size() ||
                      std::string_view(",]} \t\r\n").find(text[word.size()]) != text.npos;
    if (ends) return word.size();
  }
  return 0;
}

JsonValue json_of(const std::string& body) {
  if (!is_shallow(body, deepest_answer))
    wrong(concat("the answer's brackets are nested deeper than ", deepest_answer));
  JsonValue json = parsed_json(body);
  if (json.is_discarded()) json = parsed_json(with_null_for_nan(body));
  return json;
}

std::string words_of_error(const JsonValue& error) {
  if (error.is_string()) return printable(error.get<std::string>());
  std::string words;
  for (const char* key : {"type", "message"}) {
    if (!error.is_object() || !error.contains(key)) continue;
    const JsonValue& part = error[key];
    words += (words.empty() ? "" : ": ") +
             (part.is_string() ? part.get<std::string>() : json_text(part));
  }
  return printable(words.empty() ? json_text(error) : words);
}

// In one line.
std::string words_in(std::string_view text) {
  std::string words;
  for (const char c : trimmed(text)) {
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!blank) words += c;
    if (blank && !words.ends_with(' ')) words += ' ';
  }
  return words;
}

// What a server says that does not answer with 200, or that answers with something else than JSON.
std::string words_of(const http::Response& response) {
  std::string words(trimmed(http::header(response.headers, "EXCEPTION_WHAT")));
  if (words.empty()) words = words_in(std::string_view(response.body).substr(0, 2000));
  return words.empty() ? "" : ": " + printable(words);
}

void refuse_status(const http::Response& response) {
  const int status = response.status;
  const std::string words = concat("status ", status, words_of(response));
  if (status == 200) return;
  if (status == 429 || status == 503)
    throw UmbridgeFailure(Way::Transient, "could not start", words);
  if (status == 502 || status == 504 || status == 408)
    throw UmbridgeFailure(Way::Transient, "lost", words);
  if (status >= 300 && status < 400)
    wrong(concat("status ", status, " to '",
                 printable(http::header(response.headers, "Location"), 100),
                 "': redirects are not followed, give that address"));
  throw UmbridgeFailure(Way::Lasting, "exception", words);
}

// The answer as a JSON object. It is the key "error" that says that something went wrong, whatever
// the status.
JsonValue object_of(const http::Response& response) {
  const JsonValue json = json_of(response.body);
  if (json.is_object() && json.contains("error") && response.status != 429 &&
      response.status != 503)
    throw UmbridgeFailure(Way::Lasting, "exception", words_of_error(json["error"]));
  refuse_status(response);
  if (json.is_discarded())
    wrong("expected JSON, got '" + printable(std::string_view(response.body).substr(0, 300), 80) +
          "'");
  if (!json.is_object()) wrong("expected a JSON object, got " + printable(json_text(json), 80));
  return json;
}

http::Request question(const std::string& path, const JsonValue& body) {
  return {.method = "POST", .path = path, .body = json_text(body), .headers = {}};
}

// Of protocol 0.9 there is one model a server, and no /Info.
bool speaks_0_9(const Asking& asking) {
  try {
    const http::Response response =
        answered(asking, {.method = "GET", .path = "/GetInputSizes", .body = "", .headers = {}});
    return response.status == 200;
  } catch (const UmbridgeFailure&) {
    return false;
  }
}

void check_version(const JsonValue& info) {
  if (!info.contains("protocolVersion")) wrong("/Info names no protocolVersion");
  const JsonValue& version = info["protocolVersion"];
  double number = std::numeric_limits<double>::quiet_NaN();
  if (version.is_number()) number = version.get<double>();
  if (version.is_string()) {  // as the protocol's description has it
    const JsonValue inner = parsed_json(version.get<std::string>());
    if (inner.is_number()) number = inner.get<double>();
  }
  if (!(number >= 1.0 && number < 2.0))
    wrong("expected protocol 1.0, the server speaks " + printable(json_text(version), 40));
}

double number_of(const JsonValue& value, std::size_t vector, std::size_t place) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_number())
    wrong(concat("output[", vector, "][", place, "]: expected a number, got ",
                 printable(json_text(value), 40)));
  return value.get<double>();
}

JsonValue input_vectors(VectorView x, const std::vector<Index>& sizes) {
  JsonValue vectors = JsonValue::array();
  Index at = 0;
  for (const Index size : sizes) {
    JsonValue vector = JsonValue::array();
    for (Index i = 0; i < size; ++i) vector.push_back(x[at++]);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

}  // namespace

std::string with_null_for_nan(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 16);
  bool in_text = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_text && c == '\\' && at + 1 < text.size()) {
      result += c;
      result += text[++at];
      continue;
    }
    if (c == '"') in_text = !in_text;
    const bool sign = c == '-' || c == '+';
    const std::size_t word = in_text ? 0 : word_for_nan(text.substr(at + (sign ? 1 : 0)));
    if (word == 0) {
      result += c;
      continue;
    }
    result += "null";
    at += word - (sign ? 0 : 1);
  }
  return result;
}

bool is_shallow(std::string_view text, int deepest) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') in_text = !in_text;
    if (in_text && c == '\\') ++at;
    if (in_text) continue;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > deepest) return false;
  }
  return true;
}

std::vector<std::string> models_of(const Asking& asking) {
  const http::Response response =
      answered(asking, {.method = "GET", .path = "/Info", .body = "", .headers = {}});
  if (response.status == 404 && speaks_0_9(asking))
    wrong("the server speaks protocol 0.9, expected 1.0. Update the UM-Bridge it is made with");
  const JsonValue info = object_of(response);
  check_version(info);
  if (!info.contains("models") || !info["models"].is_array()) wrong("/Info names no models");
  std::vector<std::string> models;
  for (const JsonValue& model : info["models"]) {
    if (model.is_string()) models.push_back(model.get<std::string>());
  }
  return models;
}

std::vector<Index> sizes_of(const Asking& asking, Side side, const std::string& model,
                            const std::string& config) {
  const bool in = side == Side::Inputs;
  const char* key = in ? "inputSizes" : "outputSizes";
  const JsonValue answer =
      object_of(answered(asking, question(in ? "/InputSizes" : "/OutputSizes",
                                          {{"name", model}, {"config", parsed_json(config)}})));
  if (!answer.contains(key) || !answer[key].is_array() || answer[key].empty() ||
      answer[key].size() > most_vectors)
    wrong(concat("expected '", key, "' as a list of lengths, got ",
                 printable(json_text(answer), 80)));
  std::vector<Index> sizes;
  for (const JsonValue& size : answer[key]) {
    const double number = size.is_number() ? size.get<double>() : -1.0;
    if (!(number >= 0.0 && number <= static_cast<double>(longest_vector)) ||
        number != std::floor(number))
      wrong(concat(key, ": expected a length, got ", printable(json_text(size), 40)));
    sizes.push_back(static_cast<Index>(number));
  }
  return sizes;
}

std::vector<double> evaluated(const Asking& asking, const std::string& model,
                              const std::string& config, VectorView x,
                              const std::vector<Index>& input_sizes,
                              const std::vector<Index>& output_sizes) {
  const JsonValue answer =
      object_of(answered(asking, question("/Evaluate", {{"name", model},
                                                        {"input", input_vectors(x, input_sizes)},
                                                        {"config", parsed_json(config)}})));
  if (!answer.contains("output") || !answer["output"].is_array())
    wrong("expected 'output' as a list of vectors, got " + printable(json_text(answer), 80));
  const JsonValue& vectors = answer["output"];
  if (vectors.size() != output_sizes.size())
    wrong(concat("expected ", output_sizes.size(), " output vectors, got ", vectors.size()));
  std::vector<double> values;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const JsonValue& vector = vectors[i];
    if (!vector.is_array())
      wrong(concat("output[", i, "]: expected a vector, got ", printable(json_text(vector), 40)));
    if (static_cast<Index>(vector.size()) != output_sizes[i])
      wrong(concat("output[", i, "]: expected ", output_sizes[i], " values, got ", vector.size()));
    for (std::size_t j = 0; j < vector.size(); ++j) values.push_back(number_of(vector[j], i, j));
  }
  return values;
}

}  // namespace sonde
