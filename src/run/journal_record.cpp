#include "run/journal_record.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "run/quick_reader.hpp"
#include "sonde/base/error.hpp"

namespace sonde::record {
namespace {

constexpr std::array<std::pair<Answer::Status, const char*>, 4> statuses = {
    {{Answer::Status::Ok, "ok"},
     {Answer::Status::Failed, "failed"},
     {Answer::Status::TimedOut, "timed_out"},
     {Answer::Status::Abandoned, "abandoned"}}};
constexpr std::array<std::pair<Reviewed::Verdict, const char*>, 3> verdicts = {
    {{Reviewed::Verdict::Approved, "approved"},
     {Reviewed::Verdict::Edited, "edited"},
     {Reviewed::Verdict::Rejected, "rejected"}}};
constexpr std::array<std::pair<Role, const char*>, 3> roles = {
    {{Role::Train, "train"}, {Role::Validation, "validation"}, {Role::Excluded, "excluded"}}};
constexpr std::array<std::pair<Scale, const char*>, 4> scales = {{{Scale::Linear, "linear"},
                                                                  {Scale::Log, "log"},
                                                                  {Scale::Integer, "integer"},
                                                                  {Scale::Choice, "choice"}}};

template <class Words, class Value>
const char* word_of(const Words& words, Value value) {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  return "?";
}

template <class Words>
auto value_of(const Words& words, const std::string& text) {
  for (const auto& [value, word] : words) {
    if (text == word) return value;
  }
  throw StoreError(concat("'", text, "' is not known to this sonde"));
}

// JSON has no NaN and no infinity.
JsonValue number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

// 0 where it is not there.
int small(const JsonValue& json, const char* key) {
  return json.contains(key) ? static_cast<int>(whole(json[key])) : 0;
}

long process_of(const JsonValue& json) {
  return json.contains("process") ? static_cast<long>(whole(json["process"])) : 0;
}

double to_number(const JsonValue& json) {
  if (json.is_number()) return json.get<double>();
  const std::string word = json.is_string() ? json.get<std::string>() : json_text(json);
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word == "inf") return std::numeric_limits<double>::infinity();
  if (word == "-inf") return -std::numeric_limits<double>::infinity();
  throw StoreError(concat("expected a number, got ", word.substr(0, 40)));
}

template <class Numbers>
JsonValue list(const Numbers& values) {
  JsonValue json = JsonValue::array();
  for (Index i = 0; i < values.size(); ++i) json.push_back(number(values[i]));
  return json;
}

Vector to_vector(const JsonValue& json) {
  require<StoreError>(json.is_array(), "expected a list of numbers");
  Vector values(static_cast<Index>(json.size()));
  for (std::size_t i = 0; i < json.size(); ++i) values[static_cast<Index>(i)] = to_number(json[i]);
  return values;
}

JsonValue table(const Matrix& values) {
  JsonValue json = JsonValue::array();
  for (Index i = 0; i < values.rows(); ++i) json.push_back(list(values.row(i)));
  return json;
}

Matrix to_matrix(const JsonValue& json) {
  require<StoreError>(json.is_array(), "expected a list of lists");
  Matrix values;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const Vector row = to_vector(json[i]);
    if (i == 0) values.resize(static_cast<Index>(json.size()), row.size());
    require<StoreError>(row.size() == values.cols(), "rows of a matrix have ", values.cols(),
                        " and ", row.size(), " numbers");
    values.row(static_cast<Index>(i)) = row.transpose();
  }
  return values;
}

JsonValue parameter(const Parameter& p) {
  JsonValue json = {{"name", p.name},           {"scale", word_of(scales, p.scale)},
                    {"lower", number(p.lower)}, {"upper", number(p.upper)},
                    {"unit", p.unit},           {"labels", p.labels}};
  if (p.distribution) {
    json["distribution"] = {{"type", "truncnormal"},
                            {"mean", number(p.distribution->mean)},
                            {"sd", number(p.distribution->sd)}};
  }
  return json;
}

Parameter to_parameter(const JsonValue& json) {
  Parameter p;
  p.name = json.at("name").get<std::string>();
  p.scale = value_of(scales, json.at("scale").get<std::string>());
  p.lower = to_number(json.at("lower"));
  p.upper = to_number(json.at("upper"));
  p.unit = json.at("unit").get<std::string>();
  p.labels = json.at("labels").get<std::vector<std::string>>();
  if (json.contains("distribution")) {
    const JsonValue& distribution = json.at("distribution");
    p.distribution =
        TruncatedNormal{to_number(distribution.at("mean")), to_number(distribution.at("sd"))};
  }
  return p;
}

