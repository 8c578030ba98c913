#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "http/message.hpp"
#include "run/study_sections.hpp"

namespace sonde {
namespace {

constexpr std::int64_t most_values = 10'000'000;

// A value of the study as JSON: what the model is told.
JsonValue json_of(const TomlReader& reader, const TomlValue& value) {
  switch (value.type) {
    case TomlValue::Type::Text:
      return value.text;
    case TomlValue::Type::Whole:
      return value.whole;
    case TomlValue::Type::Flag:
      return value.flag;
    case TomlValue::Type::Number:
      if (std::isfinite(value.number)) return value.number;
      break;
    case TomlValue::Type::Array: {
      JsonValue array = JsonValue::array();
      for (const TomlValue& item : value.items) array.push_back(json_of(reader, item));
      return array;
    }
    case TomlValue::Type::Table: {
      JsonValue table = JsonValue::object();
      for (const TomlValue::Entry& entry : value.entries)
        table[entry.key] = json_of(reader, entry.value);
      return table;
    }
    case TomlValue::Type::Other:
      break;
  }
  reader.refuse(
      value.at, "config",
      "expected texts, finite numbers, true and false, and lists and tables of them, got " +
          described(value));
}

std::string checked_url(const TomlReader& reader, const TomlValue& at, const std::string& url) {
  try {
    return http::parsed_url(url).text();
  } catch (const ArgumentError& failure) {
    reader.refuse(at.at, "urls", failure.what());
  }
}

UmbridgeServer server_of(const TomlReader& reader, const TomlValue& item, int parallel) {
  if (item.type == TomlValue::Type::Text) return {checked_url(reader, item, item.text), parallel};
  if (item.type != TomlValue::Type::Table)
    reader.refuse(item.at, "urls",
                  "expected an address such as \"http://127.0.0.1:4242\", or { url = ..., parallel "
                  "= 2 }, got " +
                      described(item));
  TomlReader server(reader.file(), reader.path("urls"), item);
  server.needed("url", "an address such as \"http://127.0.0.1:4242\"");
  UmbridgeServer one{checked_url(reader, item, *server.text("url")), parallel};
  one.parallel =
      static_cast<int>(server.whole("parallel", 1, most_parallel).value_or(one.parallel));
  server.done();
  return one;
}

void read_urls(TomlReader& reader, int parallel, Study& study) {
  const TomlValue& urls = reader.needed("urls", "urls = [\"http://127.0.0.1:4242\"]");
  if (urls.type != TomlValue::Type::Array || urls.items.empty())
    reader.refuse(urls.at, "urls", "expected a list of addresses, got " + described(urls));
  std::vector<UmbridgeServer>& servers = study.umbridge.servers;
  std::int64_t places = 0;
  for (const TomlValue& item : urls.items) {
    UmbridgeServer server = server_of(reader, item, parallel);
    const bool twice = std::any_of(servers.begin(), servers.end(),
                                   [&](const auto& other) { return other.url == server.url; });
    if (twice) reader.refuse(item.at, "urls", server.url + " stands twice");
    places += server.parallel;
    servers.push_back(std::move(server));
  }
  if (places > most_parallel)
    reader.refuse(urls.at, "urls",
                  fmt::format("expected at most {} evaluations at a time over all servers, got {}",
                              most_parallel, places));
  study.parallel = static_cast<int>(places);
}

std::vector<Index> sizes(TomlReader& reader, std::string_view key) {
  std::vector<Index> lengths;
  const TomlValue* value = reader.find(key);
  if (!value) return lengths;
  bool whole = value->type == TomlValue::Type::Array && !value->items.empty();
  for (const TomlValue& item : value->items) {
    whole = whole && item.type == TomlValue::Type::Whole && item.whole >= 0 &&
            item.whole <= most_values;
    lengths.push_back(static_cast<Index>(item.whole));
  }
  if (!whole)
    reader.refuse(value->at, key,
                  "expected a list of lengths such as [2, 1], got " + described(*value));
  return lengths;
}

}  // namespace

bool is_umbridge(TomlReader& root) {
  const TomlValue* simulator = root.find("simulator");
  if (!simulator) return false;
  return std::any_of(simulator->entries.begin(), simulator->entries.end(), [](const auto& entry) {
    return entry.key == "kind" && entry.value.text == "umbridge";
  });
}

Extraction umbridge_value(TomlReader& output, Index place) {
  Extraction value;
  value.source = Extraction::Source::ByIndex;
  value.index = place;
  std::optional<TomlReader> from = output.table("from");
  if (!from) return value;
  from->needed("index", "the number of the value, from 0, over all of the model's output vectors");
  value.index = static_cast<long>(*from->whole("index", 0, most_values));
  value.factor = from->number("factor").value_or(1.0);
  from->done();
  return value;
}

void read_umbridge(TomlReader& reader, Study& study) {
  study.kind = Study::Kind::Umbridge;
  UmbridgeSpec& spec = study.umbridge;
  const auto parallel = static_cast<int>(reader.whole("parallel", 1, most_parallel).value_or(1));
  read_urls(reader, parallel, study);
  spec.model = reader.text("model").value_or(spec.model);
  if (const TomlValue* config = reader.find("config")) {
    reader.table("config");
    spec.config = json_text(json_of(reader, *config));
  }
  spec.input_sizes = sizes(reader, "input_sizes");
  spec.output_sizes = sizes(reader, "output_sizes");
  spec.timeout_seconds = reader.seconds("timeout").value_or(spec.timeout_seconds);
  spec.retries = static_cast<int>(reader.whole("retries", 0, 100).value_or(spec.retries));
  read_tokens(reader, study.simulator);
  spec.tokens = study.simulator.tokens;
  spec.token_pool = study.simulator.token_pool;
  reader.done();
}

}  // namespace sonde
