#include "run/journal_rescue.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <span>
#include <utility>

#include "run/checksum.hpp"
#include "run/durable.hpp"
#include "run/journal_record.hpp"
#include "run/journal_scan.hpp"
#include "sonde/base/error.hpp"
#include "sonde/query/criteria.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

struct Line {
  std::size_t offset;
  std::string_view text;  ///< without the newline
  bool ended;

  std::optional<std::uint32_t> stated() const {
    std::uint32_t sum = 0;
    if (text.size() <= record::checksum_digits + 1) return std::nullopt;
    const char* end = text.data() + record::checksum_digits;
    const auto [stop, problem] = std::from_chars(text.data(), end, sum, 16);
    return problem == std::errc{} && stop == end && *end == ' ' ? std::optional(sum) : std::nullopt;
  }
  std::string_view json() const {
    return text.size() > record::checksum_digits + 1 ? text.substr(record::checksum_digits + 1)
                                                     : std::string_view{};
  }
  std::optional<record::Record> content() const {
    try {
      if (json().size() > record::max_line) return std::nullopt;
      return record::read(json());
    } catch (const StoreError&) {
      return std::nullopt;
    }
  }
  bool fits(std::uint32_t before) const { return !record::checked(text, before).empty(); }
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = std::min(newline, text.size());
    lines.push_back({begin, text.substr(begin, end - begin), newline != std::string_view::npos});
    begin = end + 1;
  }
  return lines;
}

// Follows the chain of checksums over what is damaged.
class Chain {
 public:
  // Whether the line is whole. `next` bears witness where what stood before it is unknown.
  bool takes(const Line& line, const Line* next) {
    const bool direct =
        line.ended && std::any_of(before_.begin(), before_.end(),
                                  [&](std::uint32_t sum) { return line.fits(sum); });
    // Its number was damaged, or its line is missing: the next one was made with what it should be.
    const bool whole = direct || (next && line.ended && proved_by(line, *next));
    std::vector<std::uint32_t> after;
    if (const auto stated = line.stated()) after.push_back(*stated);
    if (!whole || !direct) {
      for (const std::uint32_t sum : before_) after.push_back(crc32c(line.json(), sum));
    }
    if (after.size() > 8) after.resize(8);
    before_ = std::move(after);
    if (whole) {
      if (const auto record = line.content()) seq_ = record->seq;
    }
    return whole;
  }

 private:
  bool proved_by(const Line& line, const Line& next) const {
    for (const std::uint32_t sum : before_) {
      if (next.fits(crc32c(line.json(), sum))) return true;
    }
    const auto record = line.content();
    if (!record || !line.stated() || !next.fits(*line.stated()) || record->seq <= seq_ + 1)
      return false;
    const auto follower = next.content();
    return follower && follower->seq == record->seq + 1;
  }

  std::vector<std::uint32_t> before_{0};
  Index seq_ = -1;
};

// The fold decides what follows from what; the study's constraints are no part of that.
class Following {
 public:
  Following(Rescue& rescue, const KnownPoint& known)
      : rescue_(rescue),
        known_(known),
        campaign_(Domain(rescue.preamble.parameters), rescue.preamble.outputs, criteria::variance(),
                  {}, rescue.preamble.seed) {}

  void take(const Line& line, record::Record found) {
    if (auto* note = std::get_if<record::Note>(&found.content)) {
      if (!note->writer) rescue_.entries.push_back({{}, std::move(note->text), {}});
      return;
    }
    auto* event = std::get_if<Event>(&found.content);
    if (!event) return;
    ask_up_to(first_needed(*event));
    renumber(*event);
    try {
      campaign_.apply(*event);
    } catch (const ArgumentError& failure) {
      rescue_.lost.push_back(
          {line.offset, line.text.size() + 1,
           concat(words_of(*event), ", which does not follow: ", failure.what())});
      return;
    }
    rescue_.entries.push_back({std::move(*event), {}, std::move(found.request)});
  }

