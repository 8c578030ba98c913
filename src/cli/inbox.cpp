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

// A document as the lines that tell reads: one object, or a list of them; lines as they are.
std::string lines_of(const std::string& text) {
  const JsonValue document = parsed_json(text, deepest);
  if (document.is_object()) return json_text(document) + '\n';
  if (!document.is_array()) return text;
  std::string lines;
  for (const JsonValue& item : document) lines += json_text(item) + '\n';
  return lines;
}

bool is_whole(const fs::path& file, const std::string& text) {
  if (text.size() > largest_file || text.ends_with('\n')) return true;
  return file.extension() == ".json" && !parsed_json(text, deepest).is_discarded();
}

// When it was changed, s since 1970, and its bytes; nothing where it is no file.
std::optional<std::pair<double, long long>> state_of(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const timespec& at = status.st_mtim;
  return std::pair(static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec),
                   static_cast<long long>(status.st_size));
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
    : open_(open), threads_(threads), say_(std::move(say)) {
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
    const std::string kind = file.extension().string();
    if (kind == ".json" || kind == ".jsonl" || kind == ".csv") {
      dropped.push_back(std::move(file));
    } else if (kind == ".claimed") {
      carry_out(file);
    } else if (kind == ".request") {
      // Whoever handed it over may take it back until it has this name.
      const fs::path claimed = fs::path(file).replace_extension(".claimed");
      if (::rename(file.c_str(), claimed.c_str()) == 0) carry_out(claimed);
    }
  }
  for (const fs::path& file : dropped) take(file);
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
  if (!state || std::abs(wall_clock() - state->first) < settling_time) return;
  const auto left = left_.find(name);
  if (left != left_.end() && left->second == *state) return;  // as it was
  const std::optional<std::string> text = read_dropped(file);
  if (!text) return;
  if (!is_whole(file, *text)) {
    left_[name] = *state;
    say_(concat("inbox: ", printable(name), " has no line end at its end; left until it is whole"));
    return;
  }
  if (text->size() > largest_file) return put_away(file, "a file has at most 64 MiB\n");
  const std::string request = concat(name, ":", sha256(*text).substr(0, 16));
  const bool table = file.extension() == ".csv";
  const bool lines = file.extension() == ".jsonl";
  const Reply reply = replied(open_,
                              table ? import_request(name, *text, true)
                                    : tell_request(lines ? *text : lines_of(*text), name),
                              request, threads_);
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
