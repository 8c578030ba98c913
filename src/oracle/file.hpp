#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Files and descriptors, as the process oracle and its supervisor use them. No Eigen here: the
/// supervisor is to start fast.
namespace sonde {

/// A file descriptor that is closed when it goes away.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

/// Both ends closed on exec, numbered from 10 on, so that they are in nobody's way.
/// \throws Error
Pipe make_pipe();

/// "No such file or directory" for ENOENT.
std::string system_message(int error_number);

/// \throws Error where not all can be written.
void write_all(int descriptor, std::string_view text, const std::string& name);

/// The text of a regular file of at most `limit` bytes, or nothing. Never blocks on a FIFO.
std::optional<std::string> read_small_file(const std::string& path, std::size_t limit = 1u << 26);

/// Replaces the file at `path` as one step: temporary file, fsync, rename, fsync of its folder.
/// After a crash it is the old one or the new one, whole. \throws Error
void publish(const std::string& path, std::string_view text);

/// Puts a file, or a folder's list of names, on the disk; what is absent is passed over.
void sync_path(const std::string& path) noexcept;

/// At most `limit` bytes of one line that may be shown on a terminal or in a message: control
/// characters and what is no UTF-8 become '?'.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace sonde
