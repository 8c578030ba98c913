#include "cli/arrivals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/nearest_name.hpp"
#include "cli/access.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_point.hpp"
#include "cli/text_table.hpp"
#include "oracle/file.hpp"
#include "run/csv.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t at_once = 64;
constexpr int deepest = 32;  // brackets within one another
constexpr double of_95_percent = 1.959963984540054;

FileDescriptor opened(const Study& study) {
  const std::string& from = study.stream_source.from;
  const std::filesystem::path file = study.file.parent_path() / from;
  // A pipe by name has no writer yet, perhaps: it is waited for where it is read.
  FileDescriptor descriptor(from == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                        : ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  require<StudyError>(static_cast<bool>(descriptor), study.file.string(),
                      ": stream.from: ", from == "-" ? "standard input" : file.string(),
                      " cannot be read (", system_message(errno), ")");
  return descriptor;
}

// Where a server listens; a file is beside the study.
std::string place_of(const Study& study) {
  constexpr std::string_view file = "unix:";
  const std::string& from = study.stream_source.from;
  if (!from.starts_with(file)) return from;
  return std::string(file) + (study.file.parent_path() / from.substr(file.size())).string();
}

// Of a file: the others come once.
Index decided_before(const OpenCampaign& open) {
  const std::string& from = open.study.stream_source.from;
  if (from == "-" || is_served(from) ||
      !std::filesystem::is_regular_file(open.study.file.parent_path() / from))
    return 0;
  const auto source_of = [&](const std::string& study) {
    return parse_study(study, open.study.file).stream_source.from;
  };
  std::string source = source_of(open.journal.preamble().study);
  Index count = 0, all = 0;  // those that a repaired journal has lost among them
  for (const Event& event : open.journal.events()) {
    if (const auto* edited = std::get_if<Edited>(&event)) source = source_of(edited->study);
    const auto* passed = std::get_if<Passed>(&event);
    if (passed == nullptr) continue;
    const Index next = passed->first + passed->worth.size();
    if (source == from) count += next - all;
    all = next;
  }
  return count;
}

}  // namespace

Arrivals::Arrivals(OpenCampaign& open, std::function<void(const std::string&)> say)
    : open_(open), say_(std::move(say)), to_skip_(decided_before(open)) {
  const StreamSource& source = open.study.stream_source;
  if (is_served(source.from)) {
    json_ = true;
    server_ = std::make_unique<ArrivalsServer>(place_of(open.study), token_in(open.folder.token()),
                                               lines_);
  } else {
    reader_ = std::make_unique<LineReader>(opened(open.study), source.follow, lines_);
  }
}

std::string Arrivals::address() const {
  if (!server_) return "";
  const std::string place = server_->port() > 0
                                ? concat("http://127.0.0.1:", server_->port(), "/arrivals")
                                : concat(place_of(open_.study), ", as http://localhost/arrivals");
  return concat("points are awaited at ", place, ", for who shows the token in ",
                open_.folder.token().string());
}

void Arrivals::tell(const Arrival& arrival, const std::string& said) const {
  if (arrival.reply)
    arrival.reply->add(said);
  else
    say_(said);
}

void Arrivals::check(const Study& study) {
  if (!study.stream || is_served(study.stream_source.from)) return;
  const std::string& from = study.stream_source.from;
  const std::filesystem::path file = study.file.parent_path() / from;
  // Not opened: whoever writes into a pipe would take that for its reader.
  const bool there =
      from == "-" ? ::fcntl(STDIN_FILENO, F_GETFD) >= 0 : ::access(file.c_str(), R_OK) == 0;
  require<StudyError>(there, study.file.string(),
                      ": stream.from: ", from == "-" ? "standard input" : file.string(),
                      " cannot be read (", system_message(errno), ")");
  require<StudyError>(from == "-" || !std::filesystem::is_directory(file), study.file.string(),
                      ": stream.from: ", file.string(), " is a directory");
}

