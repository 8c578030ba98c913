#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "cli/campaign_folder.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/subcommands.hpp"
#include "cli/text_table.hpp"
#include "run/journal_rescue.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

// Without a look at the journal, which may be unreadable.
CampaignFolder folder_of(const Target& target) {
  const fs::path named = target.named.empty() ? "study.toml" : target.named;
  fs::path directory = fs::is_directory(named) ? named : named.parent_path() / named.stem();
  if (!target.directory.empty()) directory = target.directory;
  CampaignFolder folder{directory, named, named.stem().string()};
  require<UsageError>(fs::exists(folder.journal()), folder.journal().string(),
                      ": there is no such journal. Name the campaign's directory");
  return folder;
}

// What the recorded study says the first line was.
std::optional<Preamble> begun_with(const CampaignFolder& folder) {
  if (!fs::exists(folder.recorded_study())) return std::nullopt;
  const std::string text = read_file(folder.recorded_study());
  const Study study = parse_study(text, folder.recorded_study());
  return Preamble{.parameters = study.parameters,
                  .outputs = study.output_names(),
                  .seed = study.seed,
                  .study = text};
}

std::optional<double> coordinate(const Parameter& input, const JsonValue& value) {
  if (input.scale != Scale::Choice)
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
  for (std::size_t i = 0; i < input.labels.size(); ++i) {
    if (value == input.labels[i]) return static_cast<double>(i);
  }
  return std::nullopt;
}

// Where its first attempt was asked.
std::optional<Vector> asked_in_run(const CampaignFolder& folder,
                                   const std::vector<Parameter>& inputs, Index id) {
  char name[48];
  std::snprintf(name, sizeof name, "%06td.1", id);
  const fs::path file = folder.runs() / name / ".sonde" / "query.json";
  if (!fs::exists(file)) return std::nullopt;
  const JsonValue question = parsed_json(read_file(file), 4);
  if (!question.is_object() || !question.contains("x") || !question["x"].is_object())
    return std::nullopt;
  Vector x(static_cast<Index>(inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto found = question["x"].find(inputs[i].name);
    const auto value = found == question["x"].end() ? std::nullopt : coordinate(inputs[i], *found);
    if (!value) return std::nullopt;
    x[static_cast<Index>(i)] = *value;
  }
  return x;
}

void tell(const Rescue& rescue) {
  for (const Loss& loss : rescue.lost)
    std::fputs(printable_lines(concat("sonde: lost: byte ", loss.offset, ", ", loss.bytes,
                                      " bytes: ", loss.what, "\n"))
                   .c_str(),
               stderr);
  for (const std::string& words : rescue.restored)
    std::fputs(printable_lines("sonde: " + words + "\n").c_str(), stderr);
}

int carry_out(const Target& target) {
  const CampaignFolder folder = folder_of(target);
  try {
    const Journal whole = Journal::read(folder.journal());
    std::printf("%s: nothing to repair: %zu events, each of them whole\n",
                folder.journal().string().c_str(), whole.events().size());
    return Done;
  } catch (const StoreError& damage) {
    std::fprintf(stderr, "sonde: %s\n", printable_lines(damage.what()).c_str());
  }
  const std::optional<Preamble> begun = begun_with(folder);
  const std::vector<Parameter> inputs = begun ? begun->parameters : std::vector<Parameter>{};
  const KnownPoint known = [&](Index id) {
    return inputs.empty() ? std::nullopt : asked_in_run(folder, inputs, id);
  };
  const Rescue rescue =
      rescued_journal(read_file(folder.journal()), folder.journal(), begun, known);
  const fs::path kept = replace_journal(folder.journal(), rescue);
  tell(rescue);
  std::size_t events = 0;
  for (const Rescue::Entry& entry : rescue.entries) events += entry.event ? 1 : 0;
  std::printf(
      "%s: rescued %zu events, lost %zu pieces; as it was: %s\nnext      sonde run %s finds what "
      "is in runs/ again\n",
      folder.journal().string().c_str(), events, rescue.lost.size(), kept.string().c_str(),
      folder.directory.string().c_str());
  return Done;
}

}  // namespace

Subcommand repair_subcommand() {
  auto target = std::make_shared<Target>();
  return {.name = "repair",
          .help = "Rescue what is whole in a damaged journal",
          .arguments = target_arguments(*target),
          .action = [target] { return carry_out(*target); }};
}

}  // namespace sonde::cli
