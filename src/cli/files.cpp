#include "cli/files.hpp"

#include <fstream>
#include <iterator>

#include "cli/exit_status.hpp"
#include "run/durable.hpp"

namespace sonde::cli {

void write_file(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path temporary = file.string() + ".new";
  {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    if (!stream) throw_errno(file, "cannot be written");
  }
  replace_file(temporary, file);
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  require<UsageError>(stream.good() && !std::filesystem::is_directory(file), file.string(),
                      ": the file cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace sonde::cli