bool Arrivals::attend(double seconds, double share, Index most) {
  read(seconds);
  while (!waiting_.empty() && most > 0) {
    // Those that came too long ago are passed over together, the others decided upon.
    if (!waiting_.front().refusal.empty()) {
      tell(waiting_.front(), waiting_.front().refusal);
      waiting_.pop_front();
      continue;
    }
    const bool late = is_late(waiting_.front());
    Index count = 0;
    for (const Arrival& arrival : waiting_) {
      if (!arrival.refusal.empty() || is_late(arrival) != late ||
          count == static_cast<Index>(at_once))
        break;
      ++count;
    }
    const Index before = open_.campaign.asked();
    decide(count, share, most, late);
    if (open_.campaign.asked() != before) break;  // the queue is another, and so is the surrogate
  }
  const std::string failure = lines_.failure();
  require<Error>(failure.empty(), "stream.from: ", open_.study.stream_source.from,
                 " cannot be read any more (", failure, ")");
  return !waiting_.empty() || !lines_.ended();
}

void Arrivals::read(double seconds) {
  if (!waiting_.empty()) return;
  for (const LineQueue::Line& line : lines_.take(at_once, seconds)) {
    ++number_;
    try {
      if (std::optional<Arrival> arrival = arrival_in(line)) {
        if (to_skip_ > 0)
          --to_skip_;
        else
          waiting_.push_back(std::move(*arrival));
      }
    } catch (const StudyError&) {
      throw;  // all further lines would say the same
    } catch (const Error& failure) {
      if (to_skip_ > 0) continue;  // it was said before
      waiting_.push_back({Vector(), "", line.at, line.reply,
                          json_text({{"line", number_}, {"error", failure.what()}}) + "\n"});
    }
  }
}

std::optional<Arrivals::Arrival> Arrivals::arrival_in(const LineQueue::Line& line) {
  std::string text = line.text;
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (number_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return std::nullopt;
  if (text[begin] == '{') text.erase(0, begin);
  const std::vector<Parameter>& parameters = open_.study.parameters;
  if (head_.empty() && (json_ || text.front() == '{')) {
    json_ = true;  // the first line says which
    const JsonValue object = parsed_json(text, deepest);
    require<UsageError>(object.is_object(), "expected {\"x\": {name: value}}, got ",
                        printable(text.substr(0, 200)));
    const JsonValue x = object.contains("x") ? object["x"] : object;
    return Arrival{point_in(x), object.contains("key") ? json_text(object["key"]) : "", line.at,
                   line.reply};
  }
  std::size_t at = 0;
  long lines = 0;
  const std::vector<std::string> fields = csv_record(text, at, lines);
  if (head_.empty()) {
    std::vector<std::size_t> columns;
    for (const Parameter& parameter : parameters) {
      const auto found = std::find(fields.begin(), fields.end(), parameter.name);
      require<StudyError>(found != fields.end(), open_.study.stream_source.from,
                          ": expected lines of JSON, or a head with a column for each input: '",
                          parameter.name, "' is missing", suggestion(parameter.name, fields));
      columns.push_back(static_cast<std::size_t>(found - fields.begin()));
    }
    head_ = fields;
    columns_ = std::move(columns);
    key_column_ =
        static_cast<std::size_t>(std::find(head_.begin(), head_.end(), "key") - head_.begin());
    return std::nullopt;
  }
  require<UsageError>(fields.size() == head_.size(), "expected ", head_.size(),
                      " fields as in the head, got ", fields.size());
  Arrival arrival{Vector(static_cast<Index>(parameters.size())), "", line.at, line.reply};
  for (std::size_t j = 0; j < parameters.size(); ++j)
    arrival.x[static_cast<Index>(j)] =
        parse_value(fields[columns_[j]], parameters[j], concat("line ", number_));
  if (key_column_ < fields.size()) arrival.key = json_text(fields[key_column_]);
  return arrival;
}

Vector Arrivals::point_in(const JsonValue& object) const {
  const std::vector<Parameter>& parameters = open_.study.parameters;
  require<UsageError>(object.is_object(), "expected \"x\": {name: value}, got ", json_text(object));
  Vector x(static_cast<Index>(parameters.size()));
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    const auto found = object.find(parameters[j].name);
    require<UsageError>(found != object.end(), "the input '", parameters[j].name, "' is missing");
    x[static_cast<Index>(j)] = json_coordinate(*found, parameters[j]);
  }
  return x;
}

