#include "cli/campaign_folder.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/study_change.hpp"
#include "run/durable.hpp"
#include "run/history.hpp"
#include "sonde/query/criteria.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

// What an earlier process was asked. Later ones are asked this one, which holds the lock.
void drop_request(const fs::path& stop_file) {
  std::error_code absent;
  fs::remove(stop_file, absent);
}

// The note that says where the study lies: its templates are beside it.
constexpr std::string_view study_note = "study: ";

fs::path default_directory(const fs::path& study) {
  return study.parent_path() / study.stem();
}

// Where the study of a campaign's directory lies: as noted, else beside the directory.
fs::path study_of(const fs::path& directory) {
  const std::vector<std::string> notes = Journal::read(directory / "journal.sonde").notes();
  const auto noted = std::find_if(notes.rbegin(), notes.rend(), [](const std::string& note) {
    return note.starts_with(study_note);
  });
  if (noted != notes.rend()) {
    const fs::path study = noted->substr(study_note.size());
    // The folder may have been moved or copied as a whole.
    fs::path here = fs::absolute(directory).lexically_normal();
    if (!here.has_filename()) here = here.parent_path();
    const fs::path beside = here.parent_path() / study.filename();
    const bool called_alike = here.filename() == study.stem();
    if (fs::exists(beside) && (called_alike || !fs::exists(study))) return beside;
    return study;
  }
  fs::path beside = fs::absolute(directory).lexically_normal();
  if (!beside.has_filename()) beside = beside.parent_path();
  return beside += ".toml";
}

// Runs of which nothing is recorded: their journal is lost, and to begin anew would hide that.
void refuse_orphans(const CampaignFolder& folder) {
  std::error_code absent;
  require<StoreError>(fs::is_empty(folder.runs(), absent) || absent, folder.journal().string(),
                      ": nothing is recorded, but there are results in ", folder.runs().string(),
                      ". Restore the journal, or begin another campaign with -C DIRECTORY");
}

CampaignFolder of_directory(const fs::path& directory) {
  CampaignFolder folder{directory, {}, {}};
  if (!folder.begun()) refuse_orphans(folder);
  require<UsageError>(folder.begun(), directory.string(),
                      ": no campaign has begun here: there is no journal.sonde. Begin one: sonde "
                      "run study.toml -C ",
                      directory.string());
  folder.study = study_of(directory);
  folder.name = folder.study.stem().string();
  return folder;
}

std::string advice(const CampaignFolder& folder) {
  return ". Put it back, or begin another campaign: sonde run " + folder.study.string() +
         " -C DIRECTORY";
}

bool is_edit(const Event& event) {
  return std::holds_alternative<Edited>(event);
}

bool some_went_well(const Journal& journal) {
  return std::any_of(journal.events().begin(), journal.events().end(), [](const Event& event) {
    const auto* answered = std::get_if<Answered>(&event);
    return answered && answered->answer.status == Answer::Status::Ok;
  });
}

// The study as it is on the disk, where it is there and the campaign can follow it.
Study study_to_read(const CampaignFolder& folder, const Journal& journal) {
  const std::string followed = followed_study(journal);
  if (!fs::exists(folder.study)) return parse_study(followed, folder.study);
  try {
    const std::string text = read_file(folder.study);
    if (!study_change(followed, text, folder.study.string(), some_went_well(journal)).forbidden)
      return parse_study(text, folder.study);
  } catch (const StudyError&) {
    return parse_study(followed, folder.study);
  }
  return parse_study(followed, folder.study);
}

struct Followed {
  Study study;
  std::optional<Edited> change{};  ///< since the campaign was written last
};

// The same to go on with, where the campaign must be able to follow it.
Followed study_to_follow(const CampaignFolder& folder, const Journal& journal) {
  const std::string followed = followed_study(journal);
  if (!fs::exists(folder.study)) return {parse_study(followed, folder.study)};
  const std::string text = read_file(folder.study);
  const StudyChange change =
      study_change(followed, text, folder.study.string(), some_went_well(journal));
  require<StudyError>(!change.forbidden, change.forbidden.value_or(""), advice(folder));
  return {parse_study(text, folder.study),
          change.any ? std::optional(Edited{text, change.anew}) : std::nullopt};
}

OpenCampaign opened(const CampaignFolder& folder, Study study, Journal journal, int threads) {
  CampaignOptions options = options_of(folder, study, threads);
  Campaign campaign = new_campaign(study, std::move(options), journal.preamble().seed);
  try {
    replay(campaign, journal.events());
  } catch (const ArgumentError& failure) {
    throw StoreError(folder.journal().string() +
                     ": its events do not follow each other: " + failure.what());
  }
  return {folder, std::move(study), std::move(journal), std::move(campaign)};
}

void say_torn(const CampaignFolder& folder, const Journal& journal) {
  if (journal.torn_bytes() == 0) return;
  std::fprintf(stderr,
               "sonde: %s ended with %td bytes that were never whole; they were cut off, nothing "
               "recorded is lost\n",
               folder.journal().string().c_str(), journal.torn_bytes());
}

// Held while a campaign begins, of which there is no journal yet to be locked.
FileDescriptor lock_to_begin(const fs::path& directory) {
  FileDescriptor lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) throw_errno(directory, "cannot be opened");
  if (lock_to_write(lock, directory)) return lock;
  throw JournalLocked(directory.string() + ": another process begins the campaign here");
}

