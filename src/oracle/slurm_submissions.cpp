#include "oracle/slurm_submissions.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "oracle/file.hpp"
#include "oracle/run_record.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr const char* folder_name = ".slurm";
constexpr const char* script_name = "job.sh";
constexpr std::string_view name_begin = "sonde-";
constexpr std::string_view off = ".off";  // beside a list: its job was called off

// Nothing is pasted into it: what differs from job to job comes as arguments and from files.
constexpr std::string_view script_text =
    "#!/bin/sh\n"
    "# A run of sonde. $1: the supervisor sonde-run, $2: the array's list of runs.\n"
    "[ -r \"$2\" ] || exit 78\n"
    "[ -x \"$1\" ] || exit 79\n"
    "exec \"$1\" --claim \"$2\"\n";

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  require<Error>(::getrandom(&bits, sizeof bits, 0) == sizeof bits, "no random bits");
  return bits;
}

// "000123.1", and nothing else: it becomes a path.
bool is_run_name(std::string_view name) {
  return !name.empty() && name.front() != '.' &&
         std::all_of(name.begin(), name.end(),
                     [](char letter) { return (letter >= '0' && letter <= '9') || letter == '.'; });
}

// And nobody needs to be asked why.
bool has_ended(const fs::path& run) {
  struct stat facts {};
  if (::stat((run / run_files::answer).c_str(), &facts) == 0) return true;
  const auto text = read_small_file((run / run_files::result).string());
  const auto result = text ? run_result(*text) : std::nullopt;
  return result && result->outcome != RunResult::Outcome::Ended;
}

}  // namespace

bool submitted_to_slurm(const fs::path& runs) {
  std::error_code absent;
  const fs::directory_iterator lists(runs / folder_name, absent);
  return std::any_of(begin(lists), end(lists), [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with(name_begin);
  });
}

SlurmSubmissions::SlurmSubmissions(const fs::path& runs)
    : runs_(runs), folder_(runs / folder_name) {
  std::error_code absent;
  std::vector<std::pair<fs::file_time_type, std::string>> names;
  for (const auto& entry : fs::directory_iterator(folder_, absent)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(name_begin) && !name.ends_with(".tmp") && !name.ends_with(off))
      names.emplace_back(entry.last_write_time(absent), name);
  }
  std::sort(names.begin(), names.end());
  for (const auto& [time, name] : names) read(name);
}

void SlurmSubmissions::read(const std::string& name) {
  const std::string text = read_small_file(list(name).string()).value_or("");
  std::vector<std::string> runs;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    runs.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  const bool over = std::all_of(runs.begin(), runs.end(), [&](const std::string& run) {
    return is_run_name(run) && has_ended(runs_ / run);
  });
  if (over) return remove(name);
  struct stat facts {};
  const bool called_off = ::stat((list(name).string() += off).c_str(), &facts) == 0;
  left_[name] = runs.size();
  for (std::size_t i = 0; i < runs.size(); ++i)
    places_[runs[i]].push_back({name, static_cast<int>(i), called_off});
}

void SlurmSubmissions::remove(const std::string& name) const {
  std::error_code passed_over;
  fs::remove(list(name), passed_over);
  fs::remove(list(name).string() += off, passed_over);
}

void SlurmSubmissions::call_off(const std::string& name) {
  try {
    publish(list(name).string() += off, "");
  } catch (const StoreError&) {
    // Then the next engine takes it for somebody else's doing; this one is about to end.
  }
  for (auto& [run, places] : places_)
    for (SlurmPlace& place : places)
      if (place.name == name) place.called_off = true;
}

std::string SlurmSubmissions::add(const std::vector<std::string>& runs) {
  std::error_code refused;
  if (fs::create_directories(folder_, refused)) sync_path(runs_.string());
  require<StoreError>(!refused, folder_.string(), ": cannot be made (", refused.message(), ")");
  const std::string name = fmt::format("{}{:016x}-{}", name_begin, random_bits(), runs.front());
  std::string text;
  for (const std::string& run : runs) text += run + "\n";
  publish(list(name).string(), text);
  left_[name] = runs.size();
  for (std::size_t i = 0; i < runs.size(); ++i)
    places_[runs[i]].push_back({name, static_cast<int>(i)});
  return name;
}

void SlurmSubmissions::forget(const std::string& run) {
  const auto found = places_.find(run);
  if (found == places_.end()) return;
  for (const SlurmPlace& place : found->second) {
    if (--left_[place.name] > 0) continue;
    left_.erase(place.name);
    remove(place.name);
  }
  places_.erase(found);
}

std::vector<SlurmPlace> SlurmSubmissions::places(const std::string& run) const {
  const auto found = places_.find(run);
  return found == places_.end() ? std::vector<SlurmPlace>() : found->second;
}

fs::path SlurmSubmissions::script() const {
  const fs::path path = folder_ / script_name;
  const auto there = read_small_file(path.string(), 4096);
  if (!there || *there != script_text) publish(path.string(), script_text);
  return path;
}

}  // namespace sonde
