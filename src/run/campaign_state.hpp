#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "query/known_points.hpp"
#include "query/measure.hpp"
#include "sonde/run/campaign.hpp"

namespace sonde {

/// Whether it asks candidates of a pool alone.
constexpr bool asks_candidates(Maker maker) {
  return maker == Maker::Pool || maker == Maker::Snapped;
}

/// What a campaign folds its events into, and what is computed from it.
///
/// Everything below `cached` is a function of the rest: it may be thrown away at any time without
/// changing a proposal.
struct Campaign::State {
  State(Domain its_domain, std::vector<Output> its_outputs, Criterion its_criterion,
        CampaignOptions its_options, std::uint64_t seed);

  // Given.
  Domain domain;
  std::vector<Output> outputs;
  Criterion criterion;
  CampaignOptions options;
  Rng root;

  // Folded.
  std::vector<Query> queries{};
  std::vector<std::optional<Answer>> answers{};
  // Of each query: failures that were not its point's, and what had been answered at the last of
  // them.
  std::vector<int> transients{};
  std::vector<int> all_transients{};
  std::vector<Index> answered_then{};
  std::vector<Index> ok{};        // ids answered Ok, ascending
  std::vector<Index> observed{};  // (m) how often each output was observed
  Index answered = 0;
  Index written_off = 0;  // closed by the last of such failures
  Index imported = 0;
  Index imported_ok = 0;
  Index rejected = 0;
  Index agreed = 0;  // by a cheap simulator
  Index gold = 0;    // asked
  Index design_asked = 0;
  Index validation_asked = 0;
  Index design_size = -1;            // fixed when its first query is asked
  Index imported_before_design = 0;  // imported_ok at that moment
  Fitted steering{};                 // that made the last queries
  Fitted newest{};
  struct Errors {
    Index rows;
    Vector left_out;  // (m)
  };
  std::vector<Errors> errors{};  // of the models, of one domain
  // Of fits with the data as they were last changed in place: an earlier one is no longer of them.
  Index models_before_change = 0;
  std::map<Index, Handling> handlings{};  // of the queries that people had to do with
  std::vector<Vector> edited_away{};      // points that a review has replaced by others
  std::map<Index, Role> marks{};          // where it is not the one it was asked for
  Index promoted = 0;
  std::optional<StreamGate> gate{};
  std::vector<double> joined{};  // points that were passed over, one after the other

  // Cached.
  struct Conditioned {
    std::size_t rows;
    Matrix parameters;  // searched from, or used
    Surrogate surrogate;
  };
  bool data_stale = true;
  Dataset data{};
  std::vector<Points> designs{};  // one after the other; the first is the initial one
  std::optional<Conditioned> refitted{};
  std::optional<Conditioned> recorded{};
  struct Learnt {
    Index labels;
    Classifier classifier;
  };
  std::optional<Learnt> success{};
  struct Timed {
    Index answered;
    std::optional<ScalarField> log_seconds;
  };
  std::optional<Timed> timed{};
  struct Arrival {
    Index rows = 0;
    std::optional<Classifier> classifier{};
  };
  std::map<Index, Arrival> arrivals{};  // of outputs that did not always
  struct Known {
    std::size_t asked = 0, edited = 0;
    query::KnownPoints points;
    Index design = -1;                 // size of the initial one, of which
    std::vector<Index> design_left{};  // these rows are none of the points
  };
  std::optional<Known> seen{};  // grows with the queries
  struct Deciding {
    Index model = 0;
    std::optional<Surrogate> predicting{};  // of what is known
    std::optional<query::Measure> measure{};
  };
  std::optional<Deciding> deciding{};  // until something else happens than points passing

