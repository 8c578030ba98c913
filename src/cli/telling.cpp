#include "cli/telling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json_text.hpp"
#include "base/nearest_name.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_point.hpp"
#include "cli/people.hpp"
#include "cli/text_table.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t longest_words = 100'000;  // likewise
constexpr int deepest = 32;                     // brackets within one another

// Of what was told.
struct Tally {
  Index answers = 0, corrections = 0, reviews = 0, marks = 0, known = 0;
};

void check_keys(const JsonValue& object, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items())
    require<UsageError>(std::find(known.begin(), known.end(), key) != known.end(), "'", key,
                        "' is unknown here", suggestion(key, known));
}

std::string words_in(const JsonValue& line, const char* key, std::size_t longest) {
  if (!line.contains(key)) return "";
  require<UsageError>(line[key].is_string(), "expected a text for \"", key, "\", got ",
                      json_text(line[key]));
  std::string words = line[key].get<std::string>();
  require<UsageError>(words.size() <= longest, "\"", key, "\" has ", words.size(),
                      " bytes, at most ", longest, " are recorded");
  return words;
}

Vector values_told(const JsonValue& y, const Study& study) {
  require<UsageError>(y.is_object(), "expected \"y\": {name: value}, got ", json_text(y));
  std::vector<std::string> names;
  for (const ProcessOutput& output : study.outputs) names.push_back(output.output.name);
  check_keys(y, names);
  Vector values(static_cast<Index>(names.size()));
  for (std::size_t j = 0; j < names.size(); ++j) {
    const double value =
        json_answer(y.contains(names[j]) ? y[names[j]] : JsonValue(), study.outputs[j].output);
    require<UsageError>(std::abs(value) <= largest_value, "'", names[j], "' is ", value,
                        ", no more than ", largest_value, " can be learnt");
    values[static_cast<Index>(j)] = value;
  }
  return values;
}

// As for a program: what `accept` refuses has failed.
Answer judged(Vector y, const Query& query, const Study& study) {
  Vector all(query.x.size() + y.size());
  all << query.x, y;
  for (const ProcessOutput& output : study.outputs) {
    if (!output.accept || (*output.accept)(all) == 1.0) continue;
    return {.status = Answer::Status::Failed,
            .message = "'" + output.accept->text() + "' does not hold",
            .kind = "out of range"};
  }
  return {.status = Answer::Status::Ok, .y = std::move(y)};
}

// Of {"y": {..}} or {"failed": ..}, whatever else stands there.
Answer answer_in(const JsonValue& told, const Query& query, const Study& study) {
  if (!told.contains("failed")) return judged(values_told(told["y"], study), query, study);
  return {.status = Answer::Status::Failed,
          .message = told["failed"].is_string() ? told["failed"].get<std::string>()
                                                : json_text(told["failed"]),
          .kind = "told"};
}

std::vector<std::string> names_of(const std::vector<Parameter>& parameters) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

bool same(const Answer& a, const Answer& b) {
  if (a.status != b.status) return false;
  if (a.status == Answer::Status::Ok) return a.y.size() == b.y.size() && a.y == b.y;
  return a.kind == b.kind && a.message == b.message;
}

// One line that somebody told.
class Line {
 public:
  Line(const std::string& text, const OpenCampaign& open)
      : open_(open), json_(parsed_json(text, deepest)) {
    require<UsageError>(text.size() <= longest_line, "a line has at most 1 MiB, this one has more");
    const std::optional<std::string> twice = key_that_stands_twice(text, deepest);
    require<UsageError>(!twice, "the key '", twice.value_or(""), "' stands twice: which is meant?");
    require<UsageError>(json_.is_object(),
                        "expected {\"id\":..,\"y\":{name: value}} or "
                        "{\"id\":..,\"failed\":\"reason\"}, got ",
                        printable(text.substr(0, 200)));
    // What ask prints may stand there still.
    check_keys(json_,
               {"id",   "y",    "failed", "correct",    "approve",    "edit",      "reject",
                "mark", "by",   "reason", "confidence", "rationale",  "seconds",   "x",
                "why",  "tags", "to",     "until",      "prediction", "deviation", "nearest"});
    require<UsageError>(json_.contains("id") && json_["id"].is_number_integer(),
                        "expected \"id\": the number that ask gave");
    id_ = json_["id"];
    require<UsageError>(id_ >= 0 && id_ < open.campaign.asked(), "there is no query ", id_, "; ",
                        open.campaign.asked(), " were asked");
    by_ = person_named(words_in(json_, "by", longest_words), "\"by\"");
    reason_ = words_in(json_, "reason", longest_words);
  }

