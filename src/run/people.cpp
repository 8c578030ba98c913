#include "sonde/run/people.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "run/campaign_state.hpp"
#include "run/gold_queries.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

bool is_ok(const Told& told) {
  return told.answer.status == Answer::Status::Ok;
}

std::vector<double> column(const std::vector<Told>& told, Index output) {
  std::vector<double> values;
  for (const Told& one : told) {
    if (is_ok(one)) values.push_back(one.answer.y[output]);
  }
  std::sort(values.begin(), values.end());
  return values;
}

double median(const std::vector<double>& sorted) {
  const std::size_t half = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[half];
  return 0.5 * sorted[half - 1] + 0.5 * sorted[half];
}

std::string names(const std::vector<Told>& told) {
  std::string text;
  for (const Told& one : told) text += (text.empty() ? "" : ", ") + one.by;
  return text;
}

// The class that most told; NaN where two were told as often.
double plurality(const std::vector<double>& sorted) {
  double best = std::numeric_limits<double>::quiet_NaN();
  std::ptrdiff_t most = 0;
  for (auto at = sorted.begin(); at != sorted.end();) {
    const auto next = std::upper_bound(at, sorted.end(), *at);
    if (next - at == most) best = std::numeric_limits<double>::quiet_NaN();
    if (next - at > most) {
      most = next - at;
      best = *at;
    }
    at = next;
  }
  return best;
}

// Of each output, by what it is.
Answer middle_of(const std::vector<Told>& told, const std::vector<Output>& outputs) {
  const auto first = std::find_if(told.begin(), told.end(), is_ok);
  Answer answer{.status = Answer::Status::Ok, .y = first->answer.y};
  for (Index j = 0; j < answer.y.size(); ++j) {
    const auto place = static_cast<std::size_t>(j);
    const bool of_classes = place < outputs.size() && outputs[place].is_class();
    answer.y[j] = of_classes ? plurality(column(told, j)) : median(column(told, j));
  }
  if (answer.y.array().isNaN().any()) answer.kind = "output missing";
  if (answer.y.array().isNaN().all()) {
    answer.status = Answer::Status::Failed;
    answer.y.resize(0);
  }
  return answer;
}

Answer of_one(const Told& told) {
  Answer answer = told.answer;
  answer.host = told.by;
  return answer;
}

Answer failure_of(const std::vector<Told>& told) {
  const auto first = std::find_if_not(told.begin(), told.end(), is_ok);
  return first->answer;
}

std::optional<Answer> ruled(const std::vector<Told>& told, const PeopleRule& rule,
                            const std::vector<Output>& outputs) {
  if (!rule.expert.empty()) {
    const auto expert = std::find_if(told.begin(), told.end(),
                                     [&](const Told& one) { return one.by == rule.expert; });
    if (expert == told.end()) return std::nullopt;
    Answer answer = expert->answer;
    answer.message = concat("disputed: ", rule.expert, " decides",
                            answer.message.empty() ? "" : ": ", answer.message);
    return answer;
  }
  const auto well = std::count_if(told.begin(), told.end(), is_ok);
  const bool failed = 2 * well < static_cast<std::ptrdiff_t>(told.size());
  Answer answer = failed ? failure_of(told) : middle_of(told, outputs);
  const bool tied = !failed && !answer.kind.empty();
  answer.message =
      concat("disputed: ",
             failed ? "most told a failure"
             : tied ? "as many told one class as another"
                    : "median",
             " of ", well, " values and ", static_cast<std::ptrdiff_t>(told.size()) - well,
             " failures", failed ? ": " : "", failed ? answer.message : "");
  return answer;
}

}  // namespace

bool Handling::has_told(const std::string& who) const {
  return std::any_of(told.begin(), told.end(), [&](const Told& one) { return one.by == who; });
}

double disagreement(const std::vector<Told>& told, VectorView spread) {
  if (told.size() < 2) return 0.0;
  const auto well = std::count_if(told.begin(), told.end(), is_ok);
  if (well == 0) return 0.0;
  if (well < static_cast<std::ptrdiff_t>(told.size()))
    return std::numeric_limits<double>::infinity();
  double largest = 0.0;
  for (Index j = 0; j < spread.size(); ++j) {
    const std::vector<double> values = column(told, j);
    largest = std::max(largest, (values.back() - values.front()) / spread[j]);
  }
  return largest;
}

std::optional<Answer> settled(const std::vector<Told>& told, const PeopleRule& rule,
                              VectorView spread, const std::vector<Output>& outputs) {
  if (told.empty() || static_cast<Index>(told.size()) < rule.people) return std::nullopt;
  if (told.size() == 1) return of_one(told.front());
  std::optional<Answer> answer;
  if (disagreement(told, spread) <= rule.agree) {
    const bool failed = !is_ok(told.front());
    answer = failed ? failure_of(told) : middle_of(told, outputs);
    if (failed) {
      answer->message = concat("agreed: ", answer->message);
    } else {
      answer->message = concat("agreed: median of ", told.size());
    }
  } else {
    answer = ruled(told, rule, outputs);
  }
  if (answer) answer->host = names(told);
  return answer;
}

void Campaign::State::check(const Leased& leased) const {
  require(!leased.ids.empty(), "Campaign: a lease of no queries");
  require(!std::isnan(leased.until), "Campaign: a lease needs an end");
  for (const Index id : leased.ids) check_open(id);
}

