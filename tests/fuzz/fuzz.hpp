#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// What the fuzzed programs share: each calls one reader of texts that somebody else wrote with
/// whatever bytes the fuzzer makes up, and stops where what it promises does not hold.
namespace sonde::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void expect(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", promise);
  std::abort();
}

/// Takes the text up to the first newline away from its beginning.
inline std::string_view first_line_of(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// A directory of this process in memory, where there is such a place.
inline std::filesystem::path scratch() {
  static const std::filesystem::path made = [] {
    const std::filesystem::path shared = "/dev/shm";
    std::string name =
        ((std::filesystem::is_directory(shared) ? shared : std::filesystem::temp_directory_path()) /
         "sonde-fuzz-XXXXXX")
            .string();
    if (!::mkdtemp(name.data())) std::abort();
    static const std::string kept = name;
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(kept, ignored);
    });
    return std::filesystem::path(name);
  }();
  return made;
}

inline void write(const std::filesystem::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace sonde::fuzz