JsonValue selection(const Selection& s) {
  JsonValue json = {{"of", s.candidates},
                    {"rank", s.rank},
                    {"evaluations", s.evaluations},
                    {"outcome", s.outcome},
                    {"runner_up", list(s.runner_up)},
                    {"its_worth", number(s.runner_up_worth)}};
  if (s.row >= 0) json["row"] = s.row;
  return json;
}

Selection to_selection(const JsonValue& json) {
  return {.candidates = Index{whole(json.at("of"))},
          .rank = Index{whole(json.at("rank"))},
          .evaluations = static_cast<int>(whole(json.at("evaluations"))),
          .outcome = json.at("outcome").get<std::string>(),
          .runner_up = to_vector(json.at("runner_up")),
          .runner_up_worth = to_number(json.at("its_worth")),
          .row = json.contains("row") ? Index{whole(json.at("row"))} : -1};
}

JsonValue query(const Query& q) {
  JsonValue json = {{"id", q.id},           {"x", list(q.x)},
                    {"why", q.why},         {"worth", number(q.worth)},
                    {"mean", list(q.mean)}, {"deviation", list(q.deviation)}};
  if (q.selection.candidates > 0) json["selection"] = selection(q.selection);
  return json;
}

Query to_query(const JsonValue& json) {
  return {
      .id = Index{whole(json.at("id"))},
      .x = to_vector(json.at("x")),
      .why = json.at("why").get<std::string>(),
      .worth = to_number(json.at("worth")),
      .mean = to_vector(json.at("mean")),
      .deviation = to_vector(json.at("deviation")),
      .selection = json.contains("selection") ? to_selection(json.at("selection")) : Selection{}};
}

JsonValue begin(Index seq, const char* kind) {
  return {{"kind", kind}, {"seq", seq}};
}

JsonValue written(Index seq, const Asked& event) {
  JsonValue json = begin(seq, "asked");
  json["queries"] = JsonValue::array();
  for (const Query& q : event.queries) json["queries"].push_back(query(q));
  json["model"] = event.model;
  if (!event.batch.empty()) json["batch"] = event.batch;
  return json;
}

JsonValue written(Index seq, const Fitted& event) {
  JsonValue json = begin(seq, "model");
  json["model"] = event.model;
  json["rows"] = event.rows;
  json["parameters"] = table(event.parameters);
  json["evidence"] = list(event.evidence);
  json["leave_one_out"] = list(event.leave_one_out);
  return json;
}

Fitted to_fitted(const JsonValue& json) {
  return {.model = Index{whole(json.at("model"))},
          .rows = Index{whole(json.at("rows"))},
          .parameters = to_matrix(json.at("parameters")),
          .evidence = to_vector(json.at("evidence")),
          .leave_one_out = to_vector(json.at("leave_one_out"))};
}

Asked to_asked(const JsonValue& json) {
  Asked event;
  for (const JsonValue& q : json.at("queries")) event.queries.push_back(to_query(q));
  event.model = Index{whole(json.at("model"))};
  event.batch = json.value("batch", "");
  return event;
}

void add(JsonValue& json, const Answer& a) {
  json["status"] = word_of(statuses, a.status);
  json["y"] = list(a.y);
  json["seconds"] = number(a.seconds);
  json["failure"] = a.kind;
  json["message"] = a.message;
  if (a.x.size() > 0) json["x"] = list(a.x);
  if (a.transient) json["transient"] = true;
  json["attempts"] = a.attempts;
  json["host"] = a.host;
  json["started"] = number(a.started);
  json["ended"] = number(a.ended);
  if (!a.usage) return;
  json["cpu"] = number(a.usage->cpu_seconds);
  json["rss"] = number(a.usage->max_rss);
  if (a.usage->exit_status != 0) json["exit"] = a.usage->exit_status;
  if (a.usage->signal != 0) json["signal"] = a.usage->signal;
}

std::optional<Usage> to_usage(const JsonValue& json) {
  if (!json.contains("cpu")) return std::nullopt;
  return Usage{to_number(json["cpu"]), to_number(json.at("rss")), small(json, "exit"),
               small(json, "signal")};
}

Answer to_answer(const JsonValue& json) {
  return {.status = value_of(statuses, json.at("status").get<std::string>()),
          .y = to_vector(json.at("y")),
          .x = json.contains("x") ? to_vector(json.at("x")) : Vector(),
          .seconds = to_number(json.at("seconds")),
          .message = json.at("message").get<std::string>(),
          .kind = json.at("failure").get<std::string>(),
          .transient = json.value("transient", false),
          .attempts = static_cast<int>(whole(json.at("attempts"))),
          .host = json.at("host").get<std::string>(),
          .started = to_number(json.at("started")),
          .ended = to_number(json.at("ended")),
          .usage = to_usage(json)};
}

