#include "oracle/run_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "oracle/file.hpp"
#include "oracle/run_record.hpp"

namespace sonde {
namespace {

constexpr std::size_t window = std::size_t{64} << 20;
constexpr long leeway = 2;  // s: file systems keep times to a second or two, hosts differ a little

// Appends at most `most` bytes; whether there may be more.
bool read_more(int file, std::string& text, std::size_t most) {
  const std::size_t before = text.size();
  text.resize(before + most);
  std::size_t got = 0;
  while (got < most) {
    const ssize_t piece = ::read(file, text.data() + before + got, most - got);
    if (piece < 0 && errno == EINTR) continue;
    if (piece <= 0) break;
    got += static_cast<std::size_t>(piece);
  }
  text.resize(before + got);
  return got == most;
}

Descriptor opened(const std::filesystem::path& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

}  // namespace

RunOutput::RunOutput(std::filesystem::path directory) : directory_(std::move(directory)) {
  struct stat facts {};
  if (::stat((directory_ / run_files::request).c_str(), &facts) == 0) begun_ = facts.st_mtim;
}

std::string RunOutput::each_window(const std::string& file,
                                   const std::function<bool(std::string_view)>& take) const {
  const Descriptor descriptor = opened(directory_ / file);
  if (!descriptor)
    return "'" + file + "' " +
           (errno == ENOENT ? "was not written" : "cannot be read (" + system_message(errno) + ")");
  struct stat facts {};
  if (::fstat(descriptor.number(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return "'" + file + "' is no regular file";
  if (facts.st_mtim.tv_sec + leeway < begun_.tv_sec)
    return "'" + file + "' is older than the run, so that this run did not write it";
  std::string text;
  const auto size = static_cast<std::size_t>(std::max<off_t>(facts.st_size, 0));
  for (bool more = true; more;) {
    more = read_more(descriptor.number(), text, std::min(window, size + 1));
    std::size_t end = text.size();
    const std::size_t line_end = more ? text.rfind('\n') : std::string::npos;
    if (line_end != std::string::npos) end = line_end + 1;
    if (!take(std::string_view(text).substr(0, end))) return "";
    text.erase(0, end);
  }
  return "";
}

std::string RunOutput::whole(const std::string& file, std::string& text) const {
  bool too_large = false;
  const std::string problem = each_window(file, [&](std::string_view piece) {
    too_large = text.size() + piece.size() > window;
    if (!too_large) text += piece;
    return !too_large;
  });
  return too_large ? "'" + file + "' has more than 64 MiB" : problem;
}

std::string RunOutput::last_line(const std::string& file) const {
  const Descriptor descriptor = opened(directory_ / file);
  std::array<char, 4096> end{};
  const off_t size = descriptor ? ::lseek(descriptor.number(), 0, SEEK_END) : 0;
  const off_t from = std::max<off_t>(size - static_cast<off_t>(end.size()), 0);
  const ssize_t got = size > 0 ? ::pread(descriptor.number(), end.data(), end.size(), from) : 0;
  std::string_view text(end.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return "";
  text = text.substr(0, last + 1);
  const std::size_t line = text.find_last_of("\r\n");
  return printable(line == std::string_view::npos ? text : text.substr(line + 1));
}

bool stays_below(const std::filesystem::path& name) {
  if (name.empty() || name.is_absolute()) return false;
  return std::none_of(name.begin(), name.end(), [](const auto& part) { return part == ".."; }) &&
         name.lexically_normal() != "." && name.native().find('\0') == std::string::npos;
}

}  // namespace sonde
