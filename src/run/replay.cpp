#include "sonde/run/replay.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "run/history.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

// As many digits as tell any two numbers apart.
std::string in_words(double number) {
  std::array<char, 32> text{};
  const auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}
std::string in_words(Index number) {
  return std::to_string(number);
}
std::string in_words(const std::string& text) {
  return "'" + text + "'";
}

// All that are no number are the same, as a journal has one word for them.
bool agree(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}
bool agree(Index a, Index b) {
  return a == b;
}
bool agree(const std::string& a, const std::string& b) {
  return a == b;
}

/// The first thing that two decisions differ in.
class Comparison {
 public:
  explicit Comparison(Divergence at) : at_(std::move(at)) {}

  const std::optional<Divergence>& first() const { return first_; }

  void decides_on(Index query, Index model) {
    at_.query = query;
    at_.model = model;
  }

  template <class Value>
  void hold(std::string_view what, const Value& recorded, const Value& derived) {
    if (first_ || agree(recorded, derived)) return;
    first_ = at_;
    first_->what = what;
    first_->recorded = in_words(recorded);
    first_->derived = in_words(derived);
  }

  template <class Name>
  void hold_each(VectorView recorded, VectorView derived, const Name& name) {
    hold("the number of values of " + name(0), recorded.size(), derived.size());
    for (Index i = 0; i < recorded.size() && !first_; ++i) hold(name(i), recorded[i], derived[i]);
  }

 private:
  Divergence at_;
  std::optional<Divergence> first_{};
};

class Replaying {
 public:
  Replaying(std::span<const Event> events, const Beginning& begin,
            const std::function<void(const Replayed&)>& seen)
      : events_(events), begin_(begin), seen_(seen), campaign_(begin(nullptr)) {}

  Replayed go() {
    for (at_ = 0; at_ < events_.size() && !result_.first; ++at_) {
      const Event& event = events_[at_];
      if (const auto* edited = std::get_if<Edited>(&event)) begin_anew(*edited);
      if (const auto* fitted = std::get_if<Fitted>(&event)) see(*fitted);
      if (const auto* asked = std::get_if<Asked>(&event)) see(*asked);
      if (const auto* passed = std::get_if<Passed>(&event)) see(*passed);
      apply(event);
    }
    return result_;
  }

 private:
  // What went before counts under the changed study too.
  void begin_anew(const Edited& change) {
    campaign_ = begin_(&change);
    for (std::size_t i = 0; i < at_; ++i) apply(events_[i]);
  }

  void apply(const Event& event) {
    campaign_.apply(padded(event, static_cast<Index>(campaign_.outputs().size())));
  }

  // In a journal a model stands before the queries that it was fitted for.
  const Asked* asked_of(const Fitted& fitted) const {
    if (at_ + 1 >= events_.size()) return nullptr;
    const auto* asked = std::get_if<Asked>(&events_[at_ + 1]);
    return asked && asked->model == fitted.model && !asked->queries.empty() &&
                   !has_arrived(asked->queries.front())
               ? asked
               : nullptr;
  }

  static bool has_arrived(const Query& query) { return query.selection.outcome == "arrived"; }

  // What was decided upon points that arrived; where they were not kept there is nothing to see.
  void decide_again(const Passed& passed, const std::vector<Query>& asked) {
    const auto count = static_cast<Index>(asked.size());
    if (passed.x.rows() == 0) {
      result_.brought += count;
      return;
    }
    const Decided derived =
        campaign_.decide(passed.x, passed.share, std::numeric_limits<Index>::max(), true);
    Comparison compare({.event = static_cast<Index>(at_)});
    compare.decides_on(asked.empty() ? -1 : asked.front().id, passed.model);
    compare.hold("the model of the arrivals", passed.model, derived.passed.model);
    compare.hold_each(passed.worth, derived.passed.worth,
                      [](Index i) { return concat("worth of arrival ", i); });
    compare.hold("the number of arrivals that are asked", count,
                 static_cast<Index>(derived.asked.queries.size()));
    for (std::size_t i = 0; i < asked.size() && !compare.first(); ++i)
      hold(compare, asked[i], derived.asked.queries[i], passed.model);
    result_.queries += count;
    conclude(compare);
  }

  // Its queries stand before it.
  void see(const Passed& passed) {
    if (passed.asked.empty()) decide_again(passed, {});
  }

  void see(const Fitted& fitted) {
    if (const Asked* asked = asked_of(fitted)) {
      proposed_ = campaign_.propose(static_cast<Index>(asked->queries.size()));
      hold(fitted, proposed_->fitted);
    } else {
      hold(fitted, campaign_.fit());
    }
  }

