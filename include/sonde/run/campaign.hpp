#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sonde/gp/surrogate.hpp"
#include "sonde/oracle/crew.hpp"
#include "sonde/oracle/oracle.hpp"
#include "sonde/query/acquisition.hpp"
#include "sonde/query/pool.hpp"
#include "sonde/query/stream.hpp"
#include "sonde/query/synthesize.hpp"
#include "sonde/run/people.hpp"
#include "sonde/run/roles.hpp"
#include "sonde/space/domain.hpp"
#include "sonde/space/query.hpp"

namespace sonde {

/// Who makes queries once the initial design is asked.
enum class Maker {
  Synthesis,  ///< anywhere in the domain: see synthesize()
  Pool,       ///< the most worthy candidates: see select_from()
  Snapped,    ///< the candidates nearest to what synthesis makes: see snapped_to()
  Stream      ///< those of the points that arrive which decide() asks: propose() has none
};

struct Step {
  Maker maker = Maker::Synthesis;
  Index queries = 0;  ///< then the next step's turn has come; 0: there is no next one
};

struct CampaignOptions {
  Index initial = 0;               ///< size of the initial design; 0: d + 2
  std::string design = "maximin";  ///< one of design::names()
  Points design_points{};  ///< (k, d) instead of `design`, natural units; no rows: none given
  /// Every query from the design, none from the surrogate: what a comparison runs as its baseline.
  bool design_only = false;
  /// Outputs that the criterion and the estimated error look at; none: all. The others are recorded
  /// and modelled, but steer nothing.
  std::vector<Index> learnt{};
  /// Each query is held until somebody has approved it, edited it, or rejected it.
  bool review = false;
  /// Whether failures that are the point's teach where runs fail: see Classifier. The criterion
  /// then looks for what is worth asking where runs succeed.
  bool learn_failures = true;
  /// After so many further queries the first that was answered is asked again, to see whether the
  /// simulator has changed: `why` is "gold", and no surrogate learns from it. 0: never.
  Index gold_every = 0;
  /// So many of the queries are drawn at random over the input distribution, whatever the
  /// criterion says: `why` is "validation", and no surrogate learns from them. In [0, 0.9].
  double validation_share = 0.0;
  /// So many are drawn at random, whatever the criterion says, to learn from: `why` is "random". In
  /// [0, 0.9].
  double random_share = 0.0;
  /// Where the last answers were far from what was foretold of them, parameters are searched anew
  /// before each query, and a quarter of the queries is drawn at random (`why` is "random"), until
  /// they no longer are. Where a single criterion learns nothing (see findings()), queries are made
  /// by another, and `why` is "not learning: " and its name: by criteria::automatic(), or by
  /// criteria::core_set() in place of what that stands for. \see Watch::surprise
  bool countermeasures = true;
  /// Candidates that may be asked. Where the first step is not Synthesis, the initial design is
  /// made of those nearest to it; as long as a step is not, what is held out and what is random as
  /// well.
  std::optional<Pool> pool{};
  PoolOptions selection{};
  /// Points arrive, and are decided upon: see Campaign::decide().
  std::optional<StreamOptions> stream{};
  /// One after the other; none: one without an end, by Stream or Pool where there is one. What was
  /// passed over in a stream, and kept, are candidates beside those of the pool.
  std::vector<Step> steps{};
  /// A point's worth is what the criterion says for the time that its run is expected to take,
  /// which is learnt from the runs; of one that was killed it took that long at least.
  bool worth_per_second = false;
  /// How much places count, > 0; none: all the same.
  std::optional<ScalarField> importance{};
  double refit_growth = 0.1;  ///< search parameters anew when the data has grown by this part
  ModelOptions model{};
  SynthesisOptions synthesis{};
  int threads = 1;
};

/// Parameters were searched: a version of the surrogate, which queries refer to by its number.
struct Fitted {
  Index model = 0;         ///< dense, from 1
  Index rows = 0;          ///< of data they were searched in: all that there was then
  Matrix parameters{};     ///< Surrogate::parameters()
  Vector evidence{};       ///< (m) log evidence of the member that weighs most
  Vector leave_one_out{};  ///< (m) estimated_error() of each output
};

/// An estimated error after so many runs.
struct ErrorAt {
  Index runs = 0;      ///< that it was learnt from
  double error = 0.0;  ///< over the spread, the largest over the outputs
};

/// Queries were made.
struct Asked {
  std::vector<Query> queries;
  Index model = 0;  ///< that made them; 0: none, as of a design
  /// That model, where its parameters were searched for these queries: folded before them. In a
  /// journal it is an event of its own.
  std::optional<Fitted> fitted{};
  std::string batch{};  ///< why as many as there are, where a rule said it; empty: none did
};

/// Points that arrived were decided upon, one after the other. Those that were asked are queries by
/// now: see Asked.
struct Passed {
  Index first = 0;               ///< number of the first of them, dense from 0
  Points x{};                    ///< (k, d) natural units; no rows: they were not kept
  Vector worth{};                ///< (k) NaN: not scored
  std::vector<Index> asked{};    ///< which of them, ascending in [0, k)
  std::vector<Index> queries{};  ///< their ids
  double budget = 1.0;           ///< part of all that could be asked in the long run
  double share = 1.0;            ///< of that, as long as queries waited for a worker
  Index model = 0;               ///< by which they were scored; 0: none
};

/// The study was changed: whoever reads the events makes the campaign of the last study, and goes
/// on by it.
struct Edited {
  std::string study;  ///< text of the study file from then on
  /// Bounds or outputs are others: earlier models are of another domain, and parameters are
  /// searched from the beginning.
  bool anew = false;
};

/// All that ever happens to a campaign. A transient failure leaves its query open, until the fourth
/// at the same query, which writes it off; of several without an answer to any other between them
/// only one counts, unless there are twelve, and some query was answered well. Queries whose `why`
/// is "imported" are earlier runs: they may lie outside of the domain, and are no part of a budget.
using Event = std::variant<Fitted, Asked, Answered, Leased, Told, Corrected, Reviewed, Edited,
                           Marked, Promoted, Passed>;

/// What becomes of points that have arrived.
struct Decided {
  Asked asked{};  ///< to be recorded before the other, where it has queries
  Passed passed{};
  std::vector<Decision> decisions{};  ///< (k)
  Matrix mean{};       ///< (k, m) predicted, in the outputs' units; no rows: there is no surrogate
  Matrix deviation{};  ///< (k, m) likewise, standard deviation
  std::optional<Surrogate> by{};  ///< what predicts them; none: there is none
};

/// A candidate that somebody may pick.
struct Choice {
  Index row = 0;          ///< of the pool
  Vector x{};             ///< (d)
  double distance = 0.0;  ///< from what would be asked next, in the unit cube
  Vector mean{};          ///< (m) predicted; empty: there is no surrogate
  Vector deviation{};     ///< (m) likewise, standard deviation
};

/// The pure state of a campaign: no files, no threads, no simulator, no clock. For one thread at a
/// time, also to look at: what is looked at may be computed then.
///
/// It changes by apply() alone, so it is a function of the seed and the events: equal ones give
/// equal proposals, bit for bit. To resume is to apply the recorded events to a new campaign. The
/// order of answers between two proposals does not matter: data() is in the order of ids. Of a
/// corrected answer the last one counts; parameters are searched anew after it.
class Campaign {
 public:
  Campaign(Domain domain, std::vector<Output> outputs, Criterion criterion, CampaignOptions options,
           std::uint64_t seed);
  ~Campaign();
  Campaign(Campaign&&) noexcept;
  Campaign& operator=(Campaign&&) noexcept;

