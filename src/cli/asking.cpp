#include "cli/asking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/nearest_name.hpp"
#include "cli/exit_status.hpp"
#include "cli/json_point.hpp"
#include "cli/sessions.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t nearest_runs = 3;
constexpr double default_lease = 3600.0;  // s, of what a program answers otherwise

// Which queries go to whom.
class HandingOut {
 public:
  HandingOut(OpenCampaign& open, const AskRequest& ask, const std::string& request)
      : open_(open), ask_(ask), request_(request), now_(seconds_since_1970()) {
    if (!seconds_ && !by_hand()) seconds_ = default_lease;
  }

  Reply go() {
    recall();
    if (ask_.row >= 0) {
      if (done_ == 0 && own_.empty()) pick();
    } else {
      hand_out_open();
      if (left() > 0) propose();
    }
    lease();
    for (const Index id : handed_) reply_.out += line(id) + '\n';
    if (!ask_.seconds && seconds_ && !handed_.empty())
      reply_.err +=
          "sonde: for 1 h (--lease says otherwise): what is not told by then is simulated\n";
    const auto held = count_held();
    if (left() > 0 && held > 0)
      reply_.err += fmt::format("{} {} for review: sonde ask --review, then sonde tell\n", held,
                                held == 1 ? "query waits" : "queries wait");
    return reply_;
  }

 private:
  const Campaign& campaign() const { return open_.campaign; }
  const PeopleRule& rule() const { return open_.study.people; }
  bool by_hand() const { return open_.study.kind == Study::Kind::Manual; }
  Index left() const { return ask_.count - static_cast<Index>(handed_.size()); }

  // What this request did before its process ended.
  void recall() {
    if (request_.empty()) return;
    for (const Event& event : open_.journal.events_of(request_)) {
      if (const auto* leased = std::get_if<Leased>(&event))
        handed_.insert(handed_.end(), leased->ids.begin(), leased->ids.end());
      if (const auto* asked = std::get_if<Asked>(&event)) {
        for (const Query& query : asked->queries) own_.push_back(query.id);
      }
    }
    done_ = handed_.size();
  }

  bool has(const std::vector<Index>& ids, Index id) const {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }

  bool tagged(const Query& query) const {
    if (ask_.tag.empty()) return true;
    const std::vector<std::string> tags = open_.study.tags_of(query.x);
    return std::find(tags.begin(), tags.end(), ask_.tag) != tags.end();
  }

  void hand_out_open() {
    for (const Query& query : campaign().open()) {
      if (left() <= 0) return;
      if (query.why == "imported" || campaign().held(query.id) || has(handed_, query.id)) continue;
      if (available(query.id) && tagged(query)) handed_.push_back(query.id);
    }
  }

  bool available(Index id) const {
    const Handling& handling = campaign().handling(id);
    const bool untouched = handling.leases.empty() && handling.told.empty();
    if (!ask_.to.empty() && handling.has_told(ask_.to)) return false;
    if (untouched) return by_hand() || ask_.again || has(own_, id);  // the program has it otherwise
    if (ask_.again) return true;
    const bool decides = rule().expert == ask_.to && waits_for_expert(open_, id);
    Index others = 0;
    for (const Handling::Lease& lease : handling.leases) {
      if (lease.until <= now_ || handling.has_told(lease.who)) continue;
      if (!ask_.to.empty() && lease.who == ask_.to) return false;  // it is in these hands
      ++others;
    }
    return decides || others < still_needed(handling);  // others cannot settle a dispute
  }

  // How many more people are to be heard, of whom this one may be.
  Index still_needed(const Handling& handling) const {
    return std::max<Index>(0, rule().people - static_cast<Index>(handling.told.size()));
  }

  void pick() {
    require<UsageError>(budget_left() != 0, "ask: the budget of ", most(), " runs is used");
    try {
      take(open_.campaign.picked(ask_.row));
    } catch (const ArgumentError& failure) {
      const std::string words = failure.what();  // "Campaign: ..."
      throw UsageError("ask --row: " + words.substr(words.find(": ") + 2) +
                       ". Choose another of sonde ask --choices 5");
    }
  }