JsonValue written(Index seq, const Answered& event) {
  JsonValue json = begin(seq, "answered");
  json["id"] = event.id;
  add(json, event.answer);
  return json;
}

JsonValue written(Index seq, const Leased& event) {
  JsonValue json = begin(seq, "leased");
  json["ids"] = event.ids;
  json["who"] = event.who;
  json["until"] = number(event.until);
  return json;
}

Leased to_leased(const JsonValue& json) {
  return {.ids = whole_numbers(json.at("ids")),
          .who = json.at("who").get<std::string>(),
          .until = to_number(json.at("until"))};
}

JsonValue written(Index seq, const Told& event) {
  JsonValue json = begin(seq, "told");
  json["id"] = event.id;
  json["by"] = event.by;
  add(json, event.answer);
  json["confidence"] = number(event.confidence);
  json["rationale"] = event.rationale;
  return json;
}

Told to_told(const JsonValue& json) {
  return {.id = Index{whole(json.at("id"))},
          .by = json.at("by").get<std::string>(),
          .answer = to_answer(json),
          .confidence = to_number(json.at("confidence")),
          .rationale = json.at("rationale").get<std::string>()};
}

JsonValue written(Index seq, const Corrected& event) {
  JsonValue json = begin(seq, "corrected");
  json["id"] = event.id;
  add(json, event.answer);
  json["reason"] = event.reason;
  json["by"] = event.by;
  return json;
}

Corrected to_corrected(const JsonValue& json) {
  return {.id = Index{whole(json.at("id"))},
          .answer = to_answer(json),
          .reason = json.at("reason").get<std::string>(),
          .by = json.at("by").get<std::string>()};
}

JsonValue written(Index seq, const Reviewed& event) {
  JsonValue json = begin(seq, "reviewed");
  json["id"] = event.id;
  json["verdict"] = word_of(verdicts, event.verdict);
  json["x"] = list(event.x);
  json["reason"] = event.reason;
  json["by"] = event.by;
  return json;
}

Reviewed to_reviewed(const JsonValue& json) {
  return {.id = Index{whole(json.at("id"))},
          .verdict = value_of(verdicts, json.at("verdict").get<std::string>()),
          .x = to_vector(json.at("x")),
          .reason = json.at("reason").get<std::string>(),
          .by = json.at("by").get<std::string>()};
}

JsonValue written(Index seq, const Edited& event) {
  JsonValue json = begin(seq, "edited");
  json["study"] = event.study;
  if (event.anew) json["anew"] = true;
  return json;
}

JsonValue written(Index seq, const Marked& event) {
  JsonValue json = begin(seq, "marked");
  json["ids"] = event.ids;
  json["role"] = word_of(roles, event.role);
  json["reason"] = event.reason;
  json["by"] = event.by;
  return json;
}

Marked to_marked(const JsonValue& json) {
  return {.ids = whole_numbers(json.at("ids")),
          .role = value_of(roles, json.at("role").get<std::string>()),
          .reason = json.at("reason").get<std::string>(),
          .by = json.at("by").get<std::string>()};
}

JsonValue written(Index seq, const Promoted& event) {
  JsonValue json = begin(seq, "promoted");
  json["model"] = event.model;
  json["forced"] = event.forced;
  json["reason"] = event.reason;
  json["by"] = event.by;
  return json;
}

Promoted to_promoted(const JsonValue& json) {
  return {.model = Index{whole(json.at("model"))},
          .forced = json.at("forced").get<bool>(),
          .reason = json.at("reason").get<std::string>(),
          .by = json.at("by").get<std::string>()};
}

JsonValue written(Index seq, const Passed& event) {
  JsonValue json = begin(seq, "passed");
  json["first"] = event.first;
  json["worth"] = list(event.worth);
  json["asked"] = event.asked;
  json["queries"] = event.queries;
  json["budget"] = number(event.budget);
  json["share"] = number(event.share);
  json["model"] = event.model;
  if (event.x.rows() > 0) json["x"] = table(event.x);
  return json;
}

Passed to_passed(const JsonValue& json) {
  return {.first = Index{whole(json.at("first"))},
          .x = json.contains("x") ? Points(to_matrix(json.at("x"))) : Points(),
          .worth = to_vector(json.at("worth")),
          .asked = whole_numbers(json.at("asked")),
          .queries = whole_numbers(json.at("queries")),
          .budget = to_number(json.at("budget")),
          .share = to_number(json.at("share")),
          .model = Index{whole(json.at("model"))}};
}

