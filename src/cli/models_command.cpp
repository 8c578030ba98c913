#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_point.hpp"
#include "cli/models.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"
#include "run/history.hpp"

namespace sonde::cli {
namespace {

struct ModelsChoices {
  Target target;
  int promote = 0;
  bool rollback = false;
  bool force = false;
  std::string reason;
  std::string by;
  bool json = false;
};

struct Row {
  Fitted fitted;
  Index queries = 0;               // that it made
  std::vector<Interval> held_out;  // of each output; empty: nothing was, or it cannot be remade
  bool remade = true;
};

std::vector<Row> rows_of(const OpenCampaign& open) {
  const Campaign& campaign = open.campaign;
  std::vector<Row> rows;
  for (const ModelVersion& version :
       model_versions(open.journal.events(), campaign.domain().dim(),
                      static_cast<Index>(campaign.outputs().size()))) {
    Row row{version.fitted, static_cast<Index>(version.queries.size()), {}};
    try {
      row.held_out =
          held_out_errors(open, Surrogate::at(campaign.domain(), campaign.outputs(), version.data,
                                              ModelOptions{}, version.fitted.parameters));
    } catch (const Error&) {
      row.remade = false;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string listed(const OpenCampaign& open, const std::vector<Row>& rows) {
  const Campaign& campaign = open.campaign;
  const Vector spread = campaign.spread();
  const Index held = campaign.validation().size();
  std::vector<std::vector<std::string>> table{{"model", "runs", "queries"}};
  for (const Output& output : campaign.outputs()) {
    table.front().push_back(output.name + ", left out");
    if (held > 0) table.front().push_back("held out");
  }
  for (const Row& row : rows) {
    std::vector<std::string> cells{std::to_string(row.fitted.model),
                                   std::to_string(row.fitted.rows), std::to_string(row.queries)};
    for (Index j = 0; j < spread.size(); ++j) {
      cells.push_back(
          j < row.fitted.leave_one_out.size() ? shown_percent(row.fitted.leave_one_out[j]) : "-");
      if (held == 0) continue;
      cells.push_back(row.held_out.empty()
                          ? "-"
                          : error_words(row.held_out[static_cast<std::size_t>(j)], spread[j]));
    }
    table.push_back(cells);
  }
  std::string text = text_table(table, "");
  if (held > 0)
    text += fmt::format(
        "held out: RMSE on {} run{} that no model learnt from / standard deviation "
        "of what was learnt, with its 95 % interval\n",
        held, held == 1 ? "" : "s");
  text += campaign.promoted() > 0
              ? fmt::format("model {} answers: it was promoted\n", campaign.promoted())
              : "the newest answers, with all data there is\n";
  return text;
}

JsonValue in_json(const Interval& error) {
  return {{"n", error.n},
          {"rmse", json_number(error.value)},
          {"lower", json_number(error.lower)},
          {"upper", json_number(error.upper)}};
}

std::string json_of(const OpenCampaign& open, const std::vector<Row>& rows) {
  const std::vector<Output>& outputs = open.campaign.outputs();
  JsonValue models = JsonValue::array();
  for (const Row& row : rows) {
    JsonValue held = JsonValue::object();
    for (std::size_t j = 0; j < row.held_out.size(); ++j)
      held[outputs[j].name] = in_json(row.held_out[j]);
    models.push_back({{"model", row.fitted.model},
                      {"runs", row.fitted.rows},
                      {"queries", row.queries},
                      {"leave_one_out", json_values(outputs, row.fitted.leave_one_out)},
                      {"evidence", json_values(outputs, row.fitted.evidence)},
                      {"held_out", held}});
  }
  return json_text({{"schema", 1}, {"answers", open.campaign.promoted()}, {"models", models}}, 2);
}

std::string in_words(const Verdict& verdict, double spread) {
  return fmt::format("{}{}: {} before, {} now, on {} run{} held out", verdict.output,
                     verdict.segment.empty() ? "" : ", where " + verdict.segment,
                     error_words(verdict.before, spread), error_words(verdict.now, spread),
                     verdict.now.n, verdict.now.n == 1 ? "" : "s");
}

// \throws UsageError where what was held out speaks against it
void weigh(OpenCampaign& open, Index model, const ModelsChoices& choices) {
  const Surrogate now = model > 0 ? model_numbered(open, model) : open.campaign.surrogate();
  const Surrogate before = answering(open);
  const Vector spread = open.campaign.spread();
  const std::vector<Verdict> verdicts = compared(open, before, now);
  std::string worse;
  for (const Verdict& verdict : verdicts) {
    Index j = 0;
    while (open.campaign.outputs()[static_cast<std::size_t>(j)].name != verdict.output) ++j;
    const std::string words = in_words(verdict, spread[j]);
    if (verdict.worse) worse += "\n  " + words;
    std::printf("%s%s\n", printable(words).c_str(), verdict.worse ? ": worse" : "");
  }
  if (verdicts.empty())
    std::puts("no run was held out, so nothing speaks for or against it: [validation] share = 0.1");
  require<UsageError>(worse.empty() || choices.force, "model ", model,
                      " is worse beyond its interval than what answers now:", worse,
                      "\nTo promote it all the same: --force --reason WHY");
}

void promote(OpenCampaign& open, Index model, const ModelsChoices& choices, bool weighed) {
  if (model == open.campaign.promoted()) {
    std::printf("%s answers already\n", model > 0 ? concat("model ", model).c_str() : "the newest");
    return;
  }
  if (weighed) weigh(open, model, choices);
  record(open, Promoted{model, choices.force, choices.reason, choices.by}, "");
  std::printf("%s answers from now on\n",
              model > 0 ? concat("model ", model).c_str() : "the newest");
}

// What answered before what does now.
Index before_the_last(const OpenCampaign& open) {
  std::vector<Index> promoted{0};
  for (const Event& event : open.journal.events()) {
    const auto* one = std::get_if<Promoted>(&event);
    if (!one) continue;
    if (promoted.size() > 1 && one->model == promoted[promoted.size() - 2]) {
      promoted.pop_back();  // it was a step back
    } else {
      promoted.push_back(one->model);
    }
  }
  require<UsageError>(promoted.size() > 1, open.folder.shown(),
                      ": no model was promoted: there is nothing to go back to");
  return promoted[promoted.size() - 2];
}

int carry_out(const ModelsChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  require<UsageError>(folder.begun(), folder.shown(), ": the campaign has not begun");
  require<UsageError>(!choices.force || (choices.promote > 0 && !choices.reason.empty()),
                      "--force goes with --promote, and with --reason: why?");
  if (choices.promote > 0 || choices.rollback) {
    OpenCampaign open = open_campaign(folder, cores());
    if (choices.rollback) {
      promote(open, before_the_last(open), choices, false);
    } else {
      promote(open, choices.promote, choices, true);
    }
    return Done;
  }
  const OpenCampaign open = read_campaign(folder, cores());
  const std::vector<Row> rows = rows_of(open);
  const std::string text = choices.json ? json_of(open, rows) + "\n" : listed(open, rows);
  std::fputs(printable_lines(text).c_str(), stdout);
  return Done;
}

}  // namespace

Subcommand models_subcommand() {
  auto choices = std::make_shared<ModelsChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--promote",
                       .place = &choices->promote,
                       .help = "Number of the model that is to answer from now on",
                       .range = Between{1, 2147483647}});
  arguments.push_back({.names = "--rollback",
                       .place = &choices->rollback,
                       .help = "What answered before is to answer again",
                       .excludes = "--promote"});
  arguments.push_back({.names = "--force",
                       .place = &choices->force,
                       .help = "Though what was held out speaks against it; needs --reason"});
  arguments.push_back({.names = "--reason", .place = &choices->reason, .help = "Why; recorded"});
  arguments.push_back({.names = "--by", .place = &choices->by, .help = "Who; recorded"});
  arguments.push_back({.names = "--json", .place = &choices->json, .help = "As one JSON document"});
  return {.name = "models",
          .help = "List the surrogates of a campaign, promote one to answer, or go back",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