  static std::string words_of(const Event& event) {
    if (const auto* asked = std::get_if<Asked>(&event))
      return asked->queries.empty() ? std::string("a question")
                                    : concat("the question of query ", asked->queries.front().id);
    if (const auto* its = std::get_if<Answered>(&event))
      return concat("the answer to query ", its->id);
    if (const auto* its = std::get_if<Corrected>(&event))
      return concat("a correction of query ", its->id);
    if (const auto* its = std::get_if<Told>(&event))
      return concat("what was told of query ", its->id);
    if (const auto* its = std::get_if<Reviewed>(&event))
      return concat("the review of query ", its->id);
    if (const auto* its = std::get_if<Fitted>(&event)) return concat("model ", its->model);
    if (std::holds_alternative<Marked>(event)) return "what runs count for";
    if (const auto* its = std::get_if<Passed>(&event))
      return concat("what became of ", its->worth.size(), " arrivals from ", its->first, " on");
    if (const auto* its = std::get_if<Promoted>(&event))
      return concat("the promotion of model ", its->model);
    return std::holds_alternative<Leased>(event) ? "a lease" : "a change of the study";
  }

 private:
  // Models count from 1, without those that are lost; what these made has none.
  void renumber(Event& event) {
    if (auto* fitted = std::get_if<Fitted>(&event)) {
      const Index number = campaign_.models() + 1;
      models_[fitted->model] = number;
      fitted->model = number;
    } else if (auto* asked = std::get_if<Asked>(&event)) {
      const auto found = models_.find(asked->model);
      asked->model = found == models_.end() ? 0 : found->second;
    } else if (auto* promoted = std::get_if<Promoted>(&event)) {
      const auto found = models_.find(promoted->model);
      promoted->model = found == models_.end() ? 0 : found->second;
    } else if (auto* passed = std::get_if<Passed>(&event)) {
      const auto found = models_.find(passed->model);
      passed->model = found == models_.end() ? 0 : found->second;
    }
  }

  // The number of queries that must have been asked before it.
  static Index first_needed(const Event& event) {
    if (const auto* asked = std::get_if<Asked>(&event))
      return asked->queries.empty() ? 0 : asked->queries.front().id;
    if (const auto* its = std::get_if<Answered>(&event)) return its->id + 1;
    if (const auto* its = std::get_if<Corrected>(&event)) return its->id + 1;
    if (const auto* its = std::get_if<Told>(&event)) return its->id + 1;
    if (const auto* its = std::get_if<Reviewed>(&event)) return its->id + 1;
    if (const auto* its = std::get_if<Marked>(&event))
      return its->ids.empty() ? 0 : *std::max_element(its->ids.begin(), its->ids.end()) + 1;
    if (const auto* its = std::get_if<Passed>(&event))
      return its->queries.empty() ? 0
                                  : *std::max_element(its->queries.begin(), its->queries.end()) + 1;
    if (const auto* its = std::get_if<Leased>(&event))
      return its->ids.empty() ? 0 : *std::max_element(its->ids.begin(), its->ids.end()) + 1;
    return 0;
  }

  void ask_up_to(Index count) {
    constexpr Index most = 1'000'000;  // of a number that is not one of this campaign
    if (count > campaign_.asked() + most) return;
    for (Index id = campaign_.asked(); id < count; id = campaign_.asked()) {
      const std::optional<Vector> x = known_ ? known_(id) : std::nullopt;
      if (x && add(Asked{{{.id = id, .x = *x, .why = "restored"}}})) {
        rescue_.restored.push_back(concat("query ", id, ": its point was found in its run"));
        continue;
      }
      const Vector stands_in =
          campaign_.domain().from_unit(Vector::Constant(campaign_.domain().dim(), 0.5));
      if (!add(Asked{{{.id = id, .x = stands_in, .why = "lost"}}})) return;
      add(Reviewed{.id = id,
                   .verdict = Reviewed::Verdict::Rejected,
                   .reason = "its question was lost with a damaged journal",
                   .by = "sonde repair"});
      rescue_.restored.push_back(concat("query ", id, ": closed, as its point is not known"));
    }
  }

  bool add(const Event& event) {
    try {
      campaign_.apply(event);
    } catch (const ArgumentError&) {
      return false;
    }
    rescue_.entries.push_back({event, {}, {}});
    return true;
  }

