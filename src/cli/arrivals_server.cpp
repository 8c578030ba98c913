#include "cli/arrivals_server.hpp"

#include <utility>

#include "base/text.hpp"
#include "cli/access.hpp"
#include "cli/exit_status.hpp"

namespace sonde::cli {
namespace {

constexpr std::size_t most_lines_a_request = 4096;
constexpr std::string_view file_scheme = "unix:";

http::ServerOptions options_of(const std::string& url) {
  if (url.starts_with(file_scheme)) return {.socket = url.substr(file_scheme.size())};
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

}  // namespace

bool is_served(const std::string& source) {
  return source.starts_with("http:") || source.starts_with("https:") ||
         source.starts_with(file_scheme);
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
  if (std::optional<http::Response> page = refused_page(request)) return *page;
  const std::optional<std::string> path = path_for_holder(request, token_);
  if (!path)
    return refused(401, "expected the header Authorization: Bearer and the campaign's token");
  if (*path != "/arrivals") return refused(404, "there is /arrivals alone");
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
