#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sonde/oracle/process.hpp"
#include "sonde/oracle/umbridge.hpp"
#include "sonde/run/batch_size.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/cost.hpp"
#include "sonde/run/people.hpp"
#include "sonde/run/run.hpp"
#include "sonde/run/screen.hpp"
#include "sonde/run/stop_plan.hpp"
#include "sonde/space/domain.hpp"

namespace sonde {

/// Where points arrive, and what becomes of those that are passed over.
struct StreamSource {
  std::string from{};                ///< "-": standard input; else a file beside the study
  bool follow = false;               ///< wait for more at its end
  bool keep = true;                  ///< record the points that are passed over
  std::optional<double> deadline{};  ///< s; what waited longer is passed over
};

/// Of a simulator that is asked before the expensive one: see screened().
struct CheapSimulator {
  SimulatorSpec simulator{};
  double agree = 3.0;                  ///< Screen::agree
  std::optional<Expression> unsure{};  ///< over inputs, then outputs
  Index patience = 0;                  ///< see after_agreed(); 0: 5 (d + 2)
};

/// A study file, understood: every key is a field here, every default the field's.
struct Study {
  std::filesystem::path file;
  std::string text;
  std::string title{};

  std::vector<Parameter> parameters{};
  std::vector<std::pair<std::string, double>> constants{};
  std::vector<std::pair<std::string, Expression>> derived{};
  std::vector<Constraint>
      constraints{};  ///< one a named inequality; of a chain, several of that name
  std::vector<std::pair<std::string, std::string>> formulas{};  ///< constraints as written, by name

  std::vector<ProcessOutput> outputs{};
  /// (m) "learn", "observe", "contour", "minimize", "maximize"; of classes "classify", "observe"
  std::vector<std::string> goals{};
  Vector levels{};      ///< (m) of the contours; NaN: none
  Vector tolerances{};  ///< (m) in the output's unit; NaN: none

  enum class Kind { Command, Manual, Umbridge };
  Kind kind = Kind::Command;
  SimulatorSpec simulator{};
  std::optional<CheapSimulator> cheap{};
  std::optional<SlurmSpec> slurm{};  ///< where = "slurm"; nothing: on this machine
  UmbridgeSpec umbridge{};
  int parallel = 1;            ///< simulations at a time, over all servers
  PeopleRule people{};         ///< of a manual one
  bool review_before = false;  ///< each query is held until somebody has looked at it
  /// Conditions on the inputs: what ask --tag goes by.
  std::vector<std::pair<std::string, Expression>> tags{};
  /// Of the queries, drawn at random and held out from every fit; 0: none.
  double validation_share = 0.0;
  /// Conditions on the inputs: where no model may be worse than the one before it.
  std::vector<std::pair<std::string, Expression>> segments{};
  double pause_seconds = 1.0;  ///< RunOptions::pause_seconds

  Index initial = 0;  ///< 0: d + 2
  std::string design = "maximin";
  std::filesystem::path design_file{};

  std::filesystem::path pool_file{};  ///< of candidates; empty: none
  PoolOptions selection{};
  std::optional<StreamOptions> stream{};
  StreamSource stream_source{};
  std::vector<Step> steps{};  ///< none: CampaignOptions has the default
  double random_share = 0.0;

  std::string query = "auto";  ///< as it is called: one criterion, or several
  /// Several, by name and weight; none: `query` alone.
  std::vector<std::pair<std::string, double>> queries{};
  bool queries_in_turn = true;  ///< else by the weighted sum of their ranks
  bool worth_per_second = false;
  /// How much the segments count, by their names; where several hold, the product.
  std::vector<std::pair<std::string, double>> weights{};
  double margin = 0.0;  ///< of each range, that synthesis keeps off bounds
  BatchRule batch{};
  Pace pace = Pace::Streaming;
  std::uint64_t seed = 1;
  Index gold_every = 0;

  Cost cost{};
  StopPlan stop{};

  std::vector<std::string> tags_of(VectorView x) const;  ///< those that hold at x (d)
  Domain domain() const { return Domain(parameters, constraints); }
  std::vector<Output> output_names() const;
  TemplateValues template_values() const { return {constants, derived, seed}; }
  /// By `query` and goals: where outputs have different ones each has its turn.
  Criterion criterion() const;
  /// Names that `query` may have: those that have something to look for in its outputs.
  std::vector<std::string> criteria() const;
  /// The same, asked by one of these. \throws ArgumentError
  Study asked_by(const std::string& criterion) const;
  Screen screen() const;                          ///< \pre cheap
  std::optional<ScalarField> importance() const;  ///< by `weights`; none: all places count the same
  CampaignOptions campaign_options() const;       ///< reads design_file where one is named
  std::optional<Pool> pool() const;  ///< of pool_file, which is read when it is first visited
  StopRule stop_rule(
      double seconds_before = 0.0) const;  ///< \param seconds_before of earlier sessions
  Index max_queries() const;  ///< for RunOptions: what stop_rule() allows at most; 0: no limit
};

/// \throws StudyError: `file:line:column: key: expected, got`, unknown keys with the nearest known
/// one, templates and designs that cannot be read.
Study read_study(const std::filesystem::path& file);
/// The same from a text; `file` names it in messages, and its directory is where templates are. The
/// files that the study names are not looked at.
Study parse_study(const std::string& text, const std::filesystem::path& file);

}  // namespace sonde