  Index id() const { return id_; }

  // Nothing where it has been told before in the same words.
  std::optional<Event> event() const {
    require_asked_point();
    const std::vector<std::string> deeds{"y",    "failed", "correct", "approve",
                                         "edit", "reject", "mark"};
    const auto is = [&](const std::string& deed) { return json_.contains(deed); };
    require<UsageError>(std::count_if(deeds.begin(), deeds.end(), is) == 1,
                        "expected either \"y\" or \"failed\", or one of \"correct\", "
                        "\"approve\", \"edit\", \"reject\" and \"mark\"");
    if (is("mark")) return mark();
    if (is("correct")) return correction();
    if (is("y") || is("failed")) return answer();
    return review();
  }

 private:
  const Query& query() const { return open_.campaign.queries()[static_cast<std::size_t>(id_)]; }
  const std::optional<Answer>& before() const { return open_.campaign.answer(id_); }

  // What was measured elsewhere would be learnt at the wrong place.
  void require_asked_point() const {
    if (!json_.contains("x")) return;
    const std::vector<Parameter>& parameters = open_.study.parameters;
    const JsonValue& told = json_["x"];
    require<UsageError>(told.is_object(), "expected \"x\": {name: value}, got ", json_text(told));
    check_keys(told, names_of(parameters));
    const auto is_told = [&](const Vector& x) {
      for (std::size_t j = 0; j < parameters.size(); ++j) {
        if (!told.contains(parameters[j].name)) continue;
        const double value = json_coordinate(told[parameters[j].name], parameters[j]);
        const double known = x[static_cast<Index>(j)];
        const double range = parameters[j].upper - parameters[j].lower;
        if (!(std::abs(value - known) <= 1e-9 * std::max(range, std::abs(known)))) return false;
      }
      return true;
    };
    // A program may have moved it.
    require<UsageError>(is_told(query().x) || is_told(open_.campaign.point(id_)), "query ", id_,
                        " was asked at ", json_text(json_point(parameters, query().x)),
                        ", this tells of ", json_text(told));
  }

  void require_open() const {
    require<UsageError>(!before() || before()->kind != rejected_kind, "query ", id_,
                        " was rejected");
    require<UsageError>(!before(), "query ", id_,
                        " has been answered already. To change that: \"correct\": {\"y\": ..}");
  }

  bool of_one_of_several() const {
    return json_.contains("by") || json_.contains("confidence") || json_.contains("rationale") ||
           open_.study.people.people > 1;
  }

  Answer given(const JsonValue& said) const {
    Answer answer = answer_in(said, query(), open_.study);
    require<UsageError>(answer.message.size() <= longest_words, "\"failed\" has ",
                        answer.message.size(), " bytes, at most ", longest_words, " are recorded");
    require<UsageError>(!json_.contains("failed") || json_["failed"] != false,
                        "\"failed\": expected the reason as text, got false");
    if (json_.contains("seconds") && json_["seconds"].is_number() &&
        json_["seconds"].get<double>() >= 0.0)
      answer.seconds = json_["seconds"];
    return answer;
  }

