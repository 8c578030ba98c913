#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/campaign_folder.hpp"
#include "cli/points_file.hpp"
#include "report/report.hpp"

namespace sonde::cli {

/// Errors of one campaign on the test set, after so many runs.
struct ErrorCurve {
  std::vector<Index> runs;
  Matrix nrmse;  ///< (runs, m); NaN where there was no surrogate
};

/// One row of the comparison: a way to choose runs, a kind of surrogate, a curve a seed.
struct Compared {
  std::string name;
  std::string model;  ///< "campaign" or "standard"
  bool own = false;   ///< the study's own way
  std::vector<ErrorCurve> repeats;
};

struct ComparisonTable {
  std::vector<std::string> outputs;
  std::vector<bool> learnt;  ///< which of them count
  Index budget = 0;
  Index test_runs = 0;
  std::string judged = "held-out runs";  ///< what these are
  std::vector<Compared> rows;
};

/// Which runs a campaign's errors are computed after: every `step` from `first` on, and `last`.
std::vector<Index> checkpoints(Index first, Index last);

/// Surrogates fitted anew to what had been answered of the first n queries, against the test set.
ErrorCurve error_curve(const Campaign& campaign, const std::vector<Index>& runs,
                       const PointsFile& test, const ModelOptions& model, std::uint64_t seed,
                       int threads);

/// The largest error over the outputs that count. (runs)
Vector worst(const ErrorCurve& curve, const std::vector<bool>& learnt);
/// Runs after which the error first fell to `target`, between checkpoints along the logarithm of
/// the error; nothing where it never did.
std::optional<Index> runs_to(const std::vector<Index>& runs, const Vector& error, double target);

/// The JSON document that `compare --json` prints.
std::string comparison_document(const ComparisonTable& table);
/// The table that `compare` prints, from its document.
std::string comparison_text(const std::string& json);

/// What compare.json of the campaign says, for its report; nothing where there is none.
std::optional<report::Comparison> recorded_comparison(const CampaignFolder& folder);

}  // namespace sonde::cli
