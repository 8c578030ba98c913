#include "oracle/run_inputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include "oracle/file.hpp"
#include "oracle/run_output.hpp"
#include "oracle/run_record.hpp"
#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

constexpr int deepest = 32;  // folders within folders that are copied: links may go in circles

// A directory in which things are made without ever leaving it.
class Below {
 public:
  explicit Below(const fs::path& root)
      : root_(root), top_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    check(bool(top_), root);
  }

  // An empty file, to be written.
  Descriptor make_file(const fs::path& name, mode_t mode) const {
    const Descriptor folder = parent_of(name);
    Descriptor file(::openat(folder.number(), name.filename().c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    check(bool(file), name);
    return file;
  }

  void make_link(const fs::path& name, const fs::path& to) const {
    const Descriptor folder = parent_of(name);
    check(::symlinkat(to.c_str(), folder.number(), name.filename().c_str()) == 0, name);
  }

  void make_folder(const fs::path& name) const { static_cast<void>(parent_of(name / "-")); }

 private:
  // Made where they are missing; a symbolic link on the way is refused.
  Descriptor parent_of(const fs::path& name) const {
    Descriptor folder(::fcntl(top_.number(), F_DUPFD_CLOEXEC, 10));
    check(bool(folder), name);
    for (const fs::path& part : name.parent_path()) {
      if (part.empty() || part == ".") continue;
      const bool made = ::mkdirat(folder.number(), part.c_str(), 0777) == 0 || errno == EEXIST;
      check(made, name);
      Descriptor next(
          ::openat(folder.number(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      check(bool(next), name);
      folder = std::move(next);
    }
    return folder;
  }

  void check(bool well, const fs::path& name) const {
    require<StoreError>(well, (root_ / name).string(), ": cannot be made (", system_message(errno),
                        ")");
  }

  fs::path root_;
  Descriptor top_;
};

// With its times: a copy is no older and no newer than what it is a copy of, and thus is never
// taken for something that the run wrote.
void copy_file(const fs::path& source, const Below& below, const fs::path& target) {
  const Descriptor from(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  require<Error>(from && ::fstat(from.number(), &facts) == 0, source.string(), ": cannot be read (",
                 system_message(errno), ")");
  require<Error>(S_ISREG(facts.st_mode), source.string(),
                 ": expected a file or a folder to copy, got something else");
  const Descriptor to = below.make_file(target, (facts.st_mode & 0777) | S_IRUSR | S_IWUSR);
  std::vector<char> piece(std::size_t{1} << 18);
  ssize_t got = 0;
  while ((got = ::read(from.number(), piece.data(), piece.size())) != 0) {
    if (got < 0 && errno == EINTR) continue;
    require<Error>(got > 0, source.string(), ": cannot be read (", system_message(errno), ")");
    write_all(to.number(), {piece.data(), static_cast<std::size_t>(got)}, target.string());
  }
  const std::array<timespec, 2> times = {facts.st_atim, facts.st_mtim};
  ::futimens(to.number(), times.data());
}

// What was rendered stands before what would be copied to the same place.
void copy_tree(const fs::path& source, const Below& below, const fs::path& target,
               const std::set<fs::path>& rendered, int depth = 0) {
  std::error_code refused;
  if (rendered.contains(target)) return;
  if (!fs::is_directory(source, refused)) return copy_file(source, below, target);
  require<Error>(depth < deepest, source.string(), ": folders are nested more than ", deepest,
                 " deep. Does a symbolic link go in a circle?");
  below.make_folder(target);
  fs::directory_iterator entry(source, refused);
  for (; !refused && entry != fs::directory_iterator(); entry.increment(refused))
    copy_tree(entry->path(), below, target / entry->path().filename(), rendered, depth + 1);
  require<Error>(!refused, source.string(), ": cannot be read (", refused.message(), ")");
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const auto [rest, _] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return rest == folder.end();
}

// Places in the run's directory, of which none may lie in another; except that a template may take
// a place in a tree that is copied.
class Targets {
 public:
  enum class Kind { Template, Copy, Link };

  void add(const fs::path& target, Kind kind, const std::string& key) {
    require<StudyError>(stays_below(target), key, ": expected a file in the run's directory, got '",
                        target.string(), "'");
    for (const char* ours : {run_files::folder, run_files::standard_input,
                             run_files::standard_output, run_files::standard_error})
      require<StudyError>(!lies_in(target, ours), key, ": '", target.string(),
                          "' is a name that Sonde itself uses in the run's directory");
    for (const auto& [other, other_kind] : all_) {
      if (other_kind == Kind::Template && kind == Kind::Copy && lies_in(other, target) &&
          other != target)
        continue;
      require<StudyError>(!lies_in(target, other) && !lies_in(other, target), key, ": '",
                          target.string(), "' and '", other.string(),
                          "' are in one another's place in the run's directory");
    }
    all_.emplace_back(target, kind);
  }

 private:
  std::vector<std::pair<fs::path, Kind>> all_;
};

}  // namespace

RunInputs::RunInputs(const SimulatorSpec& spec, const Values& names, fs::path study_directory)
    : study_directory_(std::move(study_directory)) {
  Targets targets;
  for (const auto& [source, target] : spec.templates) {
    const fs::path place = fs::path(target).lexically_normal();
    targets.add(place, Targets::Kind::Template, "simulator.templates");
    templates_.push_back(read(source, place, "simulator.templates", names));
  }
  if (!spec.stdin_template.empty())
    standard_input_ =
        read(spec.stdin_template, run_files::standard_input, "simulator.stdin", names);
  const auto add_all = [&](const std::vector<std::string>& sources, Targets::Kind kind,
                           const std::string& key, std::vector<fs::path>& places) {
    for (const std::string& source : sources) {
      check_source(source, key);
      fs::path place = fs::path(source).lexically_normal();
      if (!place.has_filename()) place = place.parent_path();  // "tables/"
      targets.add(place, kind, key);
      places.push_back(std::move(place));
    }
  };
  add_all(spec.copy, Targets::Kind::Copy, "simulator.copy", copies_);
  add_all(spec.link, Targets::Kind::Link, "simulator.link", links_);
}

RunInputs::Rendered RunInputs::read(const std::string& source, const fs::path& target,
                                    const std::string& key, const Values& names) const {
  check_source(source, key);
  const fs::path path = study_directory_ / source;
  struct stat facts {};
  const auto text = read_small_file(path.string());
  require<StudyError>(text && ::stat(path.c_str(), &facts) == 0, key, ": the template '", source,
                      "' cannot be read (looked for ", path.string(), ")");
  return {Template(*text, source, names), target, facts.st_mode & 0777};
}

std::vector<std::string> RunInputs::formats_of(std::string_view name) const {
  std::vector<std::string> all;
  const auto add = [&](const Rendered& file) {
    const std::vector<std::string> formats = file.text.formats_of(name);
    all.insert(all.end(), formats.begin(), formats.end());
  };
  for (const Rendered& file : templates_) add(file);
  if (standard_input_) add(*standard_input_);
  return all;
}

void RunInputs::check_source(const std::string& source, const std::string& key) const {
  require<StudyError>(stays_below(source), key,
                      ": expected a name below the study's directory, without '..', got '", source,
                      "'");
  const fs::path path = study_directory_ / source;
  const bool readable = ::access(path.c_str(), R_OK) == 0;
  require<StudyError>(readable, key, ": '", source, "' cannot be read (looked for ", path.string(),
                      ": ", system_message(errno), ")");
}

void RunInputs::lay_into(const fs::path& directory, const Values& values,
                         const std::string& question) const {
  const Below below(directory);
  const auto write = [&](const fs::path& target, mode_t mode, const std::string& text) {
    const Descriptor file = below.make_file(target, mode | S_IRUSR | S_IWUSR);
    write_all(file.number(), text, target.string());
  };
  std::set<fs::path> rendered;
  for (const Rendered& file : templates_) {
    write(file.target, file.mode, file.text.rendered(values));
    rendered.insert(file.target);
  }
  for (const fs::path& link : links_) below.make_link(link, study_directory_ / link);
  for (const fs::path& copy : copies_) copy_tree(study_directory_ / copy, below, copy, rendered);
  write(run_files::standard_input, 0666,
        standard_input_ ? standard_input_->text.rendered(values) : question);
}

}  // namespace sonde