Head to_head(const JsonValue& json) {
  Head head;
  head.schema = static_cast<int>(whole(json.at("schema")));
  head.preamble.version = json.value("version", "");
  if (head.schema > schema) return head;
  Preamble& preamble = head.preamble;
  for (const JsonValue& p : json.at("parameters")) preamble.parameters.push_back(to_parameter(p));
  for (const JsonValue& o : json.at("outputs")) {
    preamble.outputs.push_back({o.at("name").get<std::string>(), o.at("unit").get<std::string>(),
                                o.value("values", std::vector<std::string>{})});
  }
  preamble.seed = json.at("seed").get_ref<const JsonValue::number_unsigned_t&>();
  preamble.study = json.at("study").get<std::string>();
  preamble.uuid = json.at("uuid").get<std::string>();
  preamble.created = json.at("created").get<std::string>();
  head.writer = {process_of(json), json.value("host", "")};
  return head;
}

Note to_note(const JsonValue& json) {
  Note note{json.at("text").get<std::string>(), std::nullopt};
  if (json.contains("process")) note.writer = {process_of(json), json.value("host", "")};
  return note;
}

std::optional<Event> to_event(const std::string& kind, const JsonValue& json) {
  if (kind == "model") return to_fitted(json);
  if (kind == "asked") return to_asked(json);
  if (kind == "answered") return Answered{Index{whole(json.at("id"))}, to_answer(json)};
  if (kind == "leased") return to_leased(json);
  if (kind == "told") return to_told(json);
  if (kind == "corrected") return to_corrected(json);
  if (kind == "reviewed") return to_reviewed(json);
  if (kind == "marked") return to_marked(json);
  if (kind == "promoted") return to_promoted(json);
  if (kind == "passed") return to_passed(json);
  if (kind == "edited")
    return Edited{json.at("study").get<std::string>(), json.value("anew", false)};
  return std::nullopt;
}

// Before there was an event for it, a change of the study was a note.
Record to_note_or_event(Index seq, const JsonValue& json) {
  constexpr std::string_view change = "study changed: ";
  Note note = to_note(json);
  if (note.text.starts_with(change)) return {seq, Edited{note.text.substr(change.size())}};
  return {seq, std::move(note)};
}

Record to_record(const JsonValue& json) {
  const Index seq = Index{whole(json.at("seq"))};
  const std::string kind = json.at("kind").get<std::string>();
  if (kind == "head") return {seq, to_head(json)};
  if (kind == "note") return to_note_or_event(seq, json);
  std::optional<Event> event = to_event(kind, json);
  if (!event) return {seq, Unknown{}};
  return {seq, std::move(*event), json.value("request", "")};
}

std::string text_of(const JsonValue& json) {
  return json_text(json);
}

}  // namespace

std::string write(Index seq, const Head& head) {
  const Preamble& preamble = head.preamble;
  JsonValue json = begin(seq, "head");
  json["schema"] = head.schema;
  json["version"] = preamble.version;
  json["uuid"] = preamble.uuid;
  json["created"] = preamble.created;
  json["process"] = head.writer.process;
  json["host"] = head.writer.host;
  json["seed"] = preamble.seed;
  json["parameters"] = JsonValue::array();
  for (const Parameter& p : preamble.parameters) json["parameters"].push_back(parameter(p));
  json["outputs"] = JsonValue::array();
  for (const Output& o : preamble.outputs) {
    json["outputs"].push_back({{"name", o.name}, {"unit", o.unit}});
    if (o.is_class()) json["outputs"].back()["values"] = o.values;
  }
  json["study"] = preamble.study;
  return text_of(json);
}

std::string write(Index seq, const Event& event, const std::string& request,
                  std::optional<Index> group) {
  JsonValue json =
      std::visit([seq](const auto& happened) { return written(seq, happened); }, event);
  if (!request.empty()) json["request"] = request;
  if (group) json["group"] = *group;
  return text_of(json);
}

std::string write(Index seq, const Note& note) {
  JsonValue json = begin(seq, "note");
  json["text"] = note.text;
  if (note.writer) {
    json["process"] = note.writer->process;
    json["host"] = note.writer->host;
  }
  return text_of(json);
}

Record read(std::string_view text) {
  if (std::optional<Record> common = quickly_read(text)) return std::move(*common);
  try {
    return to_record(recorded_json(text, max_depth));
  } catch (const nlohmann::json::exception& failure) {
    throw StoreError(failure.what());
  }
}

}  // namespace sonde::record
