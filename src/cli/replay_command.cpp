#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json_text.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/sessions.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"
#include "sonde/run/replay.hpp"

namespace sonde::cli {
namespace {

struct ReplayChoices {
  Target target;
  bool json = false;
  int threads = 0;
};

std::string counted(Index count, const std::string& one, const std::string& many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string recorders(const Journal& journal) {
  const std::set<std::string> builds = builds_of(journal);
  if (builds.empty()) return "sonde " + journal.preamble().version;
  std::string text;
  for (const std::string& build : builds) text += (text.empty() ? "" : "; ") + build;
  return text;
}

std::string in_words(const Replayed& result, const Journal& journal) {
  const std::string so_far = counted(result.queries, "query", "queries") + " and " +
                             counted(result.models, "model", "models");
  if (!result.first) {
    std::string words = so_far + " derived again: the same, bit for bit\n";
    if (result.brought > 0)
      words += counted(result.brought, "run was", "runs were") +
               " brought in from elsewhere, which nobody decided\n";
    return words;
  }
  const Divergence& first = *result.first;
  std::string at = fmt::format("event {}", first.event);
  if (first.query >= 0) at += fmt::format(", query {}", first.query);
  if (first.model > 0) at += fmt::format(", model {}", first.model);
  std::string words = fmt::format("first difference: {}: {} was recorded as {}, derived as {}\n",
                                  at, first.what, first.recorded, first.derived);
  words += fmt::format("recorded by {}\nderived by  {}\n", recorders(journal), this_build());
  if (!builds_of(journal).contains(this_build()))
    words +=
        "Another instruction set or compiler rounds otherwise. Where the processor can, set "
        "SONDE_DENSE to that of the record\n";
  return words;
}

std::string in_json(const Replayed& result, const Journal& journal) {
  JsonValue json{{"schema", 1},
                 {"queries", result.queries},
                 {"models", result.models},
                 {"brought", result.brought},
                 {"recorded_by", recorders(journal)},
                 {"derived_by", this_build()},
                 {"difference", nullptr}};
  if (const std::optional<Divergence>& first = result.first) {
    json["difference"] = {{"event", first->event},       {"query", first->query},
                          {"model", first->model},       {"what", first->what},
                          {"recorded", first->recorded}, {"derived", first->derived}};
  }
  return json_text(json);
}

int carry_out(const ReplayChoices& choices) {
  const CampaignFolder folder = locate(choices.target);
  require<UsageError>(folder.begun(), folder.shown(), ": the campaign has not begun");
  const Journal journal = Journal::read(folder.journal());
  const int threads = choices.threads > 0 ? choices.threads : cores();
  const Beginning begin = [&](const Edited* change) {
    const std::string& text = change ? change->study : journal.preamble().study;
    const Study study = parse_study(text, folder.study);
    return new_campaign(study, options_of(folder, study, threads), journal.preamble().seed);
  };
  const bool watched = ::isatty(STDERR_FILENO) != 0;
  const auto tell = [watched](const Replayed& so_far) {
    if (watched) std::fprintf(stderr, "\r%td queries, %td models ", so_far.queries, so_far.models);
  };
  const Replayed result = replayed(journal.events(), begin, tell);
  if (watched) std::fputs("\r\033[K", stderr);
  std::string text = choices.json ? in_json(result, journal) + "\n" : in_words(result, journal);
  std::fputs(printable_lines(text).c_str(), stdout);
  return result.first ? Unexpected : Done;
}

}  // namespace

Subcommand replay_subcommand() {
  auto choices = std::make_shared<ReplayChoices>();
  std::vector<Argument> arguments = target_arguments(choices->target);
  arguments.push_back({.names = "--json", .place = &choices->json, .help = "As one JSON document"});
  arguments.push_back({.names = "--threads",
                       .place = &choices->threads,
                       .help = "Cores for Sonde's arithmetic; default: all",
                       .range = Between{1, 1024}});
  return {.name = "replay",
          .help = "Derive every recorded decision again and name the first difference",
          .arguments = std::move(arguments),
          .action = [choices] { return carry_out(*choices); }};
}

}  // namespace sonde::cli
