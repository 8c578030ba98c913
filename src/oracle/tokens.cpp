#include "oracle/tokens.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "sonde/base/error.hpp"

namespace sonde {
namespace {

namespace fs = std::filesystem;

int count_of(const std::vector<std::pair<std::string, int>>& pool, const std::string& name) {
  const auto found = std::find_if(pool.begin(), pool.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == pool.end() ? 0 : found->second;
}

// A folder of a name that others know may be another's: then it is refused.
fs::path folder_of_tokens() {
  if (const char* named = std::getenv("SONDE_TOKENS"); named && *named) {
    std::error_code refused;
    fs::create_directories(named, refused);
    require<StoreError>(fs::is_directory(named), named,
                        ": expected a folder for tokens, named by SONDE_TOKENS");
    return named;
  }
  const fs::path folder =
      fs::temp_directory_path() / concat("sonde-tokens-", static_cast<long>(::getuid()));
  static_cast<void>(::mkdir(folder.c_str(), 0700));
  struct stat facts {};
  require<StoreError>(
      ::lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == ::getuid(),
      folder.string(),
      ": expected a folder of this user's for tokens. Name another one by the "
      "variable SONDE_TOKENS");
  return folder;
}

// Another user's will do: to lock it takes no right to write.
Descriptor token_file(const fs::path& file) {
  Descriptor token(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (token || errno != ENOENT) return token;
  token =
      Descriptor(::open(file.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (token)
    ::fchmod(token.number(), 0666);  // also where the mask of the user is narrower
  else if (errno == EEXIST)
    token = Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return token;
}

}  // namespace

Tokens::Tokens(std::vector<std::pair<std::string, int>> pool,
               std::vector<std::pair<std::string, int>> needed)
    : pool_(std::move(pool)), needed_(std::move(needed)) {
  std::erase_if(needed_, [](const auto& entry) { return entry.second == 0; });
  for (const auto& [name, count] : needed_)
    require<StudyError>(count > 0 && count <= count_of(pool_, name), "simulator.tokens.", name,
                        ": expected no more than there are, ", count_of(pool_, name),
                        " by [tokens]; got ", count);
}

std::vector<Descriptor> Tokens::try_all(const fs::path& folder) const {
  std::vector<Descriptor> held;
  for (const auto& [name, count] : needed_) {
    int got = 0;
    for (int i = 0; i < count_of(pool_, name) && got < count; ++i) {
      const fs::path file = folder / concat(name, ".", i);
      Descriptor token = token_file(file);
      require<StoreError>(bool(token), file.string(), ": cannot be opened (", system_message(errno),
                          ")");
      if (::flock(token.number(), LOCK_EX | LOCK_NB) != 0) continue;
      held.push_back(std::move(token));
      ++got;
    }
    if (got < count) return {};
  }
  return held;
}

std::vector<Descriptor> Tokens::take(const StopEvent& stop) const {
  if (needed_.empty()) return {};
  const fs::path folder = folder_of_tokens();
  double pause = 0.01;  // s
  while (!stop.wished()) {
    std::vector<Descriptor> held = try_all(folder);
    if (!held.empty()) return held;
    stop.sleep(pause);
    pause = std::min(0.2, 1.5 * pause);
  }
  return {};
}

}  // namespace sonde