  void hold(const Fitted& recorded, const std::optional<Fitted>& derived) {
    Comparison compare({.event = static_cast<Index>(at_)});
    compare.decides_on(-1, recorded.model);
    compare.hold("the model", recorded.model, derived ? derived->model : Index{0});
    if (derived) {
      compare.hold("the rows it was fitted to", recorded.rows, derived->rows);
      const Matrix& p = recorded.parameters;
      const Matrix& q = derived->parameters;
      compare.hold("the number of outputs", p.rows(), q.rows());
      for (Index j = 0; j < p.rows() && !compare.first(); ++j) {
        const std::string output = campaign_.outputs()[static_cast<std::size_t>(j)].name;
        compare.hold_each(p.row(j).transpose(), q.row(j).transpose(),
                          [&](Index i) { return concat("parameter ", i, " of '", output, "'"); });
      }
      compare.hold_each(recorded.evidence, derived->evidence, named_output("evidence of"));
      compare.hold_each(recorded.leave_one_out, derived->leave_one_out,
                        named_output("leave-one-out of"));
    }
    ++result_.models;
    conclude(compare);
  }

  void see(const Asked& asked) {
    if (asked.queries.empty()) return;
    const std::string& why = asked.queries.front().why;
    if (why == "imported" || why == "restored" || why == "lost" || why == "picked") {
      result_.brought += static_cast<Index>(asked.queries.size());
      return;
    }
    if (has_arrived(asked.queries.front())) {
      const auto* passed =
          at_ + 1 < events_.size() ? std::get_if<Passed>(&events_[at_ + 1]) : nullptr;
      if (passed) return decide_again(*passed, asked.queries);
      result_.brought += static_cast<Index>(asked.queries.size());
      return;
    }
    if (!proposed_) proposed_ = campaign_.propose(static_cast<Index>(asked.queries.size()));
    const Asked derived = std::move(*proposed_);
    proposed_.reset();
    if (asked.fitted) hold(*asked.fitted, derived.fitted);
    if (result_.first) return;
    Comparison compare({.event = static_cast<Index>(at_)});
    compare.decides_on(asked.queries.front().id, asked.model);
    compare.hold("the number of queries", static_cast<Index>(asked.queries.size()),
                 static_cast<Index>(derived.queries.size()));
    compare.hold("its model", asked.model, derived.model);
    for (std::size_t i = 0; i < asked.queries.size() && !compare.first(); ++i)
      hold(compare, asked.queries[i], derived.queries[i], asked.model);
    result_.queries += static_cast<Index>(asked.queries.size());
    conclude(compare);
  }

  void hold(Comparison& compare, const Query& recorded, const Query& derived, Index model) const {
    compare.decides_on(recorded.id, model);
    compare.hold("its number", recorded.id, derived.id);
    compare.hold("why", recorded.why, derived.why);
    compare.hold_each(recorded.x, derived.x, named_input("x of"));
    compare.hold("worth", recorded.worth, derived.worth);
    compare.hold_each(recorded.mean, derived.mean, named_output("predicted mean of"));
    compare.hold_each(recorded.deviation, derived.deviation,
                      named_output("predicted deviation of"));
    const Selection& a = recorded.selection;
    const Selection& b = derived.selection;
    compare.hold("candidates", a.candidates, b.candidates);
    compare.hold("rank among the candidates", a.rank, b.rank);
    compare.hold("evaluations", Index{a.evaluations}, Index{b.evaluations});
    compare.hold("outcome of the optimiser", a.outcome, b.outcome);
    compare.hold_each(a.runner_up, b.runner_up, named_input("runner-up's"));
    compare.hold("worth of the runner-up", a.runner_up_worth, b.runner_up_worth);
    compare.hold("row of the pool", a.row, b.row);
  }

  std::function<std::string(Index)> named_input(const std::string& what) const {
    return [this, what](Index i) {
      return concat(what, " '", campaign_.domain().parameters()[static_cast<std::size_t>(i)].name,
                    "'");
    };
  }
  std::function<std::string(Index)> named_output(const std::string& what) const {
    return [this, what](Index i) {
      return concat(what, " '", campaign_.outputs()[static_cast<std::size_t>(i)].name, "'");
    };
  }

  void conclude(const Comparison& compare) {
    if (compare.first()) result_.first = compare.first();
    if (seen_) seen_(result_);
  }

  std::span<const Event> events_;
  const Beginning& begin_;
  const std::function<void(const Replayed&)>& seen_;
  Campaign campaign_;
  std::size_t at_ = 0;
  std::optional<Asked> proposed_{};  // with a model that stood before its queries
  Replayed result_{};
};

}  // namespace

Replayed replayed(std::span<const Event> events, const Beginning& begin,
                  const std::function<void(const Replayed&)>& seen) {
  return Replaying(events, begin, seen).go();
}

}  // namespace sonde
