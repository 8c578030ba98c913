#include "cli/hdf5_file.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/points_file.hpp"
#include "run/history.hpp"
#include "sonde/base/error.hpp"
#include "sonde/run/export_hdf5.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double live_share = 0.015;  // of the time: 2 % where each takes longer than foreseen
constexpr double live_pause = 1.0;    // s, shorter than anybody looks away
constexpr double live_plenty = 10.0;

// Nothing where there was no comparison, or where what it was judged by is unreadable.
Dataset held_out_runs(const OpenCampaign& open) {
  if (!fs::exists(open.folder.held_out())) return {};
  try {
    PointsFile points = read_points(open.folder.held_out(), open.study);
    return {std::move(points.x), std::move(points.y)};
  } catch (const Error&) {
    return {};
  }
}

std::vector<MetricsRow> learnt_so_far(const OpenCampaign& open, const std::vector<Event>& events,
                                      const Dataset& holdout) {
  const Campaign& campaign = open.campaign;
  return learning_curve(campaign.domain(), campaign.outputs(), ModelOptions{}, events,
                        /*rows=*/campaign.data().size() <= 1000 ? 40 : 8, holdout);
}

// Of all runs, by the parameters that were found last; nothing where none were.
std::optional<Surrogate> newest_of(const Campaign& campaign,
                                   const std::vector<ModelVersion>& versions) {
  if (versions.empty() || !campaign.has_surrogate()) return std::nullopt;
  try {
    return Surrogate::at(campaign.domain(), campaign.outputs(), campaign.data(), ModelOptions{},
                         versions.back().fitted.parameters);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// s, roughly, at the most: models of many kinds of process, and factors of n x n.
double guess(const Campaign& campaign) {
  constexpr double runs = 0.02, each_output = 0.06, many = 200.0;
  const auto& queries = campaign.queries();
  const bool modelled = std::any_of(queries.begin(), queries.end(),
                                    [](const Query& query) { return query.mean.size() > 0; });
  if (!modelled) return runs;
  const double n = static_cast<double>(campaign.data().size()) / many;
  return runs + each_output * static_cast<double>(campaign.outputs().size()) * (1.0 + n * n);
}

}  // namespace

std::vector<MetricsRow> metrics_of(OpenCampaign& open, const std::vector<Event>& events) {
  Campaign& campaign = open.campaign;
  const Dataset holdout = held_out_runs(open);
  std::vector<MetricsRow> rows = learnt_so_far(open, events, holdout);
  const Index now = campaign.data().size();
  if (!campaign.has_surrogate() || (!rows.empty() && rows.back().runs == now)) return rows;
  try {
    rows.push_back(metrics(campaign.surrogate(), now, holdout));
  } catch (const Error&) {
    return rows;  // there is no surrogate of the data as they are
  }
  return rows;
}

void write_hdf5(OpenCampaign& open, const Journal& journal, const fs::path& file) {
  export_hdf5(file, journal.preamble(), open.campaign, metrics_of(open, journal.events()),
              {.journal_sha256 = journal.sha256(), .events = journal.events()});
}

LiveFile::LiveFile(OpenCampaign& open, Say say)
    : open_(open), say_(std::move(say)), allowance_(live_share, live_pause) {}

double LiveFile::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begun_).count();
}

void LiveFile::look() {
  const double begun = seconds();
  if (!allowance_.due(begun, with_model_ ? 0.0 : guess(open_.campaign))) return;
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(open_.folder.journal(), problem);
  if (problem || size == seen_) return;
  // Of each model that was replaced itself, and a point of the curve.
  const double all = each_ * static_cast<double>(1 + 2 * replaced_);
  whole_ = whole_ || (with_model_ && allowance_.left(begun) >= live_plenty * all);
  try {
    write();
    said_.clear();
  } catch (const Error& failure) {
    if (said_ != failure.what()) say_(failure.what());
    said_ = failure.what();
  }
  seen_ = size;
  const double ended = seconds();
  if (!whole_) each_ = ended - begun;
  allowance_.took(ended, ended - begun);
}

void LiveFile::write() {
  const Journal journal = Journal::read(open_.folder.journal());
  const Campaign& campaign = open_.campaign;
  const auto outputs = static_cast<Index>(campaign.outputs().size());
  const std::vector<ModelVersion> versions =
      model_versions(journal.events(), campaign.domain().dim(), outputs);
  replaced_ = versions.size();
  const std::optional<Surrogate> newest = newest_of(campaign, versions);
  with_model_ = newest.has_value();
  const Dataset holdout = held_out_runs(open_);
  if (whole_ && !curve_is_whole_) {
    curve_ = learnt_so_far(open_, journal.events(), holdout);
    curve_is_whole_ = true;
  }
  const Index runs = campaign.data().size();
  if (newest && (curve_.empty() || curve_.back().runs < runs))
    curve_.push_back(metrics(*newest, runs, holdout));
  export_hdf5(open_.folder.hdf5(), journal.preamble(), open_.campaign, curve_,
              {.journal_sha256 = journal.sha256(),
               .events = journal.events(),
               .newest = newest,
               .search = false,
               .replaced = whole_});
}

}  // namespace sonde::cli
