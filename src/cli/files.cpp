#include "cli/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "cli/exit_status.hpp"
#include "run/durable.hpp"

namespace sonde::cli {
namespace {

namespace fs = std::filesystem;

void write_all(const FileDescriptor& to, const std::string& text, const fs::path& file) {
  const char* at = text.data();
  for (std::size_t left = text.size(); left > 0;) {
    const ssize_t wrote = ::write(to.get(), at, left);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw_errno(file, "cannot be written");
    at += wrote;
    left -= static_cast<std::size_t>(wrote);
  }
}

// Locked, so that two who write the same file do so one after the other; what one that was killed
// left is written over.
FileDescriptor locked_temporary(const fs::path& temporary, const fs::path& file) {
  for (;;) {
    FileDescriptor opened(
        ::open(temporary.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!opened) throw_errno(file, "cannot be written");
    ::flock(opened.get(), LOCK_EX);  // where there are no locks, one writer is taken for granted
    struct stat ours {
    }, there{};
    const bool same = ::fstat(opened.get(), &ours) == 0 && ::stat(temporary.c_str(), &there) == 0 &&
                      ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
    if (!same) continue;  // renamed by the one before
    if (::ftruncate(opened.get(), 0) != 0) throw_errno(file, "cannot be written");
    return opened;
  }
}

}  // namespace

void write_file(const fs::path& file, const std::string& text) {
  std::error_code unknown;
  const fs::file_status status = fs::status(file, unknown);
  require<StoreError>(!fs::is_directory(status), file.string(),
                      ": cannot be written: it is a directory");
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    const FileDescriptor device(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!device) throw_errno(file, "cannot be written");
    write_all(device, text, file);
    return;
  }
  const fs::path target =
      fs::is_symlink(fs::symlink_status(file, unknown)) ? fs::weakly_canonical(file) : file;
  const fs::path temporary = target.string() + ".new";
  const FileDescriptor opened = locked_temporary(temporary, file);
  write_all(opened, text, file);
  replace_file(temporary, target);
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  require<UsageError>(stream.good() && !fs::is_directory(file), file.string(),
                      ": the file cannot be read");
  constexpr std::size_t most = 1u << 28;
  std::string text;
  for (std::istreambuf_iterator<char> at(stream), end; at != end; ++at) {
    text += *at;
    require<UsageError>(text.size() <= most, file.string(),
                        ": expected a file of at most 256 MiB, this one has more");
  }
  return text;
}

}  // namespace sonde::cli