  std::optional<Event> answer() const {
    const Answer answer = given(json_);
    const std::vector<Told>& told = open_.campaign.handling(id_).told;
    const auto mine =
        std::find_if(told.begin(), told.end(), [&](const Told& one) { return one.by == by_; });
    if (mine != told.end() && same(mine->answer, answer)) return std::nullopt;
    if (before() && !of_one_of_several() && same(*before(), answer)) return std::nullopt;
    require_open();
    require<UsageError>(!open_.campaign.held(id_), "query ", id_,
                        " is held for review: approve, edit or reject it first");
    require<UsageError>(
        open_.study.kind == Study::Kind::Manual || !open_.campaign.handling(id_).leases.empty(),
        "query ", id_,
        " is simulated here, and nobody asked for it. Take it over: sonde ask --again; "
        "or change its answer once it is there: \"correct\": {\"y\": ..}");
    if (!of_one_of_several()) return Answered{id_, answer};
    require<UsageError>(open_.study.people.people == 1 || !by_.empty(), "each point goes to ",
                        open_.study.people.people, " different people: expected \"by\": a name");
    require<UsageError>(mine == told.end(), "'", printable(by_), "' has told query ", id_,
                        " already, otherwise");
    return Told{id_, by_, answer, confidence(), words_in(json_, "rationale", longest_words)};
  }

  double confidence() const {
    if (!json_.contains("confidence")) return Told{}.confidence;
    const JsonValue& value = json_["confidence"];
    const double number = value.is_number() ? value.get<double>() : -1.0;
    require<UsageError>(number >= 0.0 && number <= 1.0, "expected \"confidence\" from 0 to 1, got ",
                        json_text(value));
    return number;
  }

  std::optional<Event> correction() const {
    const JsonValue& right = json_["correct"];
    require<UsageError>(right.is_object() && right.contains("y") != right.contains("failed"),
                        "expected \"correct\": {\"y\": {name: value}} or {\"failed\": \"reason\"}, "
                        "got ",
                        json_text(right));
    check_keys(right, {"y", "failed"});
    require<UsageError>(before().has_value(), "query ", id_,
                        " is not answered yet: tell it without \"correct\"");
    require<UsageError>(before()->kind != rejected_kind, "query ", id_,
                        " was rejected: there is nothing to correct");
    Answer answer = given(right);
    if (same(*before(), answer)) return std::nullopt;
    answer.host = by_;
    answer.x = before()->x;  // what is corrected is what came of it, not where it was
    return Corrected{id_, std::move(answer), reason_, by_};
  }

  std::optional<Event> mark() const {
    static const std::vector<std::pair<std::string, Role>> roles{
        {"train", Role::Train}, {"validation", Role::Validation}, {"excluded", Role::Excluded}};
    const std::string word = words_in(json_, "mark", longest_words);
    const auto role = std::find_if(roles.begin(), roles.end(),
                                   [&](const auto& known) { return known.first == word; });
    require<UsageError>(role != roles.end(),
                        "expected \"mark\": \"train\", \"validation\" or \"excluded\", got ",
                        json_text(json_["mark"]));
    require<UsageError>(query().why != "gold", "query ", id_,
                        " asks a known point again: nothing is learnt from it anyway");
    if (open_.campaign.role(id_) == role->second) return std::nullopt;
    return Marked{{id_}, role->second, reason_, by_};
  }

  std::optional<Event> review() const {
    Reviewed reviewed{.id = id_, .reason = reason_, .by = by_};
    if (json_.contains("approve")) {
      require<UsageError>(json_["approve"] == JsonValue(true), "expected \"approve\": true, got ",
                          json_text(json_["approve"]));
    } else if (json_.contains("edit")) {
      reviewed.verdict = Reviewed::Verdict::Edited;
      reviewed.x = edited(json_["edit"]);
    } else {
      reviewed.verdict = Reviewed::Verdict::Rejected;
      reviewed.reason = words_in(json_, "reject", longest_words);
      require<UsageError>(!reviewed.reason.empty(), "expected \"reject\": the reason");
    }
    const std::optional<Reviewed>& done = open_.campaign.handling(id_).review;
    if (done && done->verdict == reviewed.verdict && done->reason == reviewed.reason &&
        done->x.size() == reviewed.x.size() && done->x == reviewed.x)
      return std::nullopt;
    require_open();
    require<UsageError>(!done, "query ", id_, " has been reviewed already");
    require<UsageError>(open_.campaign.held(id_), "query ", id_,
                        " is not held for review: the study has no [review] before = true");
    return reviewed;
  }