void Campaign::State::check(const Told& told) const {
  check_open(told.id);
  check_answer(told.id, told.answer);
  require(std::isnan(told.confidence) || (told.confidence >= 0.0 && told.confidence <= 1.0),
          "Campaign: expected a confidence from 0 to 1, got ", told.confidence);
  const auto handled = handlings.find(told.id);
  require(handled == handlings.end() || !handled->second.has_told(told.by), "Campaign: '", told.by,
          "' has told query ", told.id, " already");
}

void Campaign::State::check(const Corrected& corrected) const {
  check_known(corrected.id);
  const std::optional<Answer>& was = answers[static_cast<std::size_t>(corrected.id)];
  require(was.has_value(), "Campaign: query ", corrected.id,
          " is not answered yet: there is nothing to correct");
  require(was->kind != rejected_kind, "Campaign: query ", corrected.id,
          " was rejected: there is nothing to correct");
  require(!corrected.answer.transient, "Campaign: query ", corrected.id,
          ": a failure that is not the point's is no correction");
  check_answer(corrected.id, corrected.answer);
}

void Campaign::State::check(const Reviewed& reviewed) const {
  check_open(reviewed.id);
  const auto handled = handlings.find(reviewed.id);
  require(handled == handlings.end() || !handled->second.review, "Campaign: query ", reviewed.id,
          " is reviewed already");
  require(queries[static_cast<std::size_t>(reviewed.id)].why != "imported", "Campaign: query ",
          reviewed.id, " is an earlier run: there is nothing to review");
  if (reviewed.verdict != Reviewed::Verdict::Edited) return;
  require(!is_gold(queries[static_cast<std::size_t>(reviewed.id)]), "Campaign: query ", reviewed.id,
          " asks a known point again: it cannot be another one");
  check_point(reviewed.id, reviewed.x);
}

void Campaign::State::fold(const Leased& leased) {
  for (const Index id : leased.ids) {
    std::vector<Handling::Lease>& leases = handlings[id].leases;
    const auto held = std::find_if(leases.begin(), leases.end(), [&](const Handling::Lease& l) {
      return !leased.who.empty() && l.who == leased.who;
    });
    if (held != leases.end()) {
      held->until = leased.until;
    } else {
      leases.push_back({leased.who, leased.until});
    }
  }
}

void Campaign::State::fold(const Told& told) {
  handlings[told.id].told.push_back(told);
}

void Campaign::State::fold(const Corrected& corrected) {
  ++handlings[corrected.id].corrections;
  count_out(corrected.id);
  std::optional<Answer>& answer = answers[static_cast<std::size_t>(corrected.id)];
  if (answer->transient) --written_off;
  if (answer->kind == agreed_kind) --agreed;
  const Vector simulated = answer->x;  // it was run where it was run
  answer = corrected.answer;
  if (answer->x.size() == 0) answer->x = simulated;
  count_in(corrected.id, corrected.answer);
  forget_fits();
}

void Campaign::State::count_out(Index id) {
  const Answer& was = *answers[static_cast<std::size_t>(id)];
  const Query& query = queries[static_cast<std::size_t>(id)];
  if (was.status != Answer::Status::Ok || !teaches(id)) return;
  ok.erase(std::lower_bound(ok.begin(), ok.end(), id));
  if (query.why == "imported") --imported_ok;
  for (std::size_t j = 0; j < observed.size(); ++j) {
    if (!std::isnan(was.y[static_cast<Index>(j)])) --observed[j];
  }
}

void Campaign::State::fold(const Reviewed& reviewed) {
  handlings[reviewed.id].review = reviewed;
  const auto place = static_cast<std::size_t>(reviewed.id);
  if (reviewed.verdict == Reviewed::Verdict::Rejected) {
    answers[place] =
        Answer{.status = Answer::Status::Failed, .message = reviewed.reason, .kind = rejected_kind};
    ++answered;
    ++rejected;
  }
  if (reviewed.verdict != Reviewed::Verdict::Edited) return;
  Query& query = queries[place];
  if (query.x != reviewed.x) edited_away.push_back(query.x);
  query.x = reviewed.x;
  seen.reset();
  query.worth = std::numeric_limits<double>::quiet_NaN();  // what was foretold was of another point
  query.mean.resize(0);
  query.deviation.resize(0);
}

bool is_no_run(const Answer& answer) noexcept {
  return answer.kind == rejected_kind || answer.kind == agreed_kind;
}

bool Campaign::held(Index id) const {
  if (!state_->options.review || answer(id)) return false;
  return state_->queries[static_cast<std::size_t>(id)].why != "imported" && !handling(id).review;
}

const Handling& Campaign::handling(Index id) const {
  static const Handling none{};
  state_->check_known(id);
  const auto found = state_->handlings.find(id);
  return found == state_->handlings.end() ? none : found->second;
}

Vector Campaign::State::spread() const {
  Vector spread = Vector::Ones(static_cast<Index>(outputs.size()));
  for (Index j = 0; j < spread.size(); ++j) {
    if (is_class(j)) continue;
    std::vector<double> values;
    for (const Index id : ok) {
      const double y = answers[static_cast<std::size_t>(id)]->y[j];
      if (!std::isnan(y)) values.push_back(y);
    }
    const auto count = static_cast<Index>(values.size());
    const Eigen::Map<const Vector> y(values.data(), count);
    const double size = count > 0 ? y.cwiseAbs().maxCoeff() : 0.0;
    const double deviation =
        count > 1
            ? std::sqrt((y.array() - y.mean()).square().sum() / static_cast<double>(count - 1))
            : 0.0;
    spread[j] = deviation > 0.0 ? deviation : size > 0.0 ? size : 1.0;
  }
  return spread;
}

Vector Campaign::spread() const {
  return state_->spread();
}

}  // namespace sonde
