#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "run/pool_file.hpp"
#include "run/study_sections.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t most_shortlisted = 10'000'000;
constexpr std::int64_t most_queries = 1'000'000'000;
constexpr std::int64_t most_breadth = 10'000;

/// The file of a pool, read when it is first visited.
class Later {
 public:
  Later(fs::path file, std::vector<Parameter> parameters)
      : file_(std::move(file)), parameters_(std::move(parameters)) {}

  void visit(const Pool::Visitor& visitor) {
    std::call_once(once_, [this] { open(); });
    opened_->pool().visit(visitor);
  }

 private:
  // Its copy lies beside it, or where the system keeps what is temporary.
  void open() {
    const fs::path beside = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
    try {
      try {
        opened_.emplace(file_, parameters_, beside);
      } catch (const StoreError&) {
        opened_.emplace(file_, parameters_, fs::temp_directory_path());
      }
    } catch (const ArgumentError& failure) {
      throw StudyError(failure.what());
    }
  }

  fs::path file_;
  std::vector<Parameter> parameters_;
  std::once_flag once_{};
  std::optional<PoolFile> opened_{};
};

Diversity diversity_of(TomlReader& reader) {
  const std::string word = reader.word("diversity", {"supposing", "k-centre", "marginal relevance"})
                               .value_or("supposing");
  if (word == "k-centre") return Diversity::KCentre;
  return word == "marginal relevance" ? Diversity::MarginalRelevance : Diversity::Supposing;
}

Maker maker_of(TomlReader& reader) {
  reader.needed("from", "from = \"pool\", \"synthesis\", \"snapped\" or \"stream\"");
  const std::string word = *reader.word("from", {"pool", "synthesis", "snapped", "stream"});
  if (word == "stream") return Maker::Stream;
  if (word == "pool") return Maker::Pool;
  return word == "snapped" ? Maker::Snapped : Maker::Synthesis;
}

}  // namespace

void read_pool(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("pool");
  if (!reader) return;
  reader->needed("file", "file = \"candidates.csv\"");
  study.pool_file = *reader->text("file");
  PoolOptions& options = study.selection;
  options.diversity = diversity_of(*reader);
  if (const auto relevance = reader->number("relevance")) {
    if (!(*relevance >= 0.0 && *relevance <= 1.0))
      reader->refuse(reader->find("relevance")->at, "relevance",
                     fmt::format("expected a number from 0 to 1, got {}", *relevance));
    options.relevance = *relevance;
  }
  options.shortlist = reader->whole("shortlist", 1, most_shortlisted).value_or(options.shortlist);
  options.breadth = reader->whole("breadth", 1, most_breadth).value_or(options.breadth);
  reader->done();
}

void read_hybrid(TomlReader& root, Study& study) {
  std::optional<TomlReader> reader = root.table("hybrid");
  if (!reader) return;
  if (const TomlValue* share = reader->find("random")) {
    study.random_share = *reader->number("random");
    if (!(study.random_share > 0.0 && study.random_share <= 0.5))
      reader->refuse(share->at, "random",
                     "expected a part of the runs above 0, up to 0.5, got " + described(*share));
  }
  for (TomlReader& step : reader->tables("steps")) {
    if (!study.steps.empty() && study.steps.back().queries == 0)
      reader->refuse(reader->find("steps")->at, "steps",
                     "expected 'runs' in every step but the last, got a step without an end "
                     "before another");
    Step one{.maker = maker_of(step)};
    const bool joined = study.stream && study.stream_source.keep && !study.steps.empty();
    if ((one.maker == Maker::Pool || one.maker == Maker::Snapped) && study.pool_file.empty() &&
        !joined)
      step.refuse(step.find("from")->at, "from",
                  "candidates are needed for it: a table [pool] with file = \"...\"");
    if (one.maker == Maker::Stream && !study.stream)
      step.refuse(step.find("from")->at, "from",
                  "points must arrive for it: a table [stream] with from = \"...\"");
    one.queries = step.whole("runs", 1, most_queries).value_or(0);
    step.done();
    study.steps.push_back(one);
  }
  reader->done();
}

std::optional<Pool> Study::pool() const {
  if (pool_file.empty()) return std::nullopt;
  const auto later = std::make_shared<Later>(file.parent_path() / pool_file, parameters);
  return Pool(static_cast<Index>(parameters.size()),
              [later](const Pool::Visitor& visitor) { later->visit(visitor); });
}

}  // namespace sonde
