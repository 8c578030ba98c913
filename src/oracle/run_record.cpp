#include "oracle/run_record.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"

namespace sonde {
namespace {

using Outcome = RunResult::Outcome;

constexpr int schema = 1;
constexpr std::array<std::pair<Outcome, const char*>, 6> outcomes = {
    {{Outcome::Exited, "exited"},
     {Outcome::Signalled, "signalled"},
     {Outcome::Timeout, "timeout"},
     {Outcome::Stall, "stall"},
     {Outcome::CouldNotStart, "could not start"},
     {Outcome::Ended, "ended"}}};

const char* word(Outcome outcome) {
  for (const auto& [value, name] : outcomes)
    if (value == outcome) return name;
  return "";
}

Outcome outcome_named(const std::string& name) {
  for (const auto& [value, known] : outcomes)
    if (name == known) return value;
  throw std::runtime_error("unknown outcome");
}

// Arguments and paths are bytes; those that are no UTF-8 cannot stand in JSON as they are.
JsonValue bytes(const std::string& text) {
  if (is_utf8(text)) return text;
  return std::vector<unsigned char>(text.begin(), text.end());
}

std::string from_bytes(const JsonValue& value) {
  if (value.is_string()) return value.get<std::string>();
  const auto numbers = value.get<std::vector<unsigned char>>();
  return {numbers.begin(), numbers.end()};
}

// Of a duration or a size: null where there is no end to it.
JsonValue limit(double value) {
  return std::isfinite(value) ? JsonValue(value) : JsonValue(nullptr);
}

double limit_of(const JsonValue& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

std::string dumped(const JsonValue& json) {
  return json_text(json, 1) + "\n";
}

}  // namespace

std::string to_text(const RunRequest& request) {
  JsonValue argv = JsonValue::array();
  for (const std::string& argument : request.argv) argv.push_back(bytes(argument));
  JsonValue env = JsonValue::array();
  for (const auto& [name, value] : request.env)
    env.push_back(JsonValue::array({bytes(name), bytes(value)}));
  return dumped({{"schema", schema},
                 {"argv", argv},
                 {"env", env},
                 {"bare", request.bare},
                 {"stdin", request.standard_input},
                 {"timeout", limit(request.timeout)},
                 {"stall", limit(request.stall)},
                 {"memory_limit", limit(request.memory_limit)},
                 {"cpu_limit", limit(request.cpu_limit)},
                 {"file_limit", limit(request.file_limit)},
                 {"beat", request.beat},
                 {"grace", request.grace},
                 {"end_on_death", request.end_on_death},
                 {"stream_part", request.stream_part},
                 {"sync", request.sync}});
}

std::optional<RunRequest> run_request(const std::string& text) try {
  const JsonValue json = parsed_json(text);
  if (whole(json.at("schema")) > schema) return std::nullopt;
  RunRequest request;
  for (const JsonValue& argument : json.at("argv")) request.argv.push_back(from_bytes(argument));
  for (const JsonValue& pair : json.at("env"))
    request.env.emplace_back(from_bytes(pair.at(0)), from_bytes(pair.at(1)));
  request.bare = json.value("bare", false);
  request.standard_input = json.at("stdin").get<std::string>();
  request.timeout = limit_of(json.at("timeout"));
  request.stall = limit_of(json.at("stall"));
  for (const auto& [name, place] :
       {std::pair{"memory_limit", &request.memory_limit},
        std::pair{"cpu_limit", &request.cpu_limit}, std::pair{"file_limit", &request.file_limit}})
    if (json.contains(name)) *place = limit_of(json.at(name));
  request.beat = json.value("beat", request.beat);
  request.grace = json.at("grace").get<double>();
  request.end_on_death = json.at("end_on_death").get<bool>();
  request.stream_part = json.at("stream_part").get<std::size_t>();
  request.sync = json.at("sync").get<std::vector<std::string>>();
  return request;
} catch (const std::exception&) {
  return std::nullopt;
}

std::string to_text(const RunResult& result) {
  return dumped({{"schema", schema},
                 {"outcome", word(result.outcome)},
                 {"exit_status", result.exit_status},
                 {"signal", result.signal},
                 {"seconds", result.seconds},
                 {"cpu_seconds", result.cpu_seconds},
                 {"max_rss", result.max_rss},
                 {"host", result.host},
                 {"started", result.started},
                 {"ended", result.ended},
                 {"message", result.message}});
}

std::optional<RunResult> run_result(const std::string& text) try {
  const JsonValue json = parsed_json(text);
  if (whole(json.at("schema")) > schema) return std::nullopt;
  RunResult result;
  result.outcome = outcome_named(json.at("outcome").get<std::string>());
  result.exit_status = static_cast<int>(whole(json.at("exit_status")));
  result.signal = static_cast<int>(whole(json.at("signal")));
  result.seconds = json.at("seconds").get<double>();
  result.cpu_seconds = json.at("cpu_seconds").get<double>();
  result.max_rss = json.at("max_rss").get<double>();
  result.host = json.at("host").get<std::string>();
  result.started = json.at("started").get<double>();
  result.ended = json.at("ended").get<double>();
  result.message = json.at("message").get<std::string>();
  return result;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace sonde