  void check(const Fitted& fitted) const;
  void check(const Asked& asked) const;
  void check(const Answered& answered) const;
  void check(const Leased& leased) const;
  void check(const Told& told) const;
  void check(const Corrected& corrected) const;
  void check(const Reviewed& reviewed) const;
  void check(const Edited&) const {}
  void check(const Marked& marked) const;
  void check(const Promoted& promoted) const;
  void check(const Passed& passed) const;
  void check_known(Index id) const;
  void check_open(Index id) const;
  void check_answer(Index id, const Answer& answer) const;
  void check_point(Index id, VectorView x) const;
  void fold(const Fitted& fitted);
  void fold(const Asked& asked);
  void fold(const Answered& answered);
  void fold(const Leased& leased);
  void fold(const Told& told);
  void fold(const Corrected& corrected);
  void fold(const Reviewed& reviewed);
  void fold(const Edited& edited);
  void fold(const Marked& marked);
  void fold(const Promoted& promoted);
  void fold(const Passed& passed);
  Role role(Index id) const;
  bool teaches(Index id) const;  // a run to learn from, were it answered Ok
  bool is_held_out(Index id) const;
  void forget_fits();
  void count_in(Index id, const Answer& answer);
  void count_out(Index id);

  const Dataset& dataset();
  Points asked_points() const;            // (q, d) open, failed, or edited away
  Points all_points() const;              // (a, d) all ever asked, or edited away
  const query::KnownPoints& all_known();  // the same
  Points taken_points();  // (t, d) never to be asked again: the data, and what teaches nothing
  Points with_edited_away(Points x) const;
  Index design_target() const;  // before earlier runs are counted
  Index initial() const;
  bool has_surrogate() const;

  const Points& design(std::uint64_t round, Index size);
  Points design_rows_left();
  const std::vector<Index>& design_left(Index size);  // of the initial one, of that size
  Asked from_design(Index k);
  Asked gold_due() const;              // none: it is not
  bool is_validation(Index id) const;  // if it is asked next
  bool is_random(Index id) const;      // likewise, and not held out
  bool is_drawn(Index id) const { return is_validation(id) || is_random(id); }
  Asked with_drawn(Index k);
  Query drawn_query(Index id, const Points& taken) const;  // without x where there is none
  Index stepped() const;
  const Step& step() const;  // whose turn it is
  Index left_in_step() const;
  bool from_pool() const;   // whether only candidates may be asked now
  Pool candidates() const;  // of the pool, and those that joined it
  const Deciding& decider();
  void see_decider_off(const Event& event);  // where that changes what decides on arrivals
  Points snapped(const Points& x, const Points& taken) const;
  Vector spread() const;
  double surprise(Index window) const;
  bool is_surprised() const;  // and does something about it
  std::vector<ErrorAt> error_curve(const std::optional<Index>& output) const;
  std::optional<Criterion> instead() const;  // of one that learns nothing; none: it does
  bool is_learnt(Index output) const;
  bool is_class(Index output) const;         // which of several, no quantity
  Criterion of_learnt(Criterion its) const;  // the same, blind for what is not to be learnt
  Surrogate asking();  // of all data, that knows where runs fail; no search where one is fitted
  void foretell(const Vector& x, Vector& mean, Vector& deviation);  // left where it breaks down
  Batch made_now(const Surrogate& surrogate, const Criterion& by, Index k);
  Asked learning(Index k);  // what the design or the surrogate asks for
  Points endless_design(Index k);
  Points uniform_draws(Index k);
  Asked asked_at(const Points& x, const std::string& why) const;

  bool refit_is_due();
  bool is_fitted() const;    // the newest model, to all data
  const Surrogate& refit();  // parameters searched anew, from those that made the last queries
  const Surrogate& conditioned(const Fitted& model);  // its parameters, all data
  Fitted version_of(const Surrogate& surrogate) const;
  const Surrogate& believed(Asked& asked);
  bool is_of_the_point(const Answer& answer) const;  // tells whether runs succeed there
  Surrogate with_success(const Surrogate& surrogate);
  Surrogate with_costs(Surrogate surrogate);
  Surrogate with_gaps_supposed(Surrogate surrogate);
  const Classifier& arrival_of(Index output, const std::vector<Index>& gaps);
  Asked from_surrogate(Index k);
  Asked filled(Index k, const std::string& why);
};

}  // namespace sonde
