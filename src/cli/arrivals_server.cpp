#include "cli/arrivals_server.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <utility>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "cli/exit_status.hpp"
#include "run/durable.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr std::size_t most_lines_a_request = 4096;

// Of texts of one length in a time that does not tell how far they agree.
bool equal_in_secret(std::string_view a, std::string_view b) {
  unsigned differ = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    differ |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return differ == 0;
}

http::Response refused(int status, const std::string& words) {
  return {.status = status, .body = words + "\n", .headers = {}, .type = "text/plain"};
}

http::ServerOptions options_of(const std::string& url) {
  try {
    const http::Url parsed = http::parsed_url(url);
    if (!parsed.base.empty())
      throw StudyError(
          concat("stream.from: expected http://127.0.0.1:PORT without a path, got ", url));
    return {.host = parsed.host, .port = parsed.port};
  } catch (const ArgumentError& failure) {
    throw StudyError(concat("stream.from: ", failure.what()));
  }
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

}  // namespace

bool is_http(const std::string& source) {
  return source.starts_with("http:") || source.starts_with("https:");
}

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
                      ": the token cannot be made, nor read");
  require<StoreError>(facts.st_uid == ::geteuid() && (facts.st_mode & 077) == 0, file.string(),
                      ": others may read this token: remove the file, another will be made");
  std::ifstream stream(file);
  std::string token;
  stream >> token;
  require<StoreError>(token.size() == 2 * token_bytes, file.string(),
                      ": this is no token: remove the file, another will be made");
  return token;
}

ArrivalsServer::ArrivalsServer(const std::string& url, std::string token, LineQueue& into)
    : token_(std::move(token)),
      into_(into),
      server_([&] {
        try {
          return http::Server(options_of(url),
                              [this](const http::Request& request) { return respond(request); });
        } catch (const http::HttpError& failure) {
          throw StudyError(concat("stream.from: ", failure.what()));
        }
      }()),
      thread_([this](const std::stop_token& stop) {
        const std::stop_callback also(stop, [this] { stop_.request_stop(); });
        server_.serve(stop_.get_token());
      }) {
  require<StudyError>(!server_.is_public(), "stream.from: ", url,
                      " can be reached from other machines: expected one of the loopback, such as "
                      "http://127.0.0.1:8421");
}

http::Response ArrivalsServer::respond(const http::Request& request) {
  if (!http::header(request.headers, "Origin").empty())
    return refused(403, "pages of a browser are not answered");
  if (!equal_in_secret(http::header(request.headers, "Authorization"), "Bearer " + token_))
    return refused(401, "expected the header Authorization: Bearer and the campaign's token");
  if (request.path != "/arrivals") return refused(404, "there is /arrivals alone");
  if (request.method != "POST") return refused(405, "expected POST /arrivals");
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < request.body.size();) {
    const std::size_t end = std::min(request.body.find('\n', from), request.body.size());
    const std::string line(trimmed(std::string_view(request.body).substr(from, end - from)));
    if (!line.empty()) lines.push_back(line);
    from = end + 1;
  }
  if (lines.empty()) return refused(400, "expected lines of JSON, got none");
  if (lines.size() > most_lines_a_request)
    return refused(413, concat("at most ", most_lines_a_request, " lines a request"));
  const auto reply = std::make_shared<LineReply>(lines.size());
  const auto now = LineQueue::Clock::now();
  for (std::string& line : lines)
    if (!into_.add({std::move(line), now, reply}, stop_.get_token())) break;
  const std::optional<std::string> said = reply->wait(stop_.get_token());
  if (!said) return refused(503, "the campaign has ended");
  return {.status = 200, .body = *said, .headers = {}, .type = "application/jsonl"};
}

}  // namespace sonde::cli