  // More than are needed where only some carry the tag; those behind the last that does are left.
  void propose() {
    const Index factor = ask_.tag.empty() ? 1 : 4;
    const int rounds = ask_.tag.empty() ? 1 << 20 : 3;
    Index k = left() - (ask_.tag.empty() ? count_held() : 0);
    for (int round = 0; round < rounds && k > 0; ++round) {
      const std::optional<Index> unspent = budget_left();
      if (unspent == 0) {
        reply_.err += fmt::format("sonde: the budget of {} runs is used\n", most());
        if (const auto open = open_.campaign.open(); !open.empty())
          reply_.err += fmt::format(
              "sonde: {} of them in somebody's hands; sonde ask --again shows what is\n",
              open.size() == 1 ? "one is" : fmt::format("{} are", open.size()));
        return;
      }
      k = std::min(k, unspent.value_or(k));
      Asked made = open_.campaign.propose(k);  // of a design no more than there is of it
      if (made.queries.empty()) {
        reply_.err += "sonde: there is no point left to ask: the admissible ones are exhausted\n";
        return;
      }
      const bool all = static_cast<Index>(made.queries.size()) < k;
      cut_behind_wanted(made);
      if (!made.queries.empty()) take(made);
      if (left() <= 0) return;
      k = ask_.tag.empty() ? left() - count_held()
                           : (all || !made.queries.empty() ? k : k * factor);
    }
    if (!ask_.tag.empty())
      reply_.err +=
          fmt::format("sonde: none of the next {} queries carries the tag '{}'\n", k, ask_.tag);
  }

  Index most() const { return open_.study.max_queries(); }

  // Nothing: there is no end to it.
  std::optional<Index> budget_left() const {
    if (most() <= 0) return std::nullopt;
    return std::max<Index>(0, most() - campaign().spent());
  }

  void cut_behind_wanted(Asked& made) const {
    if (ask_.tag.empty()) return;
    Index wanted = left();
    std::size_t keep = 0;
    for (std::size_t i = 0; i < made.queries.size() && wanted > 0; ++i) {
      if (!tagged(made.queries[i])) continue;
      --wanted;
      keep = i + 1;
    }
    made.queries.resize(keep);
  }

  void take(const Asked& made) {
    record(open_, made, request_);
    for (const Query& query : made.queries) {
      if (left() > 0 && tagged(query) && !campaign().held(query.id)) handed_.push_back(query.id);
    }
  }

  void lease() {
    const std::vector<Index> ids(handed_.begin() + static_cast<std::ptrdiff_t>(done_),
                                 handed_.end());
    if (ids.empty()) return;
    const double until = seconds_ ? now_ + *seconds_ : Leased{}.until;
    record(open_, Leased{ids, ask_.to, until}, request_);
  }

  Index count_held() const {
    Index count = 0;
    for (const Query& query : campaign().open()) count += campaign().held(query.id) ? 1 : 0;
    return count;
  }

  std::string line(Index id) const {
    const Query& query = campaign().queries()[static_cast<std::size_t>(id)];
    JsonValue json{
        {"id", query.id}, {"x", json_point(open_.study.parameters, query.x)}, {"why", query.why}};
    if (!open_.study.tags.empty()) json["tags"] = open_.study.tags_of(query.x);
    if (!ask_.to.empty()) json["to"] = ask_.to;
    if (seconds_) json["until"] = now_ + *seconds_;
    return json_text(json);
  }

  OpenCampaign& open_;
  const AskRequest& ask_;
  const std::string& request_;
  double now_;
  std::optional<double> seconds_ = ask_.seconds;
  Reply reply_{};
  std::vector<Index> handed_{};
  std::vector<Index> own_{};  // that this request made before
  std::size_t done_ = 0;
};

