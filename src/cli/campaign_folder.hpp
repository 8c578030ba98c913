#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "run/durable.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/journal.hpp"
#include "sonde/run/study.hpp"

namespace sonde::cli {

/// What the user named: a study file or a campaign's directory, and -C.
struct Target {
  std::string named{};
  std::string directory{};
};

/// The positional argument and -C.
std::vector<Argument> target_arguments(Target& target);

/// Where a campaign lives, or would.
struct CampaignFolder {
  std::filesystem::path directory;
  std::filesystem::path study;  ///< the author's; the recorded copy where it is gone
  std::string name;             ///< the study file's stem

  std::filesystem::path recorded_study() const { return directory / "study.toml"; }
  std::filesystem::path design() const { return directory / "design.csv"; }
  std::filesystem::path journal() const { return directory / "journal.sonde"; }
  std::filesystem::path runs() const { return directory / "runs"; }
  std::filesystem::path cheap_runs() const { return directory / "cheap"; }
  std::filesystem::path hdf5() const { return directory / (name + ".h5"); }
  std::filesystem::path report() const { return directory / "report.html"; }
  std::filesystem::path compare() const { return directory / "compare"; }
  std::filesystem::path held_out() const { return compare() / "test.csv"; }
  std::filesystem::path stop_file() const { return directory / "stop"; }
  /// What servers of the campaign want to be shown: see token_in().
  std::filesystem::path token() const { return directory / "token"; }
  /// For a collector of Prometheus that reads files.
  std::filesystem::path metrics() const { return directory / "metrics.prom"; }
  std::filesystem::path inbox() const { return directory / "inbox"; }
  std::filesystem::path outbox() const { return directory / "outbox"; }
  /// What in the inbox is no file to be taken in, and was said to be so.
  std::filesystem::path passed_over() const { return directory / ".passed_over"; }
  /// Locked while somebody who holds the journal looks into the inbox.
  std::filesystem::path desk_lock() const { return inbox() / ".desk"; }
  std::filesystem::path comparison_lock() const { return compare() / "lock"; }
  std::filesystem::path comparison_stop_file() const { return compare() / "stop"; }
  /// As the user would name it: relative where that is shorter.
  std::string shown() const;
  bool begun() const;
  bool being_written() const;   ///< another process holds the journal now
  bool being_compared() const;  ///< another process runs its comparison now
};

/// \throws StudyError where there is neither a study nor a campaign.
CampaignFolder locate(const Target& target);

/// A campaign with all that its journal says applied.
struct OpenCampaign {
  CampaignFolder folder;
  Study study;
  Journal journal;
  Campaign campaign;
  std::function<void(const Event&)> watch{};  ///< told of what record() has recorded
};

/// Held while a comparison runs; a request to stop an earlier one is dropped.
/// \throws StoreError where another process runs one.
FileDescriptor lock_comparison(const CampaignFolder& folder);

/// Text of the study that the campaign follows now: the one it began with, or its last change.
std::string followed_study(const Journal& journal);

/// How often its study was changed since it began.
int study_changes(const Journal& journal);

/// Begins the campaign, or opens it to go on; a change of the study is recorded, and
/// a torn tail of the journal that was cut off is told on standard error.
/// \throws StudyError where the study on the disk has changed in what the campaign cannot follow;
/// StoreError where another process writes it.
OpenCampaign open_campaign(const CampaignFolder& folder, int threads);

/// As it stands, also while another process writes it. \throws UsageError where it has not begun.
OpenCampaign read_campaign(const CampaignFolder& folder, int threads);

/// What has happened: checked, on the disk, then in the campaign. \throws as these do
/// \param request that brought it about; empty: none
void record(OpenCampaign& open, const Event& event, const std::string& request);
/// Several that are ready at once, none of which another needs.
void record(OpenCampaign& open, std::span<const Event> events, const std::string& request);

/// A folder that survives a power cut, with those above it. \throws StoreError
void make_directories(const std::filesystem::path& directory);

/// Of a study that the campaign follows, or followed; the points of a design file as they were.
CampaignOptions options_of(const CampaignFolder& folder, const Study& study, int threads);

/// Of the study's domain and outputs, by its own criterion.
Campaign new_campaign(const Study& study, CampaignOptions options, std::uint64_t seed);
void replay(Campaign& campaign, const std::vector<Event>& events);

/// Cores of this machine that may be used.
int cores();

}  // namespace sonde::cli