  Rescue& rescue_;
  const KnownPoint& known_;
  Campaign campaign_;
  std::map<Index, Index> models_{};  // as they were, as they are numbered now
};

std::string words_of(const Line& line) {
  if (!line.ended) return "the end of the file, which is not whole";
  const auto record = line.content();
  if (!record) return "a line that cannot be read";
  const auto* event = std::get_if<Event>(&record->content);
  return concat("what looks like record ", record->seq,
                event ? concat(", ", Following::words_of(*event)) : std::string(),
                ", but its checksum does not fit");
}

fs::path free_name(const fs::path& file) {
  fs::path name = file;
  name += ".damaged";
  for (int copy = 2; fs::exists(fs::symlink_status(name)); ++copy) {
    name = file;
    name += concat(".damaged.", copy);
  }
  return name;
}

void write_entries(Journal& journal, const std::vector<Rescue::Entry>& entries) {
  constexpr std::size_t at_once = 1000;
  for (std::size_t i = 0; i < entries.size();) {
    std::vector<Event> events;
    const std::string& request = entries[i].request;
    for (; i + events.size() < entries.size() && events.size() < at_once;) {
      const Rescue::Entry& entry = entries[i + events.size()];
      if (!entry.event || entry.request != request) break;
      events.push_back(*entry.event);
    }
    if (events.empty()) {
      journal.note(entries[i++].note);
    } else {
      journal.append(events, request);
      i += events.size();
    }
  }
}

}  // namespace

Rescue rescued_journal(std::string_view text, const fs::path& file,
                       const std::optional<Preamble>& begun, const KnownPoint& known) {
  Rescue rescue;
  std::optional<Following> following;
  const std::vector<Line> lines = lines_of(text);
  Chain chain;
  const auto begin = [&](Preamble preamble) {
    rescue.preamble = std::move(preamble);
    try {
      following.emplace(rescue, known);
    } catch (const ArgumentError& failure) {
      throw StoreError(concat(file.string(), ": its first line tells of no campaign that can be: ",
                              failure.what(), ". Restore it from a copy."));
    }
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    const bool whole = chain.takes(line, i + 1 < lines.size() ? &lines[i + 1] : nullptr);
    std::optional<record::Record> content = whole ? line.content() : std::nullopt;
    auto* head = content ? std::get_if<record::Head>(&content->content) : nullptr;
    if (head && !following) {
      require<StoreError>(head->schema <= record::schema, file.string(), ": written by sonde ",
                          head->preamble.version, ". Repair it with that.");
      begin(std::move(head->preamble));
      continue;
    }
    if (!following) {
      require<StoreError>(begun.has_value(), file.string(),
                          ": the first line is damaged, and there is no study.toml beside it that "
                          "would say what it was. Restore it from a copy.");
      begin(*begun);
    }
    if (content && !head) {
      following->take(line, std::move(*content));
    } else {
      rescue.lost.push_back({line.offset, line.text.size() + (line.ended ? 1 : 0), words_of(line)});
    }
  }
  require<StoreError>(following.has_value(), file.string(), ": there is nothing in it");
  return rescue;
}

fs::path replace_journal(const fs::path& file, const Rescue& rescue) {
  const FileDescriptor damaged(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!damaged) throw_errno(file, "cannot be opened");
  if (!lock_to_write(damaged, file))
    throw JournalLocked(file.string() + ": another process writes it. Wait until it ends.");
  const fs::path kept = free_name(file);
  fs::path copy = file, fresh = file;
  copy += ".copy";
  fresh += ".repaired";
  fs::remove(fresh);
  std::error_code problem;
  fs::copy_file(file, copy, fs::copy_options::overwrite_existing, problem);
  require<StoreError>(!problem, copy.string(), ": cannot be written: ", problem.message());
  replace_file(copy, kept);
  {
    Journal journal = Journal::create(fresh, rescue.preamble);
    write_entries(journal, rescue.entries);
    journal.note(concat("repaired: ", rescue.lost.size(),
                        " pieces were lost; the damaged journal is ", kept.filename().string()));
  }
  replace_file(fresh, file);
  return kept;
}

}  // namespace sonde
