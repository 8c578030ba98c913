#include "cli/inbox.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/files.hpp"
#include "cli/request.hpp"
#include "cli/sessions.hpp"
#include "cli/telling.hpp"
#include "cli/text_table.hpp"
#include "run/checksum.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 64u << 20;  // bytes
constexpr int deepest = 32;                      // brackets within one another
constexpr double settling_time = 1.0;            // s that a whole file has not changed for
constexpr double writing_time = 5.0;             // s that one may take to complete a file
constexpr auto unread_for = std::chrono::hours(1);

// A regular file, not behind a link; nothing where it is gone, or something else.
std::optional<std::string> read_dropped(const fs::path& file) {
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return std::nullopt;
  std::string text(std::min(static_cast<std::size_t>(status.st_size), largest_file + 1), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = ::read(opened.get(), text.data() + done, text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

// What a file says: a table; lines; or a document, which is one object or a list of them.
std::string request_in(const fs::path& file, const std::string& text) {
  const std::string name = file.filename().string();
  if (file.extension() == ".csv") return import_good_rows_request(name, text);
  if (file.extension() == ".jsonl") return tell_request(text, name);
  const JsonValue document = parsed_json(text, deepest);
  if (document.is_object()) return tell_request(json_text(document) + '\n', name);
  if (!document.is_array()) return tell_request(text, name);
  std::string lines;
  for (const JsonValue& item : document) lines += json_text(item) + '\n';
  return tell_items_request(lines, name);
}

bool is_whole(const fs::path& file, const std::string& text) {
  if (text.size() > largest_file || text.ends_with('\n')) return true;
  return file.extension() == ".json" && !parsed_json(text, deepest).is_discarded();
}

// When it was changed, s since 1970, and its bytes; nothing where it is gone. Not behind a link.
std::optional<std::pair<double, long long>> state_of(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return std::nullopt;
  const timespec& at = status.st_mtim;
  return std::pair(static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec),
                   static_cast<long long>(status.st_size));
}

bool is_file(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

double age_of(const std::pair<double, long long>& state) {
  return std::abs(seconds_since_1970() - state.first);
}

// What this folder has of its own, and what is hidden.
bool is_ours(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with('.') || name.ends_with(".request.new") ||
         ((name == "taken" || name == "refused") && fs::is_directory(fs::symlink_status(file)));
}

std::map<std::string, std::pair<double, long long>> said_before(const fs::path& file) {
  std::map<std::string, std::pair<double, long long>> said;
  const JsonValue json = parsed_json(read_dropped(file).value_or(""), deepest);
  if (!json.is_object()) return said;
  for (const auto& [name, state] : json.items()) {
    if (state.is_array() && state.size() == 2 && state[0].is_number() && state[1].is_number())
      said[name] = {state[0].get<double>(), state[1].get<long long>()};
  }
  return said;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem))
    files.push_back(at->path());
  std::sort(files.begin(), files.end());
  return files;
}

// Replies whose reader has gone.
void drop_unread(const fs::path& outbox) {
  std::error_code problem;
  for (const fs::path& file : files_in(outbox)) {
    const auto written = fs::last_write_time(file, problem);
    if (!problem && fs::file_time_type::clock::now() - written > unread_for)
      fs::remove(file, problem);
  }
}

}  // namespace

Inbox::Inbox(OpenCampaign& open, int threads, Say say)
    : open_(open),
      threads_(threads),
      say_(std::move(say)),
      passed_over_(said_before(open.folder.passed_over())) {
  settle(open_);
}

void Inbox::attend() {
  make_directories(open_.folder.inbox());
  make_directories(open_.folder.outbox());
  drop_unread(open_.folder.outbox());
  const fs::path lock = open_.folder.desk_lock();
  desk_ = FileDescriptor(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!desk_) throw_errno(lock, "cannot be written");
  lock_to_write(desk_, lock);
}

