#include "cli/lineage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json_text.hpp"
#include "base/matrix.hpp"
#include "cli/ingredients.hpp"
#include "cli/json_point.hpp"
#include "cli/text_table.hpp"
#include "run/csv.hpp"
#include "run/history.hpp"
#include "sonde/query/synthesize.hpp"

namespace sonde::cli {
namespace {

// So near to a limit, in the unit cube, counts as at it.
constexpr double at_limit = 1e-3;

// How far away a constraint is, in the unit cube, to first order: its slack over its slope.
double distance(const ScalarField& excess, const Vector& u) {
  constexpr double step = 1e-5;
  double squares = 0.0;
  Vector v = u;
  for (Index i = 0; i < u.size(); ++i) {
    v[i] = std::min(u[i] + step, 1.0);
    const double above = excess(v);
    const double upper = v[i];
    v[i] = std::max(u[i] - step, 0.0);
    squares += std::pow((above - excess(v)) / (upper - v[i]), 2);
    v[i] = u[i];
  }
  const double slack = -excess(u);
  return slack <= 0.0 ? 0.0 : slack / std::sqrt(squares);
}

std::vector<std::string> limits_at(const Domain& domain, double margin, const Vector& x) {
  std::vector<std::string> names;
  const Domain searched = domain.narrowed(usable_margin(domain, margin));
  const Vector u = searched.to_unit(x);
  for (Index i = 0; i < u.size(); ++i) {
    const Parameter& parameter = domain.parameters()[static_cast<std::size_t>(i)];
    if (parameter.scale == Scale::Choice) continue;
    if (u[i] < at_limit) names.push_back("lower bound of " + parameter.name);
    if (u[i] > 1.0 - at_limit) names.push_back("upper bound of " + parameter.name);
  }
  const std::vector<ScalarField> fields = domain.unit_constraints();
  const Vector in_box = domain.to_unit(x);
  for (std::size_t k = 0; k < fields.size(); ++k)
    if (distance(fields[k], in_box) < at_limit)
      names.push_back("constraint '" + domain.constraints()[k].name + "'");
  return names;
}

bool is_searched(const Query& query) {
  return query.selection.candidates > 0;
}

bool has_arrived(const Query& query) {
  return query.selection.outcome == "arrived";
}

// What is known, and what is not, before an event.
class Before {
 public:
  void apply(const Event& event) {
    known.apply(event);
    if (const auto* edited = std::get_if<Edited>(&event)) {
      change = edited;
      ++changes;
    }
    if (const auto* fitted = std::get_if<Fitted>(&event)) models.push_back(fitted);
    if (const auto* asked = std::get_if<Asked>(&event))
      for (const Query& query : asked->queries)
        if (query.why != "gold" && query.why != "validation") unknown.insert(query.id);
    for (const Index id : known.ids()) unknown.erase(id);
  }

  Known known{};
  std::set<Index> unknown{};
  const Edited* change = nullptr;
  int changes = 0;
  std::vector<const Fitted*> models{};
};

std::string listed(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

// "0-9, 11, 13"
std::string ranges(const std::vector<Index>& ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size();) {
    std::size_t end = i;
    while (end + 1 < ids.size() && ids[end + 1] == ids[end] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += end > i ? fmt::format("{}-{}", ids[i], ids[end]) : std::to_string(ids[i]);
    i = end + 1;
  }
  return text;
}

std::string with_unit(const std::string& number, const std::string& unit) {
  return unit.empty() || unit == "1" ? number : number + " " + unit;
}

std::string point(const std::vector<Parameter>& parameters, const Vector& x) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& p = parameters[i];
    const double value = x[static_cast<Index>(i)];
    const std::string number = p.scale == Scale::Choice ? format_value(value, p) : shown(value, 6);
    parts.push_back(p.name + " = " + with_unit(number, p.scale == Scale::Choice ? "" : p.unit));
  }
  return listed(parts);
}

std::string moment(double seconds) {
  if (!std::isfinite(seconds)) return "";
  const auto time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &utc);
  return text.data();
}

class Words {
 public:
  Words(const OpenCampaign& open, const Lineage& lineage)
      : open_(open), campaign_(open.campaign), lineage_(lineage), query_(lineage.query) {}

  std::string text() {
    line(fmt::format("query {}", query_.id), headline());
    line("point", point(open_.study.parameters, query_.x));
    if (!lineage_.limits.empty()) line("at limits", listed(lineage_.limits));
    how_chosen();
    model();
    foretold();
    if (!lineage_.stream.empty())
      line("random",
           fmt::format("seed {}, stream {}", open_.journal.preamble().seed, lineage_.stream));
    review();
    answer();
    return text_;
  }

