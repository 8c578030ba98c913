#include "oracle/run_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "oracle/file.hpp"
#include "oracle/render.hpp"
#include "oracle/run_output.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

void write_new(const fs::path& path, const std::string& text) {
  const Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
  require<StoreError>(bool(file), path.string(), ": cannot be written (", system_message(errno),
                      ")");
  write_all(file.number(), text, path.string());
}

constexpr const char* status_words[] = {"ok", "failed", "timed_out"};

// Null for an output that did not arrive.
JsonValue numbers(const Vector& y) {
  JsonValue all = JsonValue::array();
  for (const double value : y)
    all.push_back(std::isnan(value) ? JsonValue(nullptr) : JsonValue(value));
  return all;
}

std::string to_text(const Answer& answer) {
  JsonValue json{{"schema", 1},
                 {"status", status_words[static_cast<int>(answer.status)]},
                 {"y", numbers(answer.y)},
                 {"seconds", answer.seconds},
                 {"message", answer.message},
                 {"kind", answer.kind},
                 {"attempts", answer.attempts},
                 {"host", answer.host},
                 {"started", answer.started},
                 {"ended", answer.ended}};
  if (const std::optional<Usage>& usage = answer.usage)
    json["usage"] = {{"cpu_seconds", usage->cpu_seconds},
                     {"max_rss", usage->max_rss},
                     {"exit_status", usage->exit_status},
                     {"signal", usage->signal}};
  return json_text(json, 1) + "\n";
}

std::optional<Answer> answer_in(const std::string& text) try {
  const JsonValue json = parsed_json(text);
  if (whole(json.at("schema")) > 1) return std::nullopt;
  Answer answer;
  const auto status = json.at("status").get<std::string>();
  answer.status = status == status_words[0]   ? Answer::Status::Ok
                  : status == status_words[2] ? Answer::Status::TimedOut
                                              : Answer::Status::Failed;
  const JsonValue& y = json.at("y");
  answer.y.resize(static_cast<Index>(y.size()));
  for (std::size_t j = 0; j < y.size(); ++j)
    answer.y[static_cast<Index>(j)] =
        y[j].is_null() ? std::numeric_limits<double>::quiet_NaN() : y[j].get<double>();
  answer.seconds = json.at("seconds").get<double>();
  answer.message = json.at("message").get<std::string>();
  answer.kind = json.at("kind").get<std::string>();
  answer.attempts = static_cast<int>(whole(json.at("attempts")));
  answer.host = json.at("host").get<std::string>();
  answer.started = json.at("started").get<double>();
  answer.ended = json.at("ended").get<double>();
  if (!json.contains("usage")) return answer;
  const JsonValue& usage = json["usage"];
  answer.usage = {usage.at("cpu_seconds").get<double>(), usage.at("max_rss").get<double>(),
                  static_cast<int>(whole(usage.at("exit_status"))),
                  static_cast<int>(whole(usage.at("signal")))};
  return answer;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace

RunDirectory::RunDirectory(const fs::path& runs, Index id, int attempt)
    : path_(runs / fmt::format("{:06}.{}", id, attempt)) {}

std::string RunDirectory::shown() const {
  return (path_.parent_path().filename() / path_.filename()).string();
}

bool RunDirectory::exists() const {
  struct stat facts {};
  return ::lstat(path_.c_str(), &facts) == 0;
}

bool RunDirectory::intact() const {
  struct stat facts {};
  return ::lstat((path_ / run_files::folder).c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

Descriptor RunDirectory::make() const {
  std::error_code refused;
  if (fs::create_directories(path_.parent_path(), refused))
    sync_path(path_.parent_path().parent_path().string());
  const bool made = !refused && ::mkdir(path_.c_str(), 0777) == 0 &&
                    ::mkdir((path_ / run_files::folder).c_str(), 0777) == 0;
  require<StoreError>(made, path_.string(), ": cannot be made (",
                      refused ? refused.message() : system_message(errno), ")");
  Descriptor lock(::open((path_ / run_files::lock).c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  require<Error>(lock && ::flock(lock.number(), LOCK_EX | LOCK_NB) == 0, path_.string(),
                 ": cannot be locked (", system_message(errno),
                 "). Runs need a file system that knows flock.");
  return lock;
}

void RunDirectory::write_query(const Query& query, const std::vector<Parameter>& inputs,
                               int attempt) const {
  write_new(path_ / run_files::query, question_line(inputs, query, attempt));
}

// Numbers are written with the digits that read back as the same double, so that texts may be
// compared; the attempt is no part of the question.
bool RunDirectory::asks(const Query& query, const std::vector<Parameter>& inputs) const {
  const auto text = read_small_file((path_ / run_files::query).string());
  if (!text) return false;
  const JsonValue there = parsed_json(*text);
  const JsonValue asked = parsed_json(question_line(inputs, query, 1));
  return there.is_object() && there.contains("x") && there.value("id", Index{-1}) == query.id &&
         there.at("x") == asked.at("x");
}

void RunDirectory::write_request(const RunRequest& request) const {
  write_new(path_ / run_files::request, to_text(request));
}

bool RunDirectory::running() const {
  const Descriptor lock(::open((path_ / run_files::lock).c_str(), O_RDWR | O_CLOEXEC));
  return lock && ::flock(lock.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

bool RunDirectory::begun() const {
  struct stat facts {};
  return (::stat((path_ / run_files::lock).c_str(), &facts) == 0 && facts.st_size > 0) ||
         ::stat((path_ / run_files::claim).c_str(), &facts) == 0;
}

std::optional<RunResult> RunDirectory::result() const {
  const auto text = read_small_file((path_ / run_files::result).string());
  return text ? run_result(*text) : std::nullopt;
}

std::string RunDirectory::supervisor_complaint() const {
  return RunOutput(path_).last_line(run_files::supervisor);
}

void RunDirectory::reduce_to(const Answer& answer) const {
  try {
    publish((path_ / run_files::answer).string(), to_text(answer));
  } catch (const Error&) {
    return;  // the run itself is then all there is
  }
  std::error_code passed_over;  // what stays is a matter of room, not of right
  for (const auto& entry : fs::directory_iterator(path_, passed_over))
    if (entry.path().filename() != run_files::folder) fs::remove_all(entry.path(), passed_over);
  for (const char* file :
       {run_files::lock, run_files::request, run_files::result, run_files::supervisor})
    fs::remove(path_ / file, passed_over);
}

std::optional<Answer> RunDirectory::reduced_answer() const {
  const auto text = read_small_file((path_ / run_files::answer).string());
  return text ? answer_in(*text) : std::nullopt;
}

}  // namespace sonde
