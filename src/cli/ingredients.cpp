#include "cli/ingredients.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "oracle/captured.hpp"
#include "oracle/file.hpp"
#include "oracle/render.hpp"
#include "run/checksum.hpp"
#include "sonde/base/error.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_hashed = std::uintmax_t{512} << 20;  // bytes, of all files together
constexpr std::size_t most_files = 1000;                           // of a folder
constexpr double version_seconds = 10.0;                           // to say its version in

// Nothing of it may keep a campaign from running, nor for long.
class List {
 public:
  explicit List(fs::path study_directory) : directory_(std::move(study_directory)) {}

  void program(const std::string& named) {
    try {
      const std::string path = program_path(named, directory_);
      add("program " + path, digest_of(path));
    } catch (const Error&) {
      add("program " + named, "absent");
    }
  }

  void file(const std::string& name) {
    const fs::path path = directory_ / name;
    std::error_code problem;
    if (!fs::is_directory(path, problem)) return add("file " + name, digest_of(path));
    std::vector<std::string> below;
    for (fs::recursive_directory_iterator at(path, problem), end; at != end && !problem;
         at.increment(problem)) {
      if (!at->is_regular_file(problem)) continue;
      below.push_back((fs::path(name) / at->path().lexically_relative(path)).string());
      if (below.size() == most_files) break;
    }
    std::sort(below.begin(), below.end());
    for (const std::string& one : below) add("file " + one, digest_of(directory_ / one));
  }

  void version(std::vector<std::string> command) {
    if (command.empty()) return;
    try {
      command[0] = program_path(command[0], directory_);
      const Captured said = captured(command, version_seconds);
      const std::string& words = said.output.empty() ? said.error_output : said.output;
      const std::size_t begin = std::min(words.find_first_not_of(" \r\n\t"), words.size());
      const std::size_t end = std::min(words.find('\n', begin), words.size());
      add("version", sonde::printable(std::string_view(words).substr(begin, end - begin)));
    } catch (const Error&) {
      add("version", "absent");
    }
  }

  std::vector<Ingredient> all() && { return std::move(all_); }

 private:
  std::string digest_of(const fs::path& file) {
    std::error_code absent;
    const std::uintmax_t bytes = fs::file_size(file, absent);
    if (absent) return "absent";
    if (bytes > left_)
      return concat(bytes, " bytes, written ",
                    fs::last_write_time(file, absent).time_since_epoch().count());
    const std::optional<std::string> text = read_small_file(file.string(), left_);
    left_ -= bytes;
    return text ? sha256(*text) : "absent";
  }

  void add(const std::string& name, std::string digest) {
    all_.push_back({name, std::move(digest)});
  }

  fs::path directory_;
  std::uintmax_t left_ = most_hashed;
  std::vector<Ingredient> all_{};
};

const Ingredient* named(const std::vector<Ingredient>& some, const std::string& name) {
  const auto found =
      std::find_if(some.begin(), some.end(), [&](const Ingredient& i) { return i.name == name; });
  return found == some.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Ingredient> ingredients_of(const Study& study) {
  const SimulatorSpec& spec = study.simulator;
  List list(fs::absolute(study.file).parent_path());
  if (!spec.library.empty()) list.file(spec.library);
  if (!spec.run.empty()) list.program(spec.run[0]);
  list.version(spec.version);
  for (const auto& [source, target] : spec.templates) list.file(source);
  if (!spec.stdin_template.empty()) list.file(spec.stdin_template);
  for (const auto* names : {&spec.copy, &spec.link})
    for (const std::string& name : *names) list.file(name);
  return std::move(list).all();
}

JsonValue json_of(const std::vector<Ingredient>& ingredients) {
  JsonValue json = JsonValue::object();
  for (const Ingredient& one : ingredients) json[one.name] = one.digest;
  return json;
}

std::optional<std::vector<Ingredient>> ingredients_at(const Journal& journal, double seconds) {
  std::optional<std::vector<Ingredient>> last;
  for (const std::string& text : journal.notes()) {
    const JsonValue note = parsed_json(text);
    if (!note.is_object() || !note.contains("ingredients") || !note["ingredients"].is_object() ||
        !note["at"].is_number())
      continue;
    if (note["at"].get<double>() > seconds) break;
    last.emplace();
    for (const auto& [name, digest] : note["ingredients"].items())
      if (digest.is_string()) last->push_back({name, digest.get<std::string>()});
  }
  return last;
}

std::vector<std::string> differences(const std::vector<Ingredient>& before,
                                     const std::vector<Ingredient>& now) {
  std::vector<std::string> names;
  for (const Ingredient& one : now) {
    const Ingredient* was = named(before, one.name);
    if (!was || !(*was == one)) names.push_back(one.name);
  }
  for (const Ingredient& one : before)
    if (!named(now, one.name)) names.push_back(one.name);
  return names;
}

}  // namespace sonde::cli