OpenCampaign begun_anew(const CampaignFolder& folder, int threads) {
  refuse_orphans(folder);
  Study study = read_study(folder.study);
  CampaignOptions options = study.campaign_options();
  options.threads = threads;
  Campaign campaign = new_campaign(study, std::move(options), study.seed);
  make_directories(folder.directory.lexically_normal());
  const FileDescriptor beginning = lock_to_begin(folder.directory);
  if (folder.begun()) return open_campaign(folder, threads);  // another was quicker
  write_file(folder.recorded_study(), study.text);
  if (!study.design_file.empty())
    write_file(folder.design(), read_file(study.file.parent_path() / study.design_file));
  Journal journal = Journal::create(folder.journal(), {.parameters = study.parameters,
                                                       .outputs = study.output_names(),
                                                       .seed = study.seed,
                                                       .study = study.text});
  drop_request(folder.stop_file());
  journal.note(std::string(study_note) + fs::absolute(folder.study).lexically_normal().string());
  make_directories(folder.inbox());
  return {folder, std::move(study), std::move(journal), std::move(campaign)};
}

}  // namespace

std::vector<Argument> target_arguments(Target& target) {
  return {
      {.names = "study",
       .place = &target.named,
       .help = "Study file, or the campaign's directory; study.toml where it is left out"},
      {.names = "-C,--directory",
       .place = &target.directory,
       .help = "The campaign's directory; the study's name without .toml where it is left out"}};
}

std::string CampaignFolder::shown() const {
  std::error_code problem;
  const fs::path relative = fs::relative(directory, problem);
  const std::string name_here =
      problem || relative.empty() ? directory.string() : relative.string();
  return name_here.size() < directory.string().size() ? name_here : directory.string();
}

bool CampaignFolder::begun() const {
  return Journal::begun(journal());
}

bool CampaignFolder::being_written() const {
  return locked_by_another(journal());
}

bool CampaignFolder::being_compared() const {
  return locked_by_another(comparison_lock());
}

CampaignFolder locate(const Target& target) {
  fs::path named = target.named;
  if (named.empty() && !target.directory.empty() &&
      Journal::begun(fs::path(target.directory) / "journal.sonde"))
    return of_directory(target.directory);
  if (named.empty()) named = "study.toml";
  if (fs::is_directory(named)) return of_directory(named);
  require<StudyError>(fs::exists(named), named.string(),
                      ": there is no such study, and no such campaign. Make a study: sonde init");
  CampaignFolder folder{default_directory(named), named, named.stem().string()};
  if (!target.directory.empty()) folder.directory = target.directory;
  return folder;
}

std::string followed_study(const Journal& journal) {
  const std::vector<Event>& events = journal.events();
  const auto changed = std::find_if(events.rbegin(), events.rend(), is_edit);
  return changed == events.rend() ? journal.preamble().study : std::get<Edited>(*changed).study;
}

FileDescriptor lock_comparison(const CampaignFolder& folder) {
  const fs::path path = folder.comparison_lock();
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock) throw_errno(path, "cannot be written");
  require<StoreError>(lock_to_write(lock, path), folder.compare().string(),
                      ": another process compares here. Wait until it ends, or sonde stop it");
  drop_request(folder.comparison_stop_file());
  return lock;
}

int study_changes(const Journal& journal) {
  const std::vector<Event>& events = journal.events();
  return static_cast<int>(std::count_if(events.begin(), events.end(), is_edit));
}

OpenCampaign open_campaign(const CampaignFolder& folder, int threads) {
  if (!folder.begun()) return begun_anew(folder, threads);
  Journal journal = Journal::open(folder.journal());
  say_torn(folder, journal);
  drop_request(folder.stop_file());
  Followed followed = study_to_follow(folder, journal);
  OpenCampaign open = opened(folder, std::move(followed.study), std::move(journal), threads);
  if (followed.change) record(open, *followed.change, "");
  return open;
}

OpenCampaign read_campaign(const CampaignFolder& folder, int threads) {
  if (!folder.begun()) refuse_orphans(folder);
  require<UsageError>(folder.begun(), folder.shown(),
                      ": the campaign has not begun. Begin it: sonde run ", folder.study.string());
  Journal journal = Journal::read(folder.journal());
  Study study = study_to_read(folder, journal);
  return opened(folder, std::move(study), std::move(journal), threads);
}

CampaignOptions options_of(const CampaignFolder& folder, const Study& study, int threads) {
  Study as_begun = study;
  if (fs::exists(folder.design())) as_begun.design_file = fs::absolute(folder.design());
  CampaignOptions options = as_begun.campaign_options();
  options.threads = threads;
  return options;
}

Campaign new_campaign(const Study& study, CampaignOptions options, std::uint64_t seed) {
  try {
    return Campaign(study.domain(), study.output_names(), study.criterion(), std::move(options),
                    seed);
  } catch (const ArgumentError& failure) {
    // The study's values were checked one by one; what is left are the points of its design.
    throw StudyError(study.file.string() + ": " + failure.what());
  }
}

void make_directories(const fs::path& directory) {
  if (fs::is_directory(directory)) return;
  const fs::path parent = directory_of(directory);
  make_directories(parent);
  std::error_code problem;
  fs::create_directory(directory, problem);
  require<StoreError>(!problem && fs::is_directory(directory), directory.string(),
                      ": the campaign's directory cannot be made: ",
                      problem ? problem.message() : "a file of that name stands there");
  sync_directory(parent);
}

void record(OpenCampaign& open, const Event& event, const std::string& request) {
  record(open, std::span(&event, 1), request);
}

void record(OpenCampaign& open, std::span<const Event> events, const std::string& request) {
  for (const Event& event : events) open.campaign.check(event);
  open.journal.append(events, request);
  for (const Event& event : events) {
    open.campaign.apply(event);
    if (open.watch) open.watch(event);
  }
}

void replay(Campaign& campaign, const std::vector<Event>& events) {
  const auto outputs = static_cast<Index>(campaign.outputs().size());
  for (const Event& event : events) campaign.apply(padded(event, outputs));
}

int cores() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace sonde::cli
