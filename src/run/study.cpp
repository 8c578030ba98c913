#include "sonde/run/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "run/csv.hpp"
#include "run/study_sections.hpp"
#include "run/toml_reader.hpp"
#include "sonde/query/criteria.hpp"
#include "sonde/space/design.hpp"

namespace sonde {
namespace {

constexpr std::size_t longest_study = 10'000'000;  // bytes

void read_design(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("design");
  if (!reader) return;
  study.design = reader->word("kind", design::names()).value_or(study.design);
  study.initial = static_cast<Index>(reader->whole("runs", 1, most_runs).value_or(study.initial));
  if (const std::optional<std::string> file = reader->text("file")) {
    if (const TomlValue* kind = reader->find("kind"))
      reader->refuse(kind->at, "kind", "a design has either a kind or a file, this one has both");
    study.design_file = *file;
  }
  reader->done();
}

void read_method(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("method");
  if (!reader) return;
  read_query(*reader, study);
  if (const std::optional<double> margin = reader->number("margin")) {
    if (!(*margin >= 0.0 && *margin <= 0.45))
      reader->refuse(reader->find("margin")->at, "margin",
                     fmt::format("expected a part of each range, from 0 to 0.45, got {}", *margin));
    study.margin = *margin;
  }
  read_batch(*reader, study);
  if (const auto per = reader->word("per", {"run", "second"}))
    study.worth_per_second = *per == "second";
  read_weights(*reader, study);
  const std::string pace = reader->word("pace", {"streaming", "batches"}).value_or("streaming");
  study.pace = pace == "batches" ? Pace::Batches : Pace::Streaming;
  study.seed = static_cast<std::uint64_t>(
      reader->whole("seed", 0, INT64_MAX).value_or(static_cast<std::int64_t>(study.seed)));
  reader->done();
}

void read_validation(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("validation");
  if (!reader) return;
  const TomlValue& share = reader->needed("share", "share = 0.1: the part of the runs held out");
  study.validation_share = *reader->number("share");
  if (!(study.validation_share > 0.0 && study.validation_share <= 0.5))
    reader->refuse(share.at, "share",
                   "expected a part of the runs above 0, up to 0.5, got " + described(share));
  reader->done();
}

void check_schema(TomlReader& root) {
  const TomlValue& schema = root.needed("sonde", "sonde = 1, the schema of the file");
  if (schema.type != TomlValue::Type::Whole || schema.whole != 1)
    root.refuse(schema.at, "sonde", "this Sonde reads schema 1, got " + described(schema));
}

void check_readable(const TomlReader& reader, const Position& at, std::string_view key,
                    const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream.good() || std::filesystem::is_directory(file))
    reader.refuse(at, key, "the file '" + file.string() + "' cannot be read");
}

// The files that the study names, at the places where it names them.
void check_files(const Study& study, const TomlValue& document) {
  const std::filesystem::path beside = study.file.parent_path();
  const std::string name = study.file.string();
  const auto check = [&](std::string_view table, std::string_view key,
                         const std::filesystem::path& file) {
    const Position at = position_of(document, {table, key});
    check_readable(TomlReader(name, std::string(table), document), at, key, beside / file);
  };
  for (const auto& [source, target] : study.simulator.templates) {
    const Position at = position_of(document, {"simulator", "templates", source});
    check_readable(TomlReader(name, "simulator", document), at, "templates", beside / source);
  }
  if (!study.simulator.stdin_template.empty())
    check("simulator", "stdin", study.simulator.stdin_template);
  if (!study.design_file.empty()) check("design", "file", study.design_file);
  if (!study.pool_file.empty()) check("pool", "file", study.pool_file);
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  require<StudyError>(stream.good() && !std::filesystem::is_directory(file), file.string(),
                      ": the study cannot be read");
  std::string text;
  text.reserve(4096);
  for (std::istreambuf_iterator<char> at(stream), end; at != end; ++at) {
    text += *at;
    require<StudyError>(text.size() <= longest_study, file.string(),
                        ": a study has at most 10 MB, this one is longer");
  }
  return text;
}

}  // namespace

