#pragma once

#include <filesystem>
#include <string>
#include <utility>

namespace sonde {

/// An open file; closed with it.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor();
  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

/// Takes the only lock for writing on an open file, by flock; false where another process has it
/// for more than a moment: one who only looks whether it is taken holds it that long. \throws
/// StoreError where the file system gives none.
bool lock_to_write(const FileDescriptor& opened, const std::filesystem::path& file);
/// Whether another process has that lock now.
bool locked_by_another(const std::filesystem::path& file);

/// "`what` `file`: reason of errno". \throws StoreError, always
[[noreturn]] void throw_errno(const std::filesystem::path& file, const std::string& what);

/// Makes names that were created or renamed in this directory survive a power cut.
void sync_directory(const std::filesystem::path& directory);

/// Makes the content of a closed file survive a power cut.
void sync_file(const std::filesystem::path& file);

/// Syncs `temporary` and renames it to `file`, which is thus at every moment absent, old or new.
void replace_file(const std::filesystem::path& temporary, const std::filesystem::path& file);

/// The directory a file lies in, never empty.
std::filesystem::path directory_of(const std::filesystem::path& file);

}  // namespace sonde
