#include "run/durable.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "sonde/base/error.hpp"

namespace sonde {
namespace {

void sync_opened(const std::filesystem::path& path, int flags) {
  const FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file) throw_errno(path, "cannot be opened");
  if (::fsync(file.get()) != 0) throw_errno(path, "cannot be synced to the disk");
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

bool lock_to_write(const FileDescriptor& opened, const std::filesystem::path& file) {
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (::flock(opened.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) throw_errno(file, "this file system gives no lock");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

bool locked_by_another(const std::filesystem::path& file) {
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  return opened && ::flock(opened.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void throw_errno(const std::filesystem::path& file, const std::string& what) {
  throw StoreError(concat(file.string(), ": ", what, ": ", std::strerror(errno)));
}

void sync_directory(const std::filesystem::path& directory) {
  sync_opened(directory, O_RDONLY | O_DIRECTORY);
}

void sync_file(const std::filesystem::path& file) {
  sync_opened(file, O_RDONLY);
}

void replace_file(const std::filesystem::path& temporary, const std::filesystem::path& file) {
  sync_file(temporary);
  if (::rename(temporary.c_str(), file.c_str()) != 0) throw_errno(file, "cannot be replaced");
  sync_directory(directory_of(file));
}

std::filesystem::path directory_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

}  // namespace sonde