  /// The next k queries (first what is left of the initial design, at most k of it), supposing all
  /// that are open or failed. Where the surrogate or the criterion breaks down, space-filling ones,
  /// and `why` says so. Fewer than k, or none, where the domain is exhausted.
  Asked propose(Index k);

  /// \throws ArgumentError where ids are not the next ones, or not open, a point or an answer has
  /// the wrong size, or is not finite (a NaN among the y of an Ok answer: that output was not
  /// observed). Leaves the state as it was.
  void apply(const Event& event);
  /// Throws what apply() would, changes nothing: before an event is recorded.
  void check(const Event& event) const;

  /// The most worthy of a pool, as it would choose now, whatever the steps say, and what it would
  /// choose of these: nothing changes. \param by its own criterion where there is none
  /// \throws NumericalError, ArgumentError where there is no surrogate.
  Shortlist shortlist(const Pool& pool, const PoolOptions& options,
                      const std::optional<Criterion>& by = {});
  Batch select(const Pool& pool, const Shortlist& first, Index k, const PoolOptions& options,
               const std::optional<Criterion>& by = {});

  /// The candidates most like what would be asked next, the nearest first, none of which was asked:
  /// a short list for a person; nothing changes. \throws ArgumentError where there are no
  /// candidates
  std::vector<Choice> choices(Index k);
  /// A query of one of the candidates, that somebody picked (`why` is "picked").
  /// \throws ArgumentError where there is no such row, it is not admissible, or was asked.
  Asked picked(Index row);