Study parse_study(const std::string& text, const std::filesystem::path& file) {
  require<StudyError>(text.size() <= longest_study, file.string(),
                      ": a study has at most 10 MB, this one has ", text.size(), " bytes");
  const TomlValue document = parse_toml(text, file.string());
  TomlReader root(file.string(), "", document);
  check_schema(root);
  root.not_available({"simulators"});
  StudyBuilder builder{.study = {.file = file, .text = text}};
  builder.study.title = root.text("title").value_or("");
  for (const char* key :
       {"variables", "constants",  "derived",  "constraints", "outputs", "simulator", "tokens",
        "slurm",     "echo",       "design",   "method",      "stop",    "gold",      "review",
        "tags",      "validation", "segments", "pool",        "stream",  "hybrid",    "cost"})
    root.find(key);
  root.done();
  read_space(root, builder);
  read_simulation(root, builder);
  read_design(root, builder.study);
  read_review(root, builder.study);
  builder.study.tags = read_conditions(root, "tags", builder.study);
  builder.study.segments = read_conditions(root, "segments", builder.study);
  read_method(root, builder.study);
  read_validation(root, builder.study);
  read_cost(root, builder.study);
  read_stop(root, builder.study);
  read_pool(root, builder.study);
  read_stream(root, builder.study);
  read_hybrid(root, builder.study);
  if (std::optional<TomlReader> gold = root.table("gold")) {
    gold->needed("every", "every = 25: after how many runs a known point is asked again");
    builder.study.gold_every = static_cast<Index>(*gold->whole("every", 2, most_runs));
    gold->done();
  }
  return std::move(builder.study);
}

Study read_study(const std::filesystem::path& file) {
  const std::string text = text_of(file);
  Study study = parse_study(text, file);
  check_files(study, parse_toml(text, file.string()));
  return study;
}

std::vector<Output> Study::output_names() const {
  std::vector<Output> names;
  for (const ProcessOutput& output : outputs) names.push_back(output.output);
  return names;
}

Screen Study::screen() const {
  Screen screen;
  screen.agree = cheap->agree;
  screen.tolerances = tolerances;
  screen.learnt = campaign_options().learnt;
  if (cheap->unsure)
    screen.unsure = [unsure = *cheap->unsure](VectorView x, VectorView y) {
      Vector all(x.size() + y.size());
      all << x, y;
      return unsure(all) != 0.0;  // where it cannot be told it is unsure as well
    };
  return screen;
}

CampaignOptions Study::campaign_options() const {
  CampaignOptions options;
  options.initial = initial;
  options.review = review_before;
  options.design = design;
  options.synthesis.margin = margin;
  options.gold_every = gold_every;
  options.validation_share = validation_share;
  options.random_share = random_share;
  options.worth_per_second = worth_per_second;
  options.importance = importance();
  options.pool = pool();
  options.selection = selection;
  options.steps = steps;
  options.stream = stream;
  for (std::size_t j = 0; j < goals.size(); ++j) {
    if (goals[j] != "observe") options.learnt.push_back(static_cast<Index>(j));
  }
  if (options.learnt.size() == goals.size()) options.learnt.clear();
  if (design_file.empty()) return options;
  try {
    options.design_points = points_of(read_csv(file.parent_path() / design_file), parameters);
  } catch (const ArgumentError& failure) {
    throw StudyError(failure.what());
  }
  if (initial == 0) return options;
  const Index rows = options.design_points.rows();
  require<StudyError>(initial <= rows, file.string(), ": design.runs: '", design_file.string(),
                      "' has ", rows, " rows, got ", initial);
  options.design_points = options.design_points.topRows(initial).eval();
  return options;
}

}  // namespace sonde
