#include <fmt/format.h>

#include <utility>

#include "run/study_sections.hpp"

namespace sonde {
namespace {

constexpr std::int64_t most_remembered = 100'000;
constexpr std::int64_t most_recent = 10'000;
constexpr std::int64_t most_queued = 1'000'000;

double number_from(TomlReader& reader, const char* key, double otherwise, double most) {
  const TomlValue* value = reader.find(key);
  if (value == nullptr) return otherwise;
  const double number = *reader.number(key);
  if (!(number >= 0.0 && number <= most))
    reader.refuse(value->at, key,
                  fmt::format("expected a number from 0 to {}, got {}", most, number));
  return number;
}

StreamRule rule_of(TomlReader& reader) {
  const std::string word =
      reader.word("rule", {"quantile", "variable", "fixed"}).value_or("quantile");
  if (word == "variable") return StreamRule::Variable;
  if (word == "quantile") return StreamRule::Quantile;
  reader.needed("threshold", "threshold = the worth from which on a point is asked");
  return StreamRule::Fixed;
}

}  // namespace

void read_stream(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("stream");
  if (!reader) return;
  if (study.kind == Study::Kind::Manual)
    root.refuse(root.find("stream")->at, "stream",
                "points that arrive need a simulator: the one of this study is manual");
  StreamOptions& options = study.stream.emplace();
  StreamSource& source = study.stream_source;
  const TomlValue& from = reader->needed(
      "from", "from = \"-\" (standard input), a file, \"http://127.0.0.1:PORT\", or \"unix:FILE\"");
  source.from = *reader->text("from");
  if (source.from.empty())
    reader->refuse(from.at, "from", "expected \"-\" (standard input) or a file, got ''");
  source.follow = reader->flag("follow").value_or(false);
  source.keep = reader->flag("keep").value_or(true);
  source.deadline = reader->seconds("deadline");
  options.rule = rule_of(*reader);
  if (options.rule == StreamRule::Fixed) options.threshold = *reader->number("threshold");
  if (const TomlValue* budget = reader->find("budget")) {
    options.budget = *reader->number("budget");
    if (!(options.budget > 0.0 && options.budget <= 1.0))
      reader->refuse(budget->at, "budget",
                     "expected the part of the arrivals that may be asked, above 0, up to 1, got " +
                         described(*budget));
  }
  options.random_share = number_from(*reader, "random", options.random_share, 0.5);
  options.audit_share = number_from(*reader, "audit", options.audit_share, 0.5);
  options.apart = number_from(*reader, "apart", options.apart, 1.0);
  options.window = reader->whole("window", 1, most_remembered).value_or(options.window);
  options.recent = reader->whole("recent", 0, most_recent).value_or(options.recent);
  options.queue = reader->whole("queue", 1, most_queued).value_or(options.queue);
  options.leading = reader->word("model", {"stack", "leading"}).value_or("stack") == "leading";
  reader->done();
}

}  // namespace sonde