void check_tag(const Study& study, const std::string& tag) {
  if (tag.empty()) return;
  std::vector<std::string> names;
  for (const auto& [name, condition] : study.tags) names.push_back(name);
  require<UsageError>(!names.empty(), "--tag '", tag,
                      "': the study has no table [tags]. Write one: NAME = \"condition\"");
  require<UsageError>(std::find(names.begin(), names.end(), tag) != names.end(), "--tag '", tag,
                      "' is unknown", suggestion(tag, names));
}

// {name: value}, or null where nothing was foretold.
JsonValue foretold(const Campaign& campaign, const Vector& values) {
  return values.size() == 0 ? JsonValue(nullptr) : json_answers(campaign.outputs(), values);
}

JsonValue nearest(const OpenCampaign& open, const Query& query) {
  const Campaign& campaign = open.campaign;
  const Dataset& data = campaign.data();
  const Points unit = campaign.domain().rows_to_unit(data.x);
  const Vector here = campaign.domain().to_unit(query.x);
  std::vector<std::pair<double, Index>> rows;
  for (Index i = 0; i < unit.rows(); ++i)
    rows.emplace_back((unit.row(i).transpose() - here).norm(), i);
  const std::size_t count = std::min(rows.size(), nearest_runs);
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end());
  JsonValue list = JsonValue::array();
  for (std::size_t k = 0; k < count; ++k) {
    const auto& [distance, row] = rows[k];
    list.push_back({{"id", campaign.data_ids()[static_cast<std::size_t>(row)]},
                    {"x", json_point(open.study.parameters, data.x.row(row))},
                    {"y", json_answers(campaign.outputs(), data.y.row(row).transpose())},
                    {"distance", json_number(distance)}});
  }
  return list;
}

}  // namespace

Reply asked(OpenCampaign& open, const AskRequest& ask, const std::string& request) {
  check_tag(open.study, ask.tag);
  require<UsageError>(open.study.people.people == 1 || !ask.to.empty(), "each point goes to ",
                      open.study.people.people, " different people: say to whom, with --to NAME");
  return HandingOut(open, ask, request).go();
}

std::string choices(Campaign& campaign, const Study& study, Index count) {
  std::string lines;
  try {
    for (const Choice& choice : campaign.choices(count))
      lines += json_text({{"row", choice.row},
                          {"x", json_point(study.parameters, choice.x)},
                          {"distance", json_number(choice.distance)},
                          {"prediction", foretold(campaign, choice.mean)},
                          {"deviation", foretold(campaign, choice.deviation)}}) +
               '\n';
  } catch (const ArgumentError& failure) {
    throw UsageError(fmt::format("ask --choices: {}: [pool] file names some", failure.what()));
  }
  return lines;
}

std::string reviews(const OpenCampaign& open) {
  std::string lines;
  for (const Query& query : open.campaign.open()) {
    if (!open.campaign.held(query.id)) continue;
    JsonValue json{{"id", query.id},
                   {"x", json_point(open.study.parameters, query.x)},
                   {"prediction", foretold(open.campaign, query.mean)},
                   {"deviation", foretold(open.campaign, query.deviation)},
                   {"why", query.why},
                   {"nearest", nearest(open, query)}};
    if (!open.study.tags.empty()) json["tags"] = open.study.tags_of(query.x);
    lines += json_text(json) + '\n';
  }
  return lines;
}

bool waits_for_expert(const OpenCampaign& open, Index id) {
  const PeopleRule& rule = open.study.people;
  if (rule.expert.empty() || open.campaign.answer(id)) return false;
  const Handling& handling = open.campaign.handling(id);
  return static_cast<Index>(handling.told.size()) >= rule.people && !handling.has_told(rule.expert);
}

bool in_other_hands(const Campaign& campaign, Index id, double now) {
  if (campaign.held(id)) return true;
  const std::vector<Handling::Lease>& leases = campaign.handling(id).leases;
  return std::any_of(leases.begin(), leases.end(), [now](const Handling::Lease& lease) {
    return lease.until > now && std::isfinite(lease.until);
  });
}

}  // namespace sonde::cli