bool Arrivals::is_late(const Arrival& arrival) const {
  const std::optional<double>& deadline = open_.study.stream_source.deadline;
  return deadline &&
         LineQueue::Clock::now() - arrival.at > std::chrono::duration<double>(*deadline);
}

void Arrivals::decide(Index count, double share, Index most, bool late) {
  Points x(count, open_.campaign.domain().dim());
  for (Index i = 0; i < count; ++i) x.row(i) = waiting_[static_cast<std::size_t>(i)].x;
  const Decided decided =
      open_.campaign.decide(x, late ? 0.0 : share, most, open_.study.stream_source.keep);
  const bool asks = !decided.asked.queries.empty();
  // At once: what is asked is charged to the budget.
  const std::array<Event, 2> events{decided.asked, decided.passed};
  record(open_, std::span(events).subspan(asks ? 0 : 1), "");
  learn_trust(decided);
  std::string said;
  for (std::size_t i = 0; i < decided.decisions.size(); ++i) {
    const std::string line = said_of(decided, static_cast<Index>(i), waiting_.front(), late) + "\n";
    if (waiting_.front().reply)
      tell(waiting_.front(), line);
    else
      said += line;
    waiting_.pop_front();
  }
  if (!said.empty()) say_(said);
}

// Of each model the region where it was fitted: it moves little with a few further runs.
void Arrivals::learn_trust(const Decided& decided) {
  if (!decided.by || trusted_model_ == decided.passed.model) return;
  trust_.clear();
  for (Index j = 0; j < static_cast<Index>(open_.campaign.outputs().size()); ++j)
    trust_.emplace_back(open_.campaign.domain(), (*decided.by)[j]);
  trusted_model_ = decided.passed.model;
}

std::string Arrivals::said_of(const Decided& decided, Index i, const Arrival& arrival, bool late) {
  const Decision decision = decided.decisions[static_cast<std::size_t>(i)];
  JsonValue line = {{"arrival", decided.passed.first + i},
                    {"asked", is_asked(decision)},
                    {"why", late && decision == Decision::Unworthy ? "late" : word(decision)}};
  if (!arrival.key.empty()) line["key"] = parsed_json(arrival.key, deepest);
  const auto place = std::find(decided.passed.asked.begin(), decided.passed.asked.end(), i);
  if (place != decided.passed.asked.end())
    line["id"] =
        decided.passed.queries[static_cast<std::size_t>(place - decided.passed.asked.begin())];
  if (!std::isnan(decided.passed.worth[i])) line["worth"] = decided.passed.worth[i];
  if (decided.mean.rows() > 0) {
    JsonValue& predicted = line["predicted"] = JsonValue::object();
    for (std::size_t j = 0; j < open_.study.outputs.size(); ++j) {
      const auto column = static_cast<Index>(j);
      const double mean = decided.mean(i, column);
      const Output& output = open_.study.outputs[j].output;
      if (output.is_class()) {
        predicted[output.name] = {{"class", format_value(mean, output)},
                                  {"p", json_number(1.0 - decided.deviation(i, column))},
                                  {"trust", std::string(sonde::word(trust_[j](arrival.x)))}};
        continue;
      }
      const double half = of_95_percent * decided.deviation(i, column);
      predicted[output.name] = {{"mean", json_number(mean)},
                                {"deviation", json_number(decided.deviation(i, column))},
                                {"low95", json_number(mean - half)},
                                {"high95", json_number(mean + half)},
                                {"trust", std::string(sonde::word(trust_[j](arrival.x)))}};
    }
  }
  return json_text(line);
}

}  // namespace sonde::cli