  /// Whether it is the turn of points that arrive: the design is asked, and so is what steps before
  /// have to.
  bool is_streaming() const;
  /// A search for parameters that is due before the next points are decided upon, to be recorded as
  /// the model it is; nothing where none is due, or it breaks down.
  std::optional<Fitted> due_for_stream();
  /// On points that have arrived, one after the other, all by the same surrogate, which supposes
  /// what is open; nothing changes. Those after the last that may be asked are not decided upon.
  /// \param x (k, d) natural units, finite; inadmissible ones are passed over
  /// \param share of the budget that may be spent now, in [0, 1] \param most that are asked
  /// \param kept whether the points are to be recorded
  Decided decide(PointsView x, double share, Index most, bool kept);
  Index arrived() const noexcept;           ///< points that were decided upon so far
  const StreamGate* gate() const noexcept;  ///< what decides on the next; none: there is no stream

  const Domain& domain() const noexcept;
  const std::vector<Output>& outputs() const noexcept;
  const std::string& criterion() const noexcept;
  const Dataset& data() const noexcept;                 ///< answered Ok, in the order of ids
  const std::vector<Index>& data_ids() const noexcept;  ///< the query of each row of data()
  const std::vector<Query>& queries() const noexcept;   ///< all ever asked, by id
  const std::optional<Answer>& answer(Index id) const;  ///< nothing while open
  const Vector& point(Index id) const;  ///< (d) where it was simulated, else where it is asked
  std::vector<Query> open() const;      ///< asked, not answered
  std::vector<Query> failed() const;    ///< answered, but not Ok, nor rejected, nor agreed on
  Index asked() const noexcept;
  Index imported()
      const noexcept;  ///< of these, earlier runs that were brought in: no part of a budget
  /// Asked, but neither imported, nor rejected, nor agreed on, nor written off for failures that
  /// were not the point's.
  Index spent() const noexcept;
  Index answered() const noexcept;
  Index rejected() const noexcept;  ///< by a review: no part of a budget either
  Index agreed() const noexcept;    ///< answered by a cheap simulator as was foretold: likewise
  bool held(Index id) const;        ///< waits for its review
  Role role(Index id) const;        ///< as it was marked last, else as it was asked
  Dataset validation() const;       ///< answered Ok, held out from every fit, in the order of ids
  std::vector<Index> validation_ids() const;  ///< the query of each of its rows
  Index promoted() const noexcept;            ///< number of the model that answers; 0: the newest
  const Handling& handling(Index id) const;
  /// (m) standard deviation of what was answered; where that is unknown or 0, the size of the
  /// values, or 1; 1 of classes.
  Vector spread() const;
  Index initial() const noexcept;  ///< size of the initial design
  /// How many of the next queries come from the design, and so depend on no answer; with
  /// design_only there is no end to them.
  Index design_left() const;
  Index models() const noexcept;  ///< fitted so far
  bool is_fitted() const;         ///< the newest of them, to all data there is
  /// Fits surrogate() as the next model, that made no queries; already so: nothing.
  /// \throws NumericalError, ArgumentError where there is none.
  std::optional<Fitted> fit();
  bool has_surrogate() const noexcept;  ///< data for one: two observations of each output
  /// Given all data so far, parameters refitted to all of it. Cached until the data changes.
  /// \throws NumericalError, ArgumentError where there is none.
  const Surrogate& surrogate();
  /// Mean over the last `window` queries that a surrogate asked for, and that were answered, of
  /// ((y - predicted) / predicted deviation)^2, outputs that are learnt: about 1 where what was
  /// foretold was right. NaN of fewer.
  double surprise(Index window) const;
  bool countermeasures() const noexcept;  ///< whether it takes any
  std::vector<Index> learnt() const;  ///< outputs that the criterion and estimated errors look at
  /// Estimated errors of the models that were fitted, in the order of their data: what a forecast
  /// is made from. Those before the domain was last changed are left out.
  /// \param output of one alone; none: the largest over those that are learnt
  std::vector<ErrorAt> error_curve(const std::optional<Index>& output = {}) const;
  /// Estimated error / spread, the largest over the outputs, by leave-one-out; NaN without a
  /// surrogate.
  double estimated_error();
  /// The same with the first `rows` of data alone, and the parameters of now: what the later rows
  /// brought. \pre 0 <= rows <= data().size()
  double estimated_error_at(Index rows);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde
