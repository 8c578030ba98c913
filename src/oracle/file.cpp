#include "oracle/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "sonde/base/error.hpp"

namespace sonde {
namespace {

// Moved up: the numbers below are handed to children as their standard streams.
Descriptor out_of_the_way(int number) {
  const Descriptor low(number);
  Descriptor high(::fcntl(number, F_DUPFD_CLOEXEC, 10));
  require<Error>(bool(high), "no file descriptor is free (", system_message(errno), ")");
  return high;
}

// Length of the UTF-8 character at the head of text, 0 where there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogate
  if (lead == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  if (lead == 0xc2 && byte(1) < 0xa0) return 0;  // C1 controls
  return length;
}

}  // namespace

void Descriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  require<Error>(::pipe2(ends.data(), O_CLOEXEC) == 0, "no pipe can be made (",
                 system_message(errno), ")");
  Pipe pipe;
  Descriptor write_end(ends[1]);
  pipe.read = out_of_the_way(ends[0]);
  pipe.write = Descriptor(::fcntl(write_end.number(), F_DUPFD_CLOEXEC, 10));
  require<Error>(bool(pipe.write), "no file descriptor is free (", system_message(errno), ")");
  return pipe;
}

std::string system_message(int error_number) {
  return std::generic_category().message(error_number);
}

void write_all(int descriptor, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    require<StoreError>(written > 0, name, ": cannot be written (", system_message(errno), ")");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::optional<std::string> read_small_file(const std::string& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!file || ::fstat(file.number(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  std::string text;
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t got = ::read(file.number(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > limit) return std::nullopt;
  }
}

void publish(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp";
  const auto told = [&](bool well) {
    require<StoreError>(well, path, ": cannot be written (", system_message(errno), ")");
  };
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666));
    told(bool(file));
    write_all(file.number(), text, path);
    told(::fsync(file.number()) == 0);
  }
  told(::rename(temporary.c_str(), path.c_str()) == 0);
  const std::size_t slash = path.rfind('/');
  sync_path(slash == std::string::npos ? "." : path.substr(0, slash));
}

void sync_path(const std::string& path) noexcept {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file) ::fsync(file.number());
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const bool control = length == 1 && (text[0] < 0x20 || text[0] == 0x7f);
    const std::string_view character = text[0] == '\t'          ? " "
                                       : length == 0 || control ? "?"
                                                                : text.substr(0, length);
    if (clean.size() + character.size() > limit) return clean + "...";
    clean += character;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

}  // namespace sonde