void Inbox::look() {
  std::vector<fs::path> dropped;
  for (fs::path& file : files_in(open_.folder.inbox())) {
    if (is_ours(file) || is_passed_over(file)) continue;
    const std::string kind = file.extension().string();
    if (!is_file(file)) {
      pass_over(file, "is no file, but a link, a pipe or a folder");
    } else if (kind == ".json" || kind == ".jsonl" || kind == ".csv") {
      dropped.push_back(std::move(file));
    } else if (kind == ".claimed") {
      carry_out(file);
    } else if (kind == ".request") {
      // Whoever handed it over may take it back until it has this name.
      const fs::path claimed = fs::path(file).replace_extension(".claimed");
      if (::rename(file.c_str(), claimed.c_str()) == 0) carry_out(claimed);
    } else if (age_of(state_of(file).value_or(std::pair(seconds_since_1970(), 0))) > writing_time) {
      pass_over(file, "is neither *.json, *.jsonl nor *.csv");
    }
  }
  for (const fs::path& file : dropped) take(file);
}

bool Inbox::is_passed_over(const fs::path& file) const {
  const auto said = passed_over_.find(file.filename().string());
  return said != passed_over_.end() && state_of(file) == said->second;
}

void Inbox::pass_over(const fs::path& file, const std::string& why) {
  const auto state = state_of(file);
  if (!state) return;
  const std::string name = file.filename().string();
  say_(concat("inbox: ", printable(name), " ", why, ": passed over"));
  std::erase_if(passed_over_, [&](const auto& said) {
    return !state_of(open_.folder.inbox() / said.first).has_value();
  });
  passed_over_[name] = *state;
  JsonValue json = JsonValue::object();
  for (const auto& [passed, its] : passed_over_) json[passed] = {its.first, its.second};
  write_file(open_.folder.passed_over(), json_text(json) + '\n');
}

void Inbox::carry_out(const fs::path& claimed) {
  const std::string name = claimed.stem().string();
  const std::optional<std::string> request = read_dropped(claimed);
  if (!request) return;
  const Reply reply = replied(open_, *request, name, threads_);
  make_directories(open_.folder.outbox());
  write_file(open_.folder.outbox() / name,
             json_text({{"status", reply.status}, {"out", reply.out}, {"err", reply.err}}) + '\n');
  std::error_code gone;
  fs::remove(claimed, gone);
}

void Inbox::take(const fs::path& file) {
  const std::string name = file.filename().string();
  const auto state = state_of(file);
  if (!state || age_of(*state) < settling_time) return;
  const std::optional<std::string> text = read_dropped(file);
  if (!text) return;
  if (!is_whole(file, *text)) {
    if (age_of(*state) > writing_time)
      pass_over(file, "has no line end at its end, as if it were not whole yet");
    return;
  }
  if (text->size() > largest_file) return put_away(file, "a file has at most 64 MiB\n");
  if (const auto twice =
          file.extension() == ".json" ? key_that_stands_twice(*text, deepest) : std::nullopt)
    return put_away(file, concat(printable(name), ": the key '", printable(*twice),
                                 "' stands twice: which is meant?\n"));
  const std::string request = concat(name, ":", sha256(*text).substr(0, 16));
  const Reply reply = replied(open_, request_in(file, *text), request, threads_);
  put_away(file, reply.status == 0 ? "" : reply.err);
}

void Inbox::put_away(const fs::path& file, const std::string& why) {
  const fs::path folder = open_.folder.inbox() / (why.empty() ? "taken" : "refused");
  make_directories(folder);
  const std::string name = file.filename().string();
  fs::path to = folder / name;
  for (int copy = 2; fs::exists(fs::symlink_status(to)); ++copy)
    to = folder / (file.stem().string() + "." + std::to_string(copy) + file.extension().string());
  if (!why.empty()) write_file(to.string() + ".why", why);
  if (::rename(file.c_str(), to.c_str()) != 0) throw_errno(file, "cannot be moved");
  sync_directory(folder);
  say_(concat("inbox: ", printable(name),
              why.empty() ? " taken in" : " refused: see inbox/refused"));
}

}  // namespace sonde::cli
