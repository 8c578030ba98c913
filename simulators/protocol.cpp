#include "protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace sonde_simulator {
namespace {

// Ordered, so that --describe keeps the author's order of inputs.
using Json = nlohmann::ordered_json;

std::string names_of(const std::vector<Input>& inputs) {
  std::string names;
  for (const Input& input : inputs) names += (names.empty() ? "" : ", ") + input.name;
  return names;
}

/// Bytes that a terminal or a log cannot show, replaced.
std::string printable(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

Json parse(const Simulator& simulator, std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& problem) {
    // What follows the library's own label: "[json.exception.parse_error.101] ".
    const std::string_view what = problem.what();
    throw Refusal(simulator.name + ": expected one JSON object such as {\"x\": {\"" +
                  simulator.inputs.front().name + "\": 1}} on standard input; " +
                  printable(what.substr(what.find("] ") + 2)));
  }
}

double number(const Simulator& simulator, const Input& input, const Json& x) {
  const auto found = x.find(input.name);
  if (found == x.end())
    throw Refusal(simulator.name + ": input '" + input.name + "' [" + input.unit + "] is missing");
  if (!found->is_number())
    throw Refusal(simulator.name + ": input '" + input.name + "': expected a number, got " +
                  found->dump());
  const double value = found->get<double>();
  if (!std::isfinite(value))
    throw Refusal(simulator.name + ": input '" + input.name + "': expected a finite number");
  return value;
}

void refuse_unknown_inputs(const Simulator& simulator, const Json& x) {
  for (const auto& item : x.items()) {
    const auto same = [&](const Input& input) { return input.name == item.key(); };
    if (std::none_of(simulator.inputs.begin(), simulator.inputs.end(), same))
      throw Refusal(simulator.name + ": there is no input '" + item.key() + "'; the inputs are " +
                    names_of(simulator.inputs));
  }
}

std::string description(const Simulator& simulator) {
  Json json = {{"name", simulator.name},
               {"version", simulator.version},
               {"source", simulator.source},
               {"inputs", Json::array()},
               {"outputs", Json::array()}};
  for (const Input& input : simulator.inputs)
    json["inputs"].push_back({{"name", input.name},
                              {"unit", input.unit},
                              {"bounds", {input.lower, input.upper}},
                              {"meaning", input.meaning}});
  for (const Output& output : simulator.outputs)
    json["outputs"].push_back(
        {{"name", output.name}, {"unit", output.unit}, {"meaning", output.meaning}});
  return json.dump(2);
}

void print_help(const Simulator& simulator) {
  std::printf("%s: %s\n\nusage: %s [--help | --version | --describe] < question.json\n",
              simulator.name.c_str(), simulator.source.c_str(), simulator.name.c_str());
  std::printf("reads  {\"x\": {\"%s\": number, ...}}\nprints {\"y\": {\"%s\": number}}\n\ninputs\n",
              simulator.inputs.front().name.c_str(), simulator.outputs.front().name.c_str());
  for (const Input& input : simulator.inputs)
    std::printf("  %-16s %12s .. %-12s %-9s %s\n", input.name.c_str(),
                shortest(input.lower).c_str(), shortest(input.upper).c_str(), input.unit.c_str(),
                input.meaning.c_str());
  std::printf("outputs\n");
  for (const Output& output : simulator.outputs)
    std::printf("  %-42s %-9s %s\n", output.name.c_str(), output.unit.c_str(),
                output.meaning.c_str());
}

int answer_option(const std::string& option, const Simulator& simulator) {
  if (option == "--help") {
    print_help(simulator);
    return 0;
  }
  if (option == "--version") {
    std::printf("%s %s\n", simulator.name.c_str(), simulator.version.c_str());
    return 0;
  }
  if (option == "--describe") {
    std::printf("%s\n", description(simulator).c_str());
    return 0;
  }
  throw Refusal(simulator.name + ": there is no option '" + option + "'; see --help");
}

int answer_question(const Simulator& simulator) {
  const Request request = read_request(simulator, read_standard_input());
  const std::string line = answer_line(simulator, simulator.evaluate(request.x));
  if (std::printf("%s\n", line.c_str()) < 0 || std::fflush(stdout) != 0)
    throw Failure(simulator.name + ": standard output cannot be written");
  return 0;
}

}  // namespace

std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

Request read_request(const Simulator& simulator, std::string_view text) {
  const Json json = parse(simulator, text);
  if (!json.is_object() || !json.contains("x") || !json.at("x").is_object())
    throw Refusal(simulator.name + ": expected an object with an object \"x\", got " +
                  json.dump().substr(0, 80));
  const Json& x = json.at("x");
  refuse_unknown_inputs(simulator, x);

  Request request;
  if (json.contains("id"))
    request.id = json["id"].is_string() ? json["id"].get<std::string>() : json["id"].dump();
  if (json.contains("attempt") && json["attempt"].is_number_integer())
    request.attempt = json["attempt"].get<int>();
  for (const Input& input : simulator.inputs) request.x.push_back(number(simulator, input, x));
  return request;
}

std::string answer_line(const Simulator& simulator, std::span<const double> y) {
  if (y.size() != simulator.outputs.size())
    throw Failure(simulator.name + ": computed " + std::to_string(y.size()) + " values for " +
                  std::to_string(simulator.outputs.size()) + " outputs");
  std::string line = "{\"y\": {";
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::string& name = simulator.outputs[i].name;
    if (!std::isfinite(y[i]))
      throw Failure(simulator.name + ": output '" + name + "' is not finite at this input");
    line += (i == 0 ? "\"" : ", \"") + name + "\": " + shortest(y[i]);
  }
  return line + "}}";
}

std::string read_standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

int serve(int argc, char** argv, const Simulator& simulator) try {
  if (argc > 2) throw Refusal(simulator.name + ": expected at most one option; see --help");
  return argc == 2 ? answer_option(argv[1], simulator) : answer_question(simulator);
} catch (const Refusal& refusal) {
  std::fprintf(stderr, "%s\n", refusal.what());
  return 2;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "%s\n", failure.what());
  return 1;
}

}  // namespace sonde_simulator