 private:
  void line(const std::string& name, const std::string& words) {
    text_ += fmt::format("{:<10} {}\n", name, words);
  }

  std::string headline() const {
    std::string words = query_.why;
    if (query_.why == "design") words = "of the initial design, which no answer decides";
    if (query_.why == "validation")
      words = "drawn at random to be held out: no surrogate learns from it";
    if (query_.why == "imported") words = "an earlier run, brought in from a table";
    if (query_.why == "gold")
      words = "a known point, asked again to see whether the simulator changed";
    if (query_.why == "picked") words = "picked by somebody, of candidates that were offered";
    if (query_.why == "random") words = "drawn at random, whatever the criterion says";
    if (query_.why == "validation" && has_arrived(query_))
      words =
          "drawn at random from what would have been passed over, to be held out: no surrogate "
          "learns from it";
    else if (query_.why != "random" && has_arrived(query_))
      words = fmt::format("arrived, and was worth asking by the criterion '{}'", query_.why);
    else if (is_searched(query_) && query_.selection.outcome != "drawn" &&
             query_.selection.outcome != "picked" && !has_arrived(query_))
      words = by_criterion();
    if (lineage_.session > 1)
      words += fmt::format(
          "; the study had been changed {} by then",
          lineage_.session == 2 ? "once" : fmt::format("{} times", lineage_.session - 1));
    return words;
  }

  std::string by_criterion() const {
    constexpr std::string_view switched = "not learning: ";
    if (!query_.why.starts_with(switched))
      return fmt::format("of most worth by the criterion '{}'", query_.why);
    return fmt::format(
        "of most worth by the criterion '{}', as by the study's own nothing was learnt",
        query_.why.substr(switched.size()));
  }

  void how_chosen() {
    const Selection& s = query_.selection;
    if (!is_searched(query_)) return;
    if (has_arrived(query_)) {
      line("arrival", fmt::format("number {} of the stream, from 0", s.row));
      line("worth", fmt::format("{}, number {} of the last {} that arrived", shown(query_.worth),
                                s.rank, s.candidates));
      return;
    }
    if (s.row >= 0) line("candidate", fmt::format("row {} of the pool, from 0", s.row));
    if (s.outcome == "drawn") return;
    line("worth", s.outcome == "chosen" ? of_candidates() : climbed());
    if (s.runner_up.size() == 0) {
      line("runner-up", "none: no other region is worth anything");
    } else {
      const std::string share =
          query_.worth > 0.0
              ? fmt::format(" ({} of it)", shown_percent(s.runner_up_worth / query_.worth))
              : "";
      line("runner-up", fmt::format("{}{} at {}", shown(s.runner_up_worth), share,
                                    point(open_.study.parameters, s.runner_up)));
    }
  }

  std::string of_candidates() const {
    const Selection& s = query_.selection;
    return fmt::format("{}, number {} of {} candidates", shown(query_.worth), s.rank, s.candidates);
  }

  std::string climbed() const {
    const Selection& s = query_.selection;
    return fmt::format("{}, climbed to from number {} of {} candidates ({} evaluations, {})",
                       shown(query_.worth), s.rank, s.candidates, s.evaluations,
                       s.outcome == "nearest" ? "then the nearest candidate" : s.outcome);
  }

  void model() {
    if (!lineage_.model) return;
    const Fitted& model = *lineage_.model;
    std::vector<std::string> errors;
    for (std::size_t j = 0; j < campaign_.outputs().size(); ++j)
      errors.push_back(fmt::format("{} {}", campaign_.outputs()[j].name,
                                   shown_percent(model.leave_one_out[static_cast<Index>(j)])));
    line("model", fmt::format("number {}, its parameters searched with {} runs; left-one-out error "
                              "then: {}",
                              model.model, model.rows, listed(errors)));
    line("learnt of", fmt::format("{} {}: {}", lineage_.learnt_from.size(),
                                  lineage_.learnt_from.size() == 1 ? "run" : "runs",
                                  ranges(lineage_.learnt_from)));
    if (!lineage_.supposed.empty())
      line("supposed", ranges(lineage_.supposed) + ", of which no value was known");
  }

  std::string deviations(Index j, double value) const {
    if (query_.mean.size() <= j || !(query_.deviation[j] > 0.0)) return "";
    const Output& output = campaign_.outputs()[static_cast<std::size_t>(j)];
    if (output.is_class())
      return value == query_.mean[j]
                 ? " (as was foretold)"
                 : " (" + format_value(query_.mean[j], output) + " was foretold)";
    return fmt::format(" ({:+.1f} standard deviations from what was foretold)",
                       (value - query_.mean[j]) / query_.deviation[j]);
  }

