#include "cli/access.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "run/durable.hpp"
#include "sonde/base/error.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t token_bytes = 32;

// Of texts of one length in a time that does not tell how far they agree.
bool equal_in_secret(std::string_view a, std::string_view b) {
  unsigned differ = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return differ == 0;
}

std::string new_token() {
  std::array<unsigned char, token_bytes> bytes{};
  require<StoreError>(::getrandom(bytes.data(), bytes.size(), 0) == ssize_t{token_bytes},
                      "the system has no random numbers");
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15u];
  }
  return text;
}

// What stands behind the scheme, whose letters may be small or not (RFC 7235, section 2.1); empty
// where the scheme is another.
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer";
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return {};
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((authorization[i] | 0x20) != scheme[i]) return {};
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

}  // namespace

std::string token_in(const std::filesystem::path& file) {
  const FileDescriptor made(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (made) {
    const std::string token = new_token();
    require<StoreError>(
        ::write(made.get(), token.data(), token.size()) == static_cast<ssize_t>(token.size()),
        file.string(), ": the token cannot be written");
    return token;
  }
  struct stat facts {};
  require<StoreError>(::lstat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode), file.string(),
                      ": the token cannot be made, nor read: expected a file of its own, no link. "
                      "Remove it, another will be made");
  require<StoreError>(facts.st_uid == ::geteuid() && (facts.st_mode & 077) == 0, file.string(),
                      ": others may read this token: remove the file, another will be made");
  std::ifstream stream(file);
  std::string token;
  stream >> token;
  require<StoreError>(token.size() == 2 * token_bytes &&
                          token.find_first_not_of("0123456789abcdef") == std::string::npos,
                      file.string(), ": this is no token: remove the file, another will be made");
  return token;
}

std::optional<std::string> path_for_holder(const http::Request& request, std::string_view token) {
  if (equal_in_secret(bearer_of(http::header(request.headers, "Authorization")), token))
    return request.path;
  const std::string_view path = request.path;
  const std::size_t end = path.find('/', 1);
  if (path.empty() || end == std::string_view::npos) return std::nullopt;
  if (!equal_in_secret(path.substr(1, end - 1), token)) return std::nullopt;
  return std::string(path.substr(end));
}

std::optional<http::Response> refused_page(const http::Request& request) {
  if (http::header(request.headers, "Origin").empty()) return std::nullopt;
  return refused(403, "pages of a browser are not answered");
}

http::Response refused(int status, const std::string& words) {
  return {.status = status, .body = words + "\n", .headers = {}, .type = "text/plain"};
}

}  // namespace sonde::cli