  // The point with some of its values replaced; admissible.
  Vector edited(const JsonValue& changes) const {
    require<UsageError>(changes.is_object() && !changes.empty(),
                        "expected \"edit\": {name: value}, got ", json_text(changes));
    require<UsageError>(query().why != "gold", "query ", id_,
                        " asks a known point again: it cannot be another one");
    const std::vector<Parameter>& parameters = open_.study.parameters;
    check_keys(changes, names_of(parameters));
    Vector x = query().x;
    for (std::size_t j = 0; j < parameters.size(); ++j) {
      if (changes.contains(parameters[j].name))
        x[static_cast<Index>(j)] = json_coordinate(changes[parameters[j].name], parameters[j]);
    }
    for (const Violation& broken : open_.campaign.domain().violations(x))
      throw UsageError(
          fmt::format("the edited point breaks '{}' by {}", broken.name, broken.excess));
    return x;
  }

  const OpenCampaign& open_;
  JsonValue json_;
  Index id_ = 0;
  std::string by_{};
  std::string reason_{};
};

void settle(OpenCampaign& open, Index id) {
  const std::vector<Told>& told = open.campaign.handling(id).told;
  if (told.empty() || open.campaign.answer(id)) return;
  const std::optional<Answer> answer =
      settled(told, open.study.people, open.campaign.spread(), open.campaign.outputs());
  if (answer) record(open, Answered{id, *answer}, "");
}

std::string counted(Index count, const char* one, const char* several) {
  return fmt::format("{} {}", count, count == 1 ? one : several);
}

void count(Tally& tally, const Event& event) {
  if (std::holds_alternative<Corrected>(event)) {
    ++tally.corrections;
  } else if (std::holds_alternative<Reviewed>(event)) {
    ++tally.reviews;
  } else if (std::holds_alternative<Marked>(event)) {
    ++tally.marks;
  } else {
    ++tally.answers;
  }
}

// "1 answer, 2 reviews recorded, 1 query open; 1 passed over: told before"
std::string in_words(const Tally& tally, Index open) {
  std::string words;
  const auto add = [&](const std::string& more) { words += (words.empty() ? "" : ", ") + more; };
  const bool others = tally.corrections + tally.reviews + tally.marks > 0;
  if (tally.answers > 0 || !others) add(counted(tally.answers, "answer", "answers"));
  if (tally.corrections > 0) add(counted(tally.corrections, "correction", "corrections"));
  if (tally.reviews > 0) add(counted(tally.reviews, "review", "reviews"));
  if (tally.marks > 0) add(counted(tally.marks, "mark", "marks"));
  words += " recorded, " + counted(open, "query", "queries") + " open";
  if (tally.known > 0) words += fmt::format("; {} passed over: told before", tally.known);
  return words + '\n';
}

}  // namespace

Reply told(OpenCampaign& open, const std::string& lines, const std::string& source,
           const std::string& request, const std::string& part) {
  Reply reply;
  Tally tally;
  Index number = 0;
  std::istringstream stream(lines);
  std::string text;
  while (std::getline(stream, text)) {
    ++number;
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string name = request.empty() ? "" : fmt::format("{}#{}", request, number);
    if (!name.empty() && !open.journal.events_of(name).empty()) {
      // By a process that ended before it could say so.
      count(tally, open.journal.events_of(name).front());
      continue;
    }
    try {
      const Line line(text, open);
      const std::optional<Event> event = line.event();
      if (event) record(open, *event, name);
      if (event)
        count(tally, *event);
      else
        ++tally.known;
      settle(open, line.id());
    } catch (const UsageError& failure) {
      reply.status = Usage;
      reply.err +=
          fmt::format("sonde: {}:{}{}: {}\n", printable(source),
                      part.empty() ? "" : " " + part + " ", number, printable(failure.what()));
    }
  }
  reply.err += in_words(tally, static_cast<Index>(open.campaign.open().size()));
  return reply;
}

void settle(OpenCampaign& open) {
  for (const Query& query : open.campaign.open()) settle(open, query.id);
}

}  // namespace sonde::cli