  void foretold() {
    std::vector<std::string> parts;
    for (Index j = 0; j < query_.mean.size(); ++j) {
      const Output& output = campaign_.outputs()[static_cast<std::size_t>(j)];
      if (output.is_class()) {
        parts.push_back(
            output.name + " = " + format_value(query_.mean[j], output) +
            (std::isnan(query_.deviation[j])
                 ? ""
                 : fmt::format(", {} likely", shown_percent(1.0 - query_.deviation[j]))));
        continue;
      }
      parts.push_back(output.name + " = " +
                      with_unit(fmt::format("{} +- {}", shown(query_.mean[j], 6),
                                            shown(query_.deviation[j], 2)),
                                output.unit));
    }
    if (!parts.empty()) line("foretold", listed(parts));
  }

  void review() {
    const std::optional<Reviewed>& review = campaign_.handling(query_.id).review;
    if (!review) return;
    const std::string reason = review->reason.empty() ? "" : ": " + review->reason;
    const std::string by = review->by.empty() ? "" : " by " + review->by;
    if (review->verdict == Reviewed::Verdict::Approved) line("review", "approved" + by + reason);
    if (review->verdict == Reviewed::Verdict::Rejected) line("review", "rejected" + by + reason);
    if (review->verdict == Reviewed::Verdict::Edited)
      line("review",
           "edited" + by + reason + "; asked instead: " + point(open_.study.parameters, review->x));
  }

  void answer() {
    const std::optional<Answer>& answer = campaign_.answer(query_.id);
    if (!answer) return line("answer", "none yet");
    if (answer->kind == rejected_kind) return;
    if (answer->x.size() > 0)
      line("simulated", "elsewhere: " + point(open_.study.parameters, answer->x));
    if (answer->status == Answer::Status::Ok) {
      std::vector<std::string> parts;
      for (Index j = 0; j < answer->y.size(); ++j) {
        const Output& output = campaign_.outputs()[static_cast<std::size_t>(j)];
        const double value = answer->y[j];
        parts.push_back(std::isnan(value)
                            ? output.name + " did not arrive"
                            : output.name + " = " +
                                  (output.is_class() ? format_value(value, output)
                                                     : with_unit(shown(value, 6), output.unit)) +
                                  deviations(j, value));
      }
      line("answer", listed(parts));
    }
    if (answer->kind == agreed_kind)
      line("agreed", "the cheap simulator says " + answer->message);
    else if (!answer->kind.empty())
      line("failure", answer->kind + (answer->message.empty() ? "" : ": " + answer->message));
    run(*answer);
    const Index corrections = campaign_.handling(query_.id).corrections;
    if (corrections > 0)
      line("corrected", corrections == 1 ? "once" : fmt::format("{} times", corrections));
  }

  void run(const Answer& answer) {
    std::vector<std::string> parts;
    if (answer.attempts > 0) parts.push_back(fmt::format("attempt {}", answer.attempts));
    if (!answer.host.empty()) parts.push_back("by " + answer.host);
    if (std::isfinite(answer.started)) parts.push_back("begun " + moment(answer.started));
    if (answer.seconds > 0.0) parts.push_back(fmt::format("{} s", shown(answer.seconds)));
    if (answer.usage) {
      parts.push_back(fmt::format("{} s of CPU, {} MB", shown(answer.usage->cpu_seconds),
                                  shown(1e-6 * answer.usage->max_rss)));
      parts.push_back(answer.usage->signal > 0
                          ? fmt::format("ended by signal {}", answer.usage->signal)
                          : fmt::format("exit status {}", answer.usage->exit_status));
    }
    if (!parts.empty()) line("run", listed(parts));
    if (answer.usage) simulated_with(answer);
  }

  void simulated_with(const Answer& answer) {
    const auto used = ingredients_at(open_.journal, answer.ended);
    if (!used) return;
    std::vector<std::string> parts;
    for (const Ingredient& one : *used)
      parts.push_back(fmt::format("{} ({})", one.name, shortened(one.digest)));
    line("made with", listed(parts));
    const auto now = ingredients_at(open_.journal, std::numeric_limits<double>::infinity());
    const std::vector<std::string> changed = differences(*used, *now);
    if (!changed.empty()) line("since then", listed(changed) + " changed");
  }

  static std::string shortened(const std::string& digest) {
    constexpr std::size_t whole = 64, enough = 12;
    return digest.size() == whole ? digest.substr(0, enough) : digest;
  }

  const OpenCampaign& open_;
  const Campaign& campaign_;
  const Lineage& lineage_;
  const Query& query_;
  std::string text_{};
};

JsonValue usage_json(const Answer& answer) {
  if (!answer.usage) return nullptr;
  return {{"cpu_seconds", answer.usage->cpu_seconds},
          {"max_rss", answer.usage->max_rss},
          {"exit_status", answer.usage->exit_status},
          {"signal", answer.usage->signal}};
}

