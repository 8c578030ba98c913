#include "supervisor/library_worker.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json_text.hpp"
#include "sonde/base/error.hpp"
#include "sonde/oracle/plugin.h"

namespace sonde {
namespace {

using Names = std::vector<std::string>;

Names names_of(const char* const* names, int count, const char* what) {
  require<Error>(count > 0 && count <= 100000 && names != nullptr, "it names no ", what);
  Names all;
  for (int i = 0; i < count; ++i) all.emplace_back(names[i] != nullptr ? names[i] : "");
  return all;
}

std::string listed(const Names& names) {
  std::string words;
  for (const std::string& name : names) words += (words.empty() ? "'" : ", '") + name + "'";
  return words;
}

struct Plugin {
  const sonde_plugin_table* table;
  Names inputs;
  Names outputs;
};

Plugin load(const std::string& file) {
  void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = ::dlerror();
    throw Error(why != nullptr ? why : "it cannot be loaded");
  }
  using Get = const sonde_plugin_table* (*)();
  const auto get = reinterpret_cast<Get>(::dlsym(library, "sonde_plugin"));
  require<Error>(get != nullptr, "it has no function sonde_plugin; see sonde/oracle/plugin.h");
  const sonde_plugin_table* const table = get();
  require<Error>(table != nullptr && table->version == SONDE_PLUGIN_VERSION,
                 "expected a plug-in of version ", SONDE_PLUGIN_VERSION, ", got ",
                 table != nullptr ? table->version : 0);
  require<Error>(table->evaluate != nullptr, "it has nothing to evaluate");
  return {table, names_of(table->input_names, table->inputs, "inputs"),
          names_of(table->output_names, table->outputs, "outputs")};
}

// The place of each of the plug-in's inputs among those asked.
std::vector<std::size_t> places(const Plugin& plugin, const Names& asked) {
  std::vector<std::size_t> all;
  for (const std::string& name : plugin.inputs) {
    const auto found = std::find(asked.begin(), asked.end(), name);
    require<Error>(found != asked.end() && plugin.inputs.size() == asked.size(),
                   "the library's inputs are ", listed(plugin.inputs), ", the study's ",
                   listed(asked));
    all.push_back(static_cast<std::size_t>(found - asked.begin()));
  }
  return all;
}

JsonValue number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf";
}

JsonValue failed(const char* message) {
  return {{"failed", *message != '\0' ? message : "the library gave no reason"}};
}

JsonValue evaluated(const Plugin& plugin, const JsonValue& question) {
  const Names asked = question.at("names").get<Names>();
  const auto given = question.at("x").get<std::vector<double>>();
  require<Error>(given.size() == asked.size(), "expected as many numbers as names");
  const std::vector<std::size_t> place = places(plugin, asked);
  std::vector<double> x;
  for (const std::size_t i : place) x.push_back(given[i]);
  std::vector<double> y(plugin.outputs.size(), std::nan(""));
  std::vector<char> message(1024, '\0');
  if (plugin.table->evaluate(x.data(), y.data(), message.data(), message.size() - 1) != 0)
    return failed(message.data());
  JsonValue answer{{"y", JsonValue::object()}};
  for (std::size_t j = 0; j < y.size(); ++j) answer["y"][plugin.outputs[j]] = number(y[j]);
  if (plugin.table->gradient == nullptr) return answer;
  std::vector<double> jacobian(y.size() * x.size(), std::nan(""));
  if (plugin.table->gradient(x.data(), jacobian.data(), message.data(), message.size() - 1) != 0)
    return answer;
  answer["gradient"] = JsonValue::object();
  for (std::size_t j = 0; j < y.size(); ++j) {
    std::vector<double> row(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) row[place[i]] = jacobian[j * x.size() + i];
    JsonValue numbers = JsonValue::array();
    for (const double value : row) numbers.push_back(number(value));
    answer["gradient"][plugin.outputs[j]] = numbers;
  }
  return answer;
}

}  // namespace

int describe_library(const std::string& file) try {
  const Plugin plugin = load(file);
  std::puts(("\n" + json_text(JsonValue{{"inputs", plugin.inputs}, {"outputs", plugin.outputs}}))
                .c_str());
  return 0;
} catch (const std::exception& refused) {
  std::fputs(refused.what(), stderr);
  return 1;
}

int serve_library(const std::string& file) try {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const Plugin plugin = load(file);
  std::puts(("\n" + json_text(evaluated(plugin, parsed_json(text)))).c_str());
  return 0;
} catch (const std::exception& refused) {
  std::fprintf(stderr, "%s: %s\n", file.c_str(), refused.what());
  return 1;
}

}  // namespace sonde
