#include "cli/request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/fitting_cost.hpp"
#include "cli/importing.hpp"
#include "cli/points_file.hpp"
#include "cli/telling.hpp"
#include "cli/text_table.hpp"
#include "run/csv.hpp"

namespace sonde::cli {
namespace {

constexpr int deepest = 8;  // brackets within one another

AskRequest ask_of(const JsonValue& request) {
  AskRequest ask{.count = Index{whole(request.at("count"))},
                 .to = request.at("to").get<std::string>(),
                 .tag = request.at("tag").get<std::string>(),
                 .again = request.at("again").get<bool>(),
                 .row = request.contains("row") ? Index{whole(request["row"])} : Index{-1}};
  if (request.at("seconds").is_number()) ask.seconds = request.at("seconds").get<double>();
  return ask;
}

// So that messages name a run, where the file has no lines.
void number_runs(CsvTable& table, std::vector<long> runs) {
  require<UsageError>(runs.size() == table.rows.size(), "request: expected the numbers of ",
                      table.rows.size(), " runs, got ", runs.size());
  table.lines = std::move(runs);
  table.row = "run";
}

PointsFile table_of(const JsonValue& request, const Study& study) {
  try {
    CsvTable table =
        parse_csv(request.at("text").get<std::string>(), request.at("file").get<std::string>());
    if (request.contains("runs")) number_runs(table, request["runs"].get<std::vector<long>>());
    return points_in(std::move(table), study);
  } catch (const ArgumentError& failure) {
    throw UsageError(failure.what());
  }
}

Reply dispatched(OpenCampaign& open, const JsonValue& request, const std::string& name) {
  const std::string command = request.at("command").get<std::string>();
  if (command == "ask") return asked(open, ask_of(request), name);
  if (command == "tell")
    return told(open, request.at("lines").get<std::string>(),
                request.at("source").get<std::string>(), name,
                request.value("items", false) ? "item" : "");
  require<UsageError>(command == "import", "request: expected ask, tell or import, got '",
                      printable(command), "'");
  if (request.value("good_rows", false))
    return good_rows_imported(open, request.at("text").get<std::string>(),
                              request.at("file").get<std::string>());
  return imported(open, table_of(request, open.study));
}

}  // namespace

std::string ask_request(const AskRequest& ask, bool yes) {
  const JsonValue seconds = ask.seconds ? JsonValue(*ask.seconds) : JsonValue(nullptr);
  return json_text({{"command", "ask"},
                    {"count", ask.count},
                    {"to", ask.to},
                    {"seconds", seconds},
                    {"tag", ask.tag},
                    {"again", ask.again},
                    {"row", ask.row},
                    {"yes", yes}});
}

std::string tell_request(const std::string& lines, const std::string& source) {
  return json_text({{"command", "tell"}, {"lines", lines}, {"source", source}});
}

std::string tell_items_request(const std::string& lines, const std::string& source) {
  return json_text({{"command", "tell"}, {"lines", lines}, {"source", source}, {"items", true}});
}

std::string import_request(const std::string& file, const std::string& text, bool yes) {
  return json_text({{"command", "import"}, {"file", file}, {"text", text}, {"yes", yes}});
}

std::string import_request(const std::string& file, const StoredRuns& stored, bool yes) {
  return json_text({{"command", "import"},
                    {"file", file},
                    {"text", stored.csv},
                    {"runs", stored.runs},
                    {"yes", yes}});
}

std::string import_good_rows_request(const std::string& file, const std::string& text) {
  return json_text(
      {{"command", "import"}, {"file", file}, {"text", text}, {"yes", true}, {"good_rows", true}});
}

namespace {

// To be fitted at most after it.
Index runs_after(const OpenCampaign& open, const JsonValue& request) {
  if (request.contains("count")) return open.campaign.asked() + Index{whole(request["count"])};
  if (!request.contains("text")) return open.campaign.answered();
  const auto& text = request["text"].get_ref<const std::string&>();
  return open.campaign.answered() + std::count(text.begin(), text.end(), '\n');
}

}  // namespace

std::string agreed(const OpenCampaign& open, const std::string& text, int threads) {
  JsonValue request = parsed_json(text);
  if (!request.contains("yes")) return text;
  agree_to_fitting(runs_after(open, request), threads, request["yes"]);
  request["yes"] = true;
  return json_text(request);
}

Reply carried_out(OpenCampaign& open, const std::string& text, const std::string& name,
                  int threads) {
  try {
    const JsonValue request = parsed_json(text, deepest);
    require<UsageError>(request.is_object(), "request: expected a JSON object");
    const Index runs = runs_after(open, request);
    const bool yes = request.value("yes", false);
    require<UsageError>(yes || runs <= many_runs, fitting_words(runs, threads),
                        ". Go on with --yes, or ask for fewer");
    agree_to_fitting(runs, threads, yes);
    return dispatched(open, request, name);
  } catch (const JsonValue::exception& failure) {
    throw UsageError(std::string("request: ") + failure.what());
  }
}

Reply replied(OpenCampaign& open, const std::string& request, const std::string& name,
              int threads) {
  try {
    return carried_out(open, request, name, threads);
  } catch (const StoreError&) {
    throw;
  } catch (const UsageError& failure) {
    return {Usage, "", "sonde: " + std::string(failure.what()) + '\n'};
  } catch (const std::exception& failure) {
    return {Unexpected, "", "sonde: " + std::string(failure.what()) + '\n'};
  }
}

}  // namespace sonde::cli