JsonValue used_json(const Journal& journal, const Answer& answer) {
  const auto used = answer.usage ? ingredients_at(journal, answer.ended) : std::nullopt;
  return used ? json_of(*used) : JsonValue(nullptr);
}

JsonValue values_or_null(const std::vector<Output>& outputs, const Vector& values) {
  return values.size() == 0 ? JsonValue(nullptr) : json_values(outputs, values);
}

}  // namespace

Lineage lineage_of(const OpenCampaign& open, Index id) {
  const std::vector<Event>& events = open.journal.events();
  Lineage lineage;
  Before before;
  for (std::size_t at = 0; at < events.size(); ++at) {
    const auto* asked = std::get_if<Asked>(&events[at]);
    const bool here = asked && !asked->queries.empty() && asked->queries.front().id <= id &&
                      id <= asked->queries.back().id;
    if (!here) {
      before.apply(events[at]);
      continue;
    }
    const Index place = id - asked->queries.front().id;
    lineage.query = asked->queries[static_cast<std::size_t>(place)];
    lineage.event = static_cast<Index>(at);
    lineage.session = before.changes + 1;
    const Study study = before.change
                            ? parse_study(before.change->study, open.folder.study)
                            : parse_study(open.journal.preamble().study, open.folder.study);
    if (is_searched(lineage.query)) {
      lineage.limits =
          limits_at(study.domain(), study.campaign_options().synthesis.margin, lineage.query.x);
      lineage.stream = has_arrived(lineage.query)
                           ? fmt::format("stream/arrival/{}", lineage.query.selection.row)
                           : fmt::format("ask/{}/query/{}", asked->queries.front().id, place);
    }
    if (asked->model > 0) {
      for (const Fitted* fitted : before.models)
        if (fitted->model == asked->model) lineage.model = *fitted;
      lineage.learnt_from = before.known.ids();
      lineage.supposed.assign(before.unknown.begin(), before.unknown.end());
      for (Index i = 0; i < place; ++i) lineage.supposed.push_back(asked->queries.front().id + i);
    }
    break;
  }
  return lineage;
}

std::string lineage_text(const OpenCampaign& open, const Lineage& lineage) {
  return Words(open, lineage).text();
}

std::string lineage_json(const OpenCampaign& open, const Lineage& lineage) {
  const Query& query = lineage.query;
  const std::vector<Output>& outputs = open.campaign.outputs();
  const Selection& s = query.selection;
  JsonValue json{{"schema", 1},
                 {"id", query.id},
                 {"why", query.why},
                 {"event", lineage.event},
                 {"x", json_point(open.study.parameters, query.x)},
                 {"limits", lineage.limits},
                 {"worth", json_number(query.worth)},
                 {"prediction",
                  query.mean.size() == 0 ? JsonValue(nullptr) : json_answers(outputs, query.mean)},
                 {"deviation", values_or_null(outputs, query.deviation)},
                 {"selection", nullptr},
                 {"model", nullptr},
                 {"stream", lineage.stream},
                 {"answer", nullptr}};
  if (s.candidates > 0)
    json["selection"] = {
        {"candidates", s.candidates},
        {"rank", s.rank},
        {"evaluations", s.evaluations},
        {"outcome", s.outcome},
        {"runner_up", s.runner_up.size() == 0 ? JsonValue(nullptr)
                                              : json_point(open.study.parameters, s.runner_up)},
        {"runner_up_worth", json_number(s.runner_up_worth)},
        {"row", s.row < 0 ? JsonValue(nullptr) : JsonValue(s.row)}};
  if (lineage.model)
    json["model"] = {{"number", lineage.model->model},
                     {"rows", lineage.model->rows},
                     {"evidence", json_values(outputs, lineage.model->evidence)},
                     {"leave_one_out", json_values(outputs, lineage.model->leave_one_out)},
                     {"learnt_from", lineage.learnt_from},
                     {"supposed", lineage.supposed}};
  if (const std::optional<Answer>& answer = open.campaign.answer(query.id))
    json["answer"] = {{"ok", answer->status == Answer::Status::Ok},
                      {"y", values_or_null(outputs, answer->y)},
                      {"x", json_point(open.study.parameters, open.campaign.point(query.id))},
                      {"failure", answer->kind},
                      {"message", answer->message},
                      {"attempts", answer->attempts},
                      {"host", answer->host},
                      {"started", json_number(answer->started)},
                      {"ended", json_number(answer->ended)},
                      {"seconds", json_number(answer->seconds)},
                      {"usage", usage_json(*answer)},
                      {"ingredients", used_json(open.journal, *answer)}};
  return json_text(json);
}

}  // namespace sonde::cli
